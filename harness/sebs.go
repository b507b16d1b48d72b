package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/inputpy"
)

// SeBS makes a benchmark of a folder written for SeBS: one with config.json and
// input.py, and a folder for each language.
//
// fsys is such a folder on disk, as os.DirFS, or one of its parents' file
// systems under fs.Sub, gives it; the benchmark has the folder's name. A file
// system that is not on disk, as embed.FS, holds the folder instead, as the
// only one with the two files.
//
// SEBS_BENCHMARKS lists such folders, or trees with such folders at most three
// levels below, as a checkout of SeBS is.
//
// input.py is executed by python3 with the rights of the user; so are init.sh
// and package.sh when the benchmark is built. It is executed here for the first
// time, to see what storage it declares, which adds to the modules that
// config.json names. What it raises, and a missing python3, is the error of
// Input, not of SeBS.
//
// Its data_dir is the benchmark's folder in the checkout of SeBS's data
// repository that SEBS_DATA names, or in the one beside the folder, as in a
// checkout of SeBS; otherwise the folder's own data, if it has that.
//
// Check calls validate_output, where there is one, with each language of
// config.json until one accepts the output, since what is right may differ
// between languages in the last digits. Without validate_output every JSON
// value is right.
func SeBS(fsys fs.FS) (Benchmark, error) {
	files, name, dir, err := sebsFolder(fsys)
	if err != nil {
		return Benchmark{}, fmt.Errorf("folder of SeBS: %w", err)
	}
	return newSeBS(files, name, dir)
}

// sebsFolder returns the benchmark's files, its name, and its folder if it is
// on disk.
func sebsFolder(fsys fs.FS) (files fs.FS, name, dir string, err error) {
	root, err := fsys.Open(".")
	if err != nil {
		return nil, "", "", err
	}
	defer root.Close()
	if f, ok := root.(*os.File); ok {
		dir, err := filepath.Abs(f.Name())
		if err != nil {
			return nil, "", "", err
		}
		if missing := missingFiles(fsys); missing != nil {
			return nil, "", "", fmt.Errorf("%s: %w: a folder of SeBS has config.json and input.py", dir, missing)
		}
		return fsys, filepath.Base(dir), dir, nil
	}
	if missingFiles(fsys) == nil {
		return nil, "", "", errors.New("the file system has no name for the benchmark: pass os.DirFS of the folder, or a file system that holds the folder")
	}
	var found []string
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, "", "", err
	}
	for _, entry := range entries {
		sub, err := fs.Sub(fsys, entry.Name())
		if err == nil && entry.IsDir() && missingFiles(sub) == nil {
			files = sub
			found = append(found, entry.Name())
		}
	}
	if len(found) != 1 {
		return nil, "", "", fmt.Errorf("found %d folders with config.json and input.py %q: want one", len(found), found)
	}
	return files, found[0], "", nil
}

// missingFiles returns nil if the file system is a folder of SeBS.
func missingFiles(fsys fs.FS) error {
	for _, name := range []string{"config.json", "input.py"} {
		if _, err := fs.Stat(fsys, name); err != nil {
			return err
		}
	}
	return nil
}

