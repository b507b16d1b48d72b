package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/figures"
	"github.com/sebs-go/sebs/harness/stats"
)

// The files of a cell that are recorded.
const (
	cellFile        = "cell.json"
	invocationsFile = "invocations.jsonl"
	usageFile       = "usage.jsonl"
	outputFile      = "output.txt"
	seriesPrefix    = "series-" // then the name and .jsonl
)

// Header is cell.json: what is known of a cell besides its name and records. It
// is written before the first call, and again when the cell has ended.
type Header struct {
	Place       int           `json:"place"`             // in the order of the run's cells, from 1
	Concurrency int           `json:"concurrency"`       // calls at once
	Samples     int           `json:"samples,omitempty"` // invocations that count at which sampling was to end, the rule's bound; 0: no rule
	Package     string        `json:"package_digest"`
	PackageSize int64         `json:"package_bytes"`
	Target      driver.Target `json:"target,omitzero"`   // where it was called
	Metered     bool          `json:"metered,omitempty"` // the platform tells usage after answers too
	End         *End          `json:"end,omitempty"`     // nil: it runs, or was killed
}

// End says how a cell ended.
type End struct {
	Stopped    string  `json:"stopped"`                // why sampling ended
	Told       bool    `json:"told,omitempty"`         // the table says so too
	Stuck      bool    `json:"stuck,omitempty"`        // it ended because calls failed the same way each time
	MeasuredS  float64 `json:"measured_s"`             // how long calls were under way
	Looks      []int   `json:"looks,omitempty"`        // observations there were whenever the rule looked at the interval
	ColdSingle int     `json:"cold_singles,omitempty"` // single calls of a warm cell that do not count because they were cold
}

// Cell is a cell of a run that is read. Its methods read its files each time,
// and may be called concurrently.
type Cell struct {
	Experiment string // the test
	Function   Name
	Condition  Name
	Repeated   int    // how often the same cell ran before in the run (-count)
	Path       string // of its folder in the run's, with slashes

	fsys     fs.FS // the run's folder
	format   int
	finished bool // the run was: no line of its files can be torn
	header   Header
}

// repeated is what a folder's name ends in when a cell of a run is measured again.
var repeated = regexp.MustCompile(`#([1-9][0-9]{0,8})$`)

// newCell returns the cell in a folder, nil of one that was killed before it had
// begun.
func newCell(fsys fs.FS, dir string, m *Manifest) (*Cell, error) {
	parts := strings.Split(dir, "/")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s: want experiment/function/condition", dir)
	}
	c := &Cell{Experiment: parts[0], Path: dir, fsys: fsys, format: m.Format, finished: !m.Finished.IsZero()}
	condition := parts[2]
	if found := repeated.FindStringSubmatch(condition); found != nil {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		c.Repeated, condition = n-1, strings.TrimSuffix(condition, found[0])
	}
	var err error
	if c.Function, err = parseName(parts[1]); err != nil {
		return nil, fmt.Errorf("%s: the name of a function: %w", dir, err)
	}
	if c.Condition, err = parseName(condition); err != nil {
		return nil, fmt.Errorf("%s: the name of a condition: %w", dir, err)
	}
	records, err := fs.Stat(fsys, path.Join(dir, invocationsFile))
	if err != nil {
		return nil, fmt.Errorf("%w: the cell's records are gone: restore the file from a copy, or move the folder %s away", err, dir)
	}
	if err := c.readHeader(m); errors.Is(err, fs.ErrNotExist) && records.Size() == 0 && m.Finished.IsZero() {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return c, nil
}

// readHeader reads cell.json, or what format 1 had in its place.
func (c *Cell) readHeader(m *Manifest) error {
	name := path.Join(c.Path, cellFile)
	data, err := fs.ReadFile(c.fsys, name)
	if errors.Is(err, fs.ErrNotExist) && m.Format == 1 {
		c.header, err = c.oldHeader(m)
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: the cell cannot be reported without it: restore it from a copy, or move the folder %s away", err, c.Path)
	}
	h := &c.header
	if err = json.Unmarshal(data, h); err == nil && (h.Place < 1 || h.Concurrency < 1 || h.Samples < 0) {
		err = fmt.Errorf("place %d and concurrency %d are to be 1 or more, samples %d not below 0", h.Place, h.Concurrency, h.Samples)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: it is damaged: restore it from a copy, or move the folder %s away", name, err, c.Path)
	}
	return nil
}

// Invocations returns the records of the cell, in order, with what the platform
// told of them later. A last line without an end, of a run that was killed while
// it wrote it, is left out; an error ends the sequence.
func (c *Cell) Invocations() iter.Seq2[Invocation, error] { return c.invocations(&decoder{}) }

func (c *Cell) invocations(d *decoder) iter.Seq2[Invocation, error] {
	return func(yield func(Invocation, error) bool) {
		var v Invocation
		if err := c.each(d, func(bool) bool { return yield(v, nil) }, &v); err != nil {
			yield(Invocation{}, err)
		}
	}
}

