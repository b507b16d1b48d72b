// Package results owns what runs write: the schema, writing it, reading it, and
// computing statistics, tables and benchmark files of it. README.md in the
// module's folder results describes every file.
//
// What happened is recorded once, as it happens: run.json, and for each cell
// cell.json, a line of invocations.jsonl for each call, and the rows of series.
// All else (summary.json, bench.txt, summary.txt) is computed of these files,
// while a run ends as well as later, by the same code: [Report] makes them again
// for any run, with the same bytes, and so does the command
//
//	go run github.com/sebs-go/sebs/harness/results/report results/<run>
//
// [Open] reads a run, of this format or an older one, from any file system. A
// last line without an end, of a run that was killed while it wrote it, is left
// out; whatever else is damaged is an error that names file and line. What is
// computed of a run stays as it was while one of its cells cannot be read.
//
// A file that is to be computed of each cell or run besides these is one Go file
// here, which calls addCellOutput or addRunOutput.
//
// The package refuses to change what was recorded, and to compare runs: that is
// for benchstat and package stats.
package results
