package results

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// Run is a run that is read.
type Run struct {
	Manifest Manifest
	Cells    []*Cell // in the order of the run's cells

	fsys fs.FS
}

// Open reads the folder of a run: its manifest, and which cells it has. It
// refuses a folder of another program or of a newer format.
func Open(fsys fs.FS) (*Run, error) {
	m, err := readManifest(fsys)
	if err != nil {
		return nil, err
	}
	r := &Run{Manifest: m, fsys: fsys}
	files, err := fs.Glob(fsys, "*/*/*/"+invocationsFile)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, file := range files {
		c, err := newCell(fsys, path.Dir(file), &m)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.Cells = append(r.Cells, c)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if m.Format == 1 {
		return r, r.oldOrder()
	}
	slices.SortStableFunc(r.Cells, func(a, b *Cell) int {
		return cmp.Or(cmp.Compare(a.header.Place, b.header.Place), cmp.Compare(a.Path, b.Path))
	})
	return r, nil
}

// Cell returns the cell of an experiment, a function and a condition, as
// measured last.
func (r *Run) Cell(experiment, function, condition string) (*Cell, error) {
	for _, c := range slices.Backward(r.Cells) {
		if c.Experiment == experiment && c.Function.String() == function && c.Condition.String() == condition {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no cell %s/%s/%s", experiment, function, condition)
}