// each decodes one record after another into v, and calls next for each, with
// whether its usage is known, until that returns false.
func (c *Cell) each(d *decoder, next func(known bool) bool, v *Invocation) error {
	later, err := c.openLater()
	if err != nil {
		return err
	}
	defer later.close()
	return c.records(d, v, func() (bool, error) {
		told, err := later.of(v.Sequence)
		if err != nil {
			return false, err
		}
		known := told != nil || c.told(v)
		v.Usage = merged(v.Usage, told)
		return next(known), nil
	})
}

// records decodes one record after another into v, and calls next for each, until
// that returns false or an error. It refuses records that no run writes.
func (c *Cell) records(d *decoder, v *Invocation, next func() (bool, error)) error {
	before := -1
	return c.lines(invocationsFile, func(line []byte) (bool, error) {
		if err := d.decode(line, v); err != nil {
			return false, err
		}
		if v.Sequence < 0 || v.Client < 0 {
			return false, fmt.Errorf("seq %d or client_ns %d is below 0", v.Sequence, v.Client)
		}
		if v.Sequence <= before {
			return false, fmt.Errorf("seq %d is not after seq %d", v.Sequence, before)
		}
		before = v.Sequence
		return next()
	})
}

func (c *Cell) lines(name string, next func(line []byte) (bool, error)) error {
	return eachLine(c.fsys, path.Join(c.Path, name), !c.finished, next)
}

// ReadInvocations reads a file of records, in order, as [Cell.Invocations] does,
// but for what the platform told later. With an error it returns those before it.
func ReadInvocations(fsys fs.FS, name string) ([]Invocation, error) {
	var all []Invocation
	var d decoder
	err := eachLine(fsys, name, true, func(line []byte) (bool, error) {
		var v Invocation
		if err := d.decode(line, &v); err != nil {
			return false, err
		}
		all = append(all, v)
		return true, nil
	})
	return all, err
}

// eachLine calls next for each line of a file, until it returns false or an error,
// which gets the place. A last line that may be torn, by a kill, and is, is left
// out.
func eachLine(fsys fs.FS, name string, mayBeTorn bool, next func(line []byte) (bool, error)) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := newLineReader(f)
	for n := 1; ; n++ {
		line, whole, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s:%d: %w", name, n, err)
		case mayBeTorn && !whole && !json.Valid(line):
			return nil
		}
		more := false
		if err = errEmpty; len(line) > 0 {
			more, err = next(line)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w: the line is damaged: restore the file from a copy, or delete the line", name, n, err)
		}
		if !more {
			return nil
		}
	}
}

var errEmpty = errors.New("the line is empty")

// Sample returns the numbers of a metric, of the invocations that count, with
// their batches and how sampling ended: for package stats.
func (c *Cell) Sample(metric string) (stats.Sample, error) {
	s, err := c.values()
	if err != nil {
		return stats.Sample{}, err
	}
	sample := s.columns[metric].sample(nil)
	sample.Ending = c.ending(s)
	if s.tally.Counted == 0 {
		return sample, fmt.Errorf("%s: no metric %q: none of %s has counted yet", c.Path, metric, figures.Plural(s.tally.Attempts, "call"))
	}
	if sample.Values == nil {
		return sample, fmt.Errorf("%s: no metric %q; there are %s", c.Path, metric, strings.Join(s.metrics(), ", "))
	}
	return sample, nil
}

// values reads the records for statistics.
func (c *Cell) values() (*values, error) {
	s := newValues()
	var v Invocation
	err := c.each(&decoder{numbers: true}, func(known bool) bool {
		s.add(&v)
		if v.OK && known {
			s.used++
		}
		return true
	}, &v)
	return s, err
}

// Series returns the names of the cell's series, sorted.
func (c *Cell) Series() ([]string, error) {
	entries, err := fs.ReadDir(c.fsys, c.Path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutPrefix(e.Name(), seriesPrefix); ok {
			if name, ok = strings.CutSuffix(name, ".jsonl"); ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// Rows returns the rows of a series, in order. An error ends the sequence.
func (c *Cell) Rows(series string) iter.Seq2[map[string]float64, error] {
	return func(yield func(map[string]float64, error) bool) {
		err := c.lines(seriesPrefix+series+".jsonl", func(line []byte) (bool, error) {
			row, err := parseRow(line)
			return err == nil && yield(row, nil), err
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// parseRow parses a line of a series.
func parseRow(line []byte) (map[string]float64, error) {
	var values map[string]*float64
	if err := json.Unmarshal(line, &values); err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, errors.New("the row has no numbers")
	}
	row := make(map[string]float64, len(values))
	for key, x := range values {
		if x == nil {
			return nil, fmt.Errorf("%s is null, not a number", quoted(key))
		}
		row[key] = *x
	}
	return row, nil
}

// rows counts the rows of each series.
func (c *Cell) rows() (map[string]int, error) {
	names, err := c.Series()
	if err != nil {
		return nil, err
	}
	all := make(map[string]int, len(names))
	for _, name := range names {
		err := c.lines(seriesPrefix+name+".jsonl", func(line []byte) (bool, error) {
			all[name]++
			_, err := parseRow(line)
			return true, err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
