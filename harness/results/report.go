package results

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// cellOutput is a file that is computed of what a cell recorded.
type cellOutput struct {
	name  string
	write func(w *bufio.Writer, c *Cell, v *values, s *Summary) error
}

// cellOutputs are the files that are computed of each cell.
var cellOutputs = []cellOutput{
	{"summary.json", writeSummary},
	{benchFile, writeBench},
}

// runOutput is a file that is computed of a run, after those of its cells.
type runOutput struct {
	name  string
	write func(w *bufio.Writer, fsys fs.FS, m *Manifest, cells []*Summary) error
}

// runOutputs are the files that are computed of each run.
var runOutputs = []runOutput{
	{summaryFile, writeTable},
	{benchFile, writeRunBench},
}

// Report makes all that is computed of a run's folder again, and returns its
// table, also where it cannot write. The same folder gives the same bytes. A
// run that is under way overwrites them as it ends.
func Report(folder string) (table string, err error) {
	r, err := Open(os.DirFS(folder))
	if err != nil {
		return "", fmt.Errorf("%s: %w", folder, err)
	}
	var cells []*Summary
	var errs []error
	for _, c := range r.Cells {
		s, err := c.report(folder)
		errs = append(errs, err)
		if s != nil {
			cells = append(cells, s)
		}
	}
	if err := r.prepare(cells); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, WriteOutputs(folder, &r.Manifest, cells))
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
	fsys := os.DirFS(folder)
	var errs []error
	for _, o := range runOutputs {
		errs = append(errs, stream(filepath.Join(folder, o.name), func(w *bufio.Writer) error { return o.write(w, fsys, m, cells) }))
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
	for _, o := range cellOutputs {
		path := filepath.Join(folder, filepath.FromSlash(c.Path), o.name)
		errs = append(errs, stream(path, func(w *bufio.Writer) error { return o.write(w, c, v, s) }))
	}
	return s, errors.Join(errs...)
}
