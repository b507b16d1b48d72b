package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
)

// NotEnded is summary.txt until the run has ended.
const NotEnded = `the run has not ended: it is still running, or it was killed

The calls that were made are in the invocations.jsonl of each cell: make report
(the command harness/results/report) makes the table of them. After a kill, make
sweep (the test that calls harness.Sweep) removes what is left.
`

// Begin writes what a run's folder has from the beginning.
func Begin(folder string, m *Manifest) error {
	return errors.Join(WriteFile(filepath.Join(folder, summaryFile), []byte(NotEnded)), m.Write(folder))
}

// Write writes run.json.
func (m *Manifest) Write(folder string) error {
	return WriteJSON(filepath.Join(folder, ManifestFile), m)
}

// Recorder writes what happens in a cell. Its methods may be called
// concurrently, but for End.
type Recorder struct {
	*Cell
	Dir string // of the cell

	folder  string // of the run
	records *Lines

	mu      sync.Mutex // of what follows
	rows    Rows
	outputs int // in output.txt
}

// CreateCell creates a cell's folder in that of a run. The same cell again gets
// a folder of its own.
func CreateCell(folder, experiment string, function, condition Name, h Header) (*Recorder, error) {
	for n := 1; ; n++ {
		name := condition.String()
		if n > 1 {
			name = fmt.Sprintf("%s#%d", name, n)
		}
		at := path.Join(experiment, function.String(), name)
		r := &Recorder{
			Cell: &Cell{
				Experiment: experiment, Function: function, Condition: condition, Repeated: n - 1, Path: at,
				fsys: os.DirFS(folder), format: Format, header: h,
			},
			Dir: filepath.Join(folder, filepath.FromSlash(at)), folder: folder,
		}
		if err := os.MkdirAll(filepath.Dir(r.Dir), 0o755); err != nil {
			return nil, &Error{err}
		}
		if err := os.Mkdir(r.Dir, 0o755); errors.Is(err, os.ErrExist) && n <= 1000 {
			continue
		} else if err != nil {
			return nil, &Error{err}
		}
		r.rows.dir = r.Dir
		var err error
		if r.records, err = CreateLines(filepath.Join(r.Dir, invocationsFile)); err != nil {
			return nil, err
		}
		// Where cell.json is, records are, and what was killed between has neither.
		return r, r.writeHeader()
	}
}

func (r *Recorder) writeHeader() error { return WriteJSON(filepath.Join(r.Dir, cellFile), r.header) }

// Record hands the records of calls to the kernel, all of them or none.
func (r *Recorder) Record(all ...*Invocation) error {
	return r.records.Write(func(b []byte) []byte {
		for _, v := range all {
			b = v.AppendJSON(b)
		}
		return b
	})
}

// Rest gives up files until the next record.
func (r *Recorder) Rest() error { return r.records.Rest() }

// Row adds a row to a series of the cell.
func (r *Recorder) Row(series string, row map[string]float64) error { return r.rows.Add(series, row) }

// SoFar returns the statistics of what was recorded so far, given how the cell
// would end now.
func (r *Recorder) SoFar(end End) (*Summary, error) { return r.ended(end).Summary() }

// ended returns the cell as if it had ended.
func (r *Recorder) ended(end End) *Cell {
	c := *r.Cell
	c.header.End = &end
	return &c
}

// End closes the cell's files and writes what is computed of them. The summary
// is there whenever it could be computed.
func (r *Recorder) End(end End) (*Summary, error) {
	errs := []error{r.records.Rest(), r.rows.Close()}
	r.Cell = r.ended(end)
	errs = append(errs, r.writeHeader())
	s, err := r.report(r.folder)
	return s, errors.Join(append(errs, err)...)
}

// BuildLog keeps the log of the build of the cell's package.
func (r *Recorder) BuildLog(text string) error {
	return WriteFile(filepath.Join(r.Dir, "build.log"), []byte(text))
}