// sebsName is what a benchmark's folder may be called: it becomes part of the
// names of functions, tables and objects.
var sebsName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`)

const (
	describeLimit = time.Minute // of the first execution of an input.py
	checkLimit    = time.Minute // of a call of validate_output
	idle          = time.Second // after which a session without a check ends
)

// newSeBS makes a benchmark of a folder; dir is empty if it is not on disk.
func newSeBS(files fs.FS, name, dir string) (Benchmark, error) {
	if !sebsName.MatchString(name) {
		return Benchmark{}, fmt.Errorf("benchmark %q: a folder's name has letters, digits and any of . _ -, 64 at most: rename it", name)
	}
	config, err := ReadConfig(files)
	if err != nil {
		return Benchmark{}, fmt.Errorf("benchmark %s: %w", name, err)
	}
	data, err := sebsData(name, dir)
	if err != nil {
		return Benchmark{}, fmt.Errorf("benchmark %s: %w", name, err)
	}
	b := &sebs{folder: inputpy.Folder{Name: name, Dir: dir, Files: files, Data: data}}
	b.checks = checks{folder: b.folder, turn: make(chan struct{}, 1)}
	b.checks.folder.Limit = checkLimit
	for _, l := range config.Languages {
		b.languages = append(b.languages, l.Name)
	}
	b.declared, b.broken = b.describe()
	if files, err = b.addModules(files, config.Modules); err != nil {
		return Benchmark{}, fmt.Errorf("benchmark %s: %w", name, err)
	}
	return Benchmark{Name: name, Files: files, Input: b.input, Check: b.check}, nil
}

// sebs is a benchmark of a folder written for SeBS.
type sebs struct {
	folder    inputpy.Folder
	languages []string
	declared  inputpy.Description
	broken    error // why declared is empty
	checks    checks
}

// describe executes input.py to see what it declares.
func (b *sebs) describe() (inputpy.Description, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), describeLimit,
		fmt.Errorf("input.py was not imported within %v", describeLimit))
	defer cancel()
	session, err := b.folder.Start(ctx)
	if err != nil {
		return inputpy.Description{}, err
	}
	d, err := session.Describe(ctx)
	return d, errors.Join(err, session.Close())
}

// addModules returns the files with the modules in config.json that input.py
// needs, if it lacks any.
func (b *sebs) addModules(files fs.FS, modules []driver.Module) (fs.FS, error) {
	all := slices.Clone(modules)
	if b.declared.Inputs+b.declared.Outputs > 0 {
		all = append(all, driver.Storage)
	}
	if len(b.declared.Tables) > 0 {
		all = append(all, driver.NoSQL)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if slices.Equal(all, modules) {
		return files, nil
	}
	data, err := fs.ReadFile(files, "config.json")
	if err != nil {
		return nil, err
	}
	data, err = withModules(data, all)
	return &reconfigured{FS: files, config: data}, err
}

// input prepares buckets and tables and calls generate_input.
func (b *sebs) input(ctx context.Context, size Size, store *Store) (payload any, err error) {
	if b.broken != nil {
		return nil, b.broken
	}
	h := &host{store: store, declared: b.declared}
	if err := h.prepare(ctx); err != nil {
		return nil, err
	}
	session, err := b.folder.Start(ctx)
	if err != nil {
		return nil, err
	}
	payload, err = session.Generate(ctx, string(size), h.names(), h)
	if err != nil && !b.hasData() {
		err = fmt.Errorf("%w\nits data_dir is empty, since it has no data: if it needs any, name a checkout of SeBS's data repository in SEBS_DATA", err)
	}
	return payload, errors.Join(err, session.Close())
}

// hasData reports whether data_dir is a folder that was there.
func (b *sebs) hasData() bool {
	if b.folder.Data != "" {
		return true
	}
	info, err := fs.Stat(b.folder.Files, "data")
	return err == nil && info.IsDir()
}

// check calls validate_output.
func (b *sebs) check(ctx context.Context, _ Size, payload any, output json.RawMessage, store *Store) error {
	if !json.Valid(output) {
		return fmt.Errorf("the output is not JSON: %s", configExcerpt(output))
	}
	if b.broken != nil {
		return b.broken
	}
	if !b.declared.Validates {
		return nil
	}
	returned, err := handlerReturned(output)
	if err != nil {
		return err
	}
	var storage inputpy.Host
	if b.declared.Inputs+b.declared.Outputs > 0 {
		storage = &host{store: store, declared: b.declared}
	}
	var first error
	for _, language := range b.languages {
		wrong := b.checks.use(ctx, func(session *inputpy.Session) error {
			wrong, err := session.Validate(ctx, inputpy.Output{
				Payload: payload, Output: returned, Language: language, Architecture: architecture(),
			}, storage)
			if err == nil && wrong != "" {
				err = errors.New(wrong)
			}
			return err
		})
		if wrong == nil || ctx.Err() != nil {
			return wrong
		}
		if first == nil {
			first = wrong
		}
	}
	if raised := (*inputpy.RaisedError)(nil); errors.As(first, &raised) {
		return errors.New(raised.Line()) // an invocation's failure has one line
	}
	return first
}

// handlerReturned returns what validate_output gets of an output: the object
// with the key "result" that SeBS's handlers return. A handler may also return
// its result without that key, so the keys of a result are there as well.
func handlerReturned(output json.RawMessage) (map[string]json.RawMessage, error) {
	returned := map[string]json.RawMessage{}
	if bytes.TrimSpace(output)[0] == '{' {
		if err := json.Unmarshal(output, &returned); err != nil {
			return nil, err
		}
	}
	returned["result"] = output
	return returned, nil
}

// architecture is this machine's, by the name that SeBS has for it.
func architecture() string {
	if runtime.GOARCH == "arm64" {
		return string(driver.ARM64)
	}
	return string(driver.X64)
}

// checks keeps one session for the checks of a benchmark, which are many and
// short, while they follow each other closely.
type checks struct {
	folder  inputpy.Folder
	turn    chan struct{} // holds a value while a check runs; guards what follows
	session *inputpy.Session
	used    int
}

// use runs a check in the session.
func (c *checks) use(ctx context.Context, check func(*inputpy.Session) error) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.turn }()
	if c.session == nil {
		session, err := c.folder.Start(ctx)
		if err != nil {
			return err
		}
		c.session = session
	}
	err := check(c.session)
	c.used++
	if c.session.Err() != nil {
		return errors.Join(err, c.close())
	}
	used := c.used
	time.AfterFunc(idle, func() {
		c.turn <- struct{}{}
		defer func() { <-c.turn }()
		if c.used == used {
			_ = c.close() // a folder that could not be removed is the system's to clean
		}
	})
	return err
}

// close ends the session; it is called in turn.
func (c *checks) close() error {
	session := c.session
	c.session = nil
	if session == nil {
		return nil
	}
	return session.Close()
}
