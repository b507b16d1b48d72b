package results

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// writeCell writes a file that is computed of what a cell recorded.
type writeCell func(w *bufio.Writer, c *Cell, v *values, s *Summary) error

// writeRun writes a file that is computed of a run, after those of its cells.
type writeRun func(w *bufio.Writer, fsys fs.FS, m *Manifest, cells []*Summary) error

// outputs are the files that are computed, by name. Each is in the Go file that
// adds it, and depends on no other but for those of cells on which one of the
// run may.
var outputs = struct {
	cell map[string]writeCell
	run  map[string]writeRun
}{map[string]writeCell{}, map[string]writeRun{}}

// addCellOutput and addRunOutput add an output of each cell, or of each run.
func addCellOutput(name string, write writeCell) bool {
	outputs.cell[name] = write
	return true
}

func addRunOutput(name string, write writeRun) bool {
	outputs.run[name] = write
	return true
}

// Report makes all that is computed of a run's folder again, and returns its
// table, also where it cannot write. The same folder gives the same bytes. A
// run that is under way overwrites them as it ends. If a cell cannot be read the
// table is of the others, and the run's own files stay as they are.
func Report(folder string) (table string, err error) {
	r, err := Open(os.DirFS(folder))
	if r == nil {
		return "", fmt.Errorf("%s: %w", folder, err)
	}
	whole := err == nil
	errs := []error{err}
	var cells []*Summary
	for _, c := range r.Cells {
		s, err := c.report(folder)
		errs = append(errs, err)
		if s != nil {
			cells = append(cells, s)
		}
		whole = whole && s != nil
	}
	for _, function := range functions(cells) { // the table says it too
		_, err := function.rows()
		errs = append(errs, err)
	}
	if err := r.prepare(cells); err != nil {
		errs = append(errs, err)
	}
	if whole {
		errs = append(errs, WriteOutputs(folder, &r.Manifest, cells))
	} else {
		errs = append(errs, fmt.Errorf("the run's %s and %s are left as they were, since a cell is missing", summaryFile, benchFile))
	}
	if err := reported(errs); err != nil {
		return Table(&r.Manifest, cells), fmt.Errorf("%s: %w", folder, err)
	}
	return Table(&r.Manifest, cells), nil
}

// reported joins the errors of a report. Of those of a folder that cannot be
// written it keeps the first, since the others are the same, with a remedy for
// folders of results that exist.
func reported(errs []error) error {
	var kept []error
	seen := false
	for _, err := range errs {
		var disk *Error
		if errors.As(err, &disk) {
			if seen {
				continue
			}
			seen = true
			err = fmt.Errorf("%w: make the folder writable and free space, or report a copy of it", disk.Err)
		}
		kept = append(kept, err)
	}
	return errors.Join(kept...)
}

// prepare completes the manifest of a run that did not end, or is of format 1,
// with what its table is to say.
func (r *Run) prepare(cells []*Summary) error {
	if r.Manifest.Format == 1 {
		var err error
		r.Manifest.Remarks, err = oldRemarks(r.fsys, Table(&r.Manifest, cells))
		return err
	}
	return nil
}

// WriteOutputs writes what is computed of a run whose cells have written theirs,
// in the order of cells.
func WriteOutputs(folder string, m *Manifest, cells []*Summary) error {
	fsys := regular{os.DirFS(folder)}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(outputs.run)) {
		errs = append(errs, stream(filepath.Join(folder, name), func(w *bufio.Writer) error { return outputs.run[name](w, fsys, m, cells) }))
	}
	return errors.Join(errs...)
}

// report computes a cell's files and writes them in the run's folder. The
// summary is there whenever it could be computed.
func (c *Cell) report(folder string) (*Summary, error) {
	v, err := c.values()
	if err != nil {
		return nil, err
	}
	s, err := c.summary(v)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(outputs.cell)) {
		path := filepath.Join(folder, filepath.FromSlash(c.Path), name)
		errs = append(errs, stream(path, func(w *bufio.Writer) error { return outputs.cell[name](w, c, v, s) }))
	}
	return s, errors.Join(errs...)
}