// What is kept of the output of sandboxes that ended without an answer.
const (
	mostOutputs = 20       // of a cell
	outputBytes = 64 << 10 // of each, its end
)

// Output keeps what the sandbox of a failed call printed, if it did, in a file
// that exists once there is something in it.
func (r *Recorder) Output(v *Invocation, text string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text == "" || r.outputs == mostOutputs {
		return nil
	}
	r.outputs++
	if len(text) > outputBytes {
		text = text[len(text)-outputBytes:]
	}
	f, err := os.OpenFile(filepath.Join(r.Dir, outputFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return &Error{err}
	}
	_, err = fmt.Fprintf(f, "=== seq %d, request %s, %s: %s\n%s\n", v.Sequence, v.Request, v.Cause, v.Detail, strings.TrimRight(plain.Text(text), "\n"))
	if err = errors.Join(err, f.Close()); err != nil {
		return &Error{err}
	}
	return nil
}

// Outputs returns where the outputs are, empty if there are none.
func (r *Recorder) Outputs() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outputs == 0 {
		return ""
	}
	return filepath.Join(r.Dir, outputFile)
}

// Report computes and writes the summary again, after the platform told more of
// the cell's calls.
func (r *Recorder) Report() (*Summary, error) { return r.report(r.folder) }

// AskUsage is [Cell.AskUsage] of a cell that has ended.
func (r *Recorder) AskUsage(ask func([]driver.MeteredCall) iter.Seq2[driver.Usage, error]) (found, missing int, err error) {
	return r.Cell.AskUsage(r.folder, ask)
}

// Rows writes the series in a folder, of a cell or of a function. It is safe for
// concurrent use.
type Rows struct {
	dir string

	mu     sync.Mutex
	series map[string]*Lines
}

// FunctionRows returns what writes the series of a function, about several of its
// cells.
func FunctionRows(folder, experiment string, function Name) *Rows {
	return &Rows{dir: filepath.Join(folder, experiment, function.String())}
}

var seriesName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// checkRow says what is wrong with a row of a series.
func checkRow(series string, row map[string]float64) error {
	if !seriesName.MatchString(series) {
		return fmt.Errorf("series %q: a name has letters, digits and any of . _ -, a letter or digit first, 64 at most", series)
	}
	if len(row) == 0 {
		return fmt.Errorf("series %s: the row has no numbers", series)
	}
	for key, x := range row {
		if !measurementKey.MatchString(key) {
			return fmt.Errorf("series %s: key %s: name the number, with its unit, as rtt_us: a letter, then at most 63 letters, digits, '_', '.' or '-', all of ASCII", series, quoted(key))
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("series %s: %s is %v, which JSON does not have: leave the key out where there is no number", series, key, x)
		}
	}
	return nil
}

// Add adds a row to a series: its name has letters, digits, dots, dashes and
// underscores; keys begin with a letter, are otherwise such names too, and are
// written in alphabetical order; numbers are finite.
func (r *Rows) Add(series string, row map[string]float64) error {
	if err := checkRow(series, row); err != nil {
		return err
	}
	data, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("series %s: %w", series, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	file := r.series[series]
	if file == nil {
		if file, err = r.create(series); err != nil {
			return err
		}
		if r.series == nil {
			r.series = map[string]*Lines{}
		}
		r.series[series] = file
	}
	return file.Write(func(b []byte) []byte { return append(append(b, data...), '\n') })
}

// create creates the file of a series. The same series again, of an experiment
// that is repeated, gets one of its own.
func (r *Rows) create(series string) (*Lines, error) {
	for n := 1; ; n++ {
		name := seriesPrefix + series
		if n > 1 {
			name += fmt.Sprintf("#%d", n)
		}
		file, err := CreateLines(filepath.Join(r.dir, name+".jsonl"))
		if !errors.Is(err, os.ErrExist) || n > 1000 {
			return file, err
		}
	}
}

// Close closes the files.
func (r *Rows) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, file := range r.series {
		errs = append(errs, file.Rest())
	}
	return errors.Join(errs...)
}
