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
// refuses a folder of another program or of a newer format, and files that are no
// regular ones. If it refuses cells alone, the run with the others is there besides
// the error.
func Open(fsys fs.FS) (*Run, error) {
	fsys = regular{fsys}
	m, err := readManifest(fsys)
	if err != nil {
		return nil, err
	}
	r := &Run{Manifest: m, fsys: fsys}
	dirs, err := cellFolders(fsys)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, dir := range dirs {
		c, err := newCell(fsys, dir, &m)
		errs = append(errs, err)
		if c != nil {
			r.Cells = append(r.Cells, c)
		}
	}
	if m.Format == 1 {
		return r, errors.Join(append(errs, r.oldOrder())...)
	}
	slices.SortStableFunc(r.Cells, func(a, b *Cell) int {
		return cmp.Or(cmp.Compare(a.header.Place, b.header.Place), cmp.Compare(a.Path, b.Path))
	})
	return r, errors.Join(errs...)
}

// cellFolders returns the folders that have a file which proves that they are
// cells', sorted.
func cellFolders(fsys fs.FS) ([]string, error) {
	var dirs []string
	for _, name := range []string{cellFile, invocationsFile, statisticsFile} {
		files, err := fs.Glob(fsys, "*/*/*/"+name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			dirs = append(dirs, path.Dir(file))
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), nil
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
