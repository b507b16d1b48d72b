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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sebs-go/sebs/harness/build"
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
// Keys of config.json that are not known here are told when the benchmark is
// run, and ignored.
//
// input.py is executed by the python3 of PATH, with the rights of the user, and
// so needs there the packages that it imports; init.sh and package.sh are
// executed when the benchmark is built. Nothing is executed before the benchmark
// is selected. Then input.py is asked what storage it declares, which adds to
// the modules that config.json names, and what is wrong with it is told before
// anything is built.
//
// Its data_dir is the benchmark's folder in the checkout of SeBS's data
// repository that SEBS_DATA names, or in the one beside the folder, as in a
// checkout of SeBS; otherwise the folder's own data, if it has that.
//
// Check calls validate_output, where there is one, with each language of
// config.json until one accepts the output, since what is right may differ
// between languages in the last digits; in an experiment it is called with the
// function's language, and with all that the handler returned. Without
// validate_output every JSON value is right.
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

const (
	describeLimit = time.Minute // of the first execution of an input.py
	checkLimit    = time.Minute // of a call of validate_output
	idle          = time.Second // after which a session without a check ends
)

// newSeBS makes a benchmark of a folder; dir is empty if it is not on disk.
func newSeBS(files fs.FS, name, dir string) (Benchmark, error) {
	if !benchmarkName.MatchString(name) {
		return Benchmark{}, fmt.Errorf("benchmark %q: a folder's name has letters, digits and any of . _ -, 64 at most: rename it", name)
	}
	files = build.Regular(files)
	b := &sebs{}
	var err error
	if b.config, b.notes, err = sebsConfig(files); err != nil {
		return Benchmark{}, fmt.Errorf("benchmark %s: %w", name, err)
	}
	b.folder = inputpy.Folder{Name: name, Dir: dir, Files: files}
	if b.folder.Data, b.folder.Root, err = sebsData(name, dir); err != nil {
		return Benchmark{}, fmt.Errorf("benchmark %s: %w", name, err)
	}
	b.checks = checks{
		start: func(ctx context.Context) (*inputpy.Session, error) { return b.start(ctx, checkLimit) },
		turn:  make(chan struct{}, 1),
	}
	return Benchmark{
		Name: name, Files: files, Input: b.input, folder: b,
		Check: func(ctx context.Context, _ Size, payload any, output json.RawMessage, store *Store) error {
			return b.check(ctx, returned{payload: payload, result: output, languages: b.languages()}, store)
		},
	}, nil
}

// unreadable makes a benchmark of a folder that cannot be read: its functions
// fail, and only they.
func unreadable(files fs.FS, name string, why error) Benchmark {
	files = build.Regular(files)
	b := &sebs{folder: inputpy.Folder{Name: name, Files: files}, unreadable: why, config: Config{Memory: 128}}
	entries, _ := fs.ReadDir(files, ".") // what cannot be listed has no languages
	for _, entry := range entries {
		if entry.IsDir() {
			b.config.Languages = append(b.config.Languages, Language{Name: entry.Name()})
		}
	}
	return Benchmark{
		Name: name, Files: files, folder: b,
		Input: func(context.Context, Size, *Store) (any, error) { return nil, why },
	}
}

// sebs is a benchmark of a folder written for SeBS.
type sebs struct {
	folder     inputpy.Folder
	config     Config
	notes      []string // about config.json
	unreadable error    // why there is no benchmark
	checks     checks
	guard      atomic.Pointer[driver.Guard] // of the run

	mu        sync.Mutex
	described bool
	declared  inputpy.Description
	broken    error // why declared is empty
}

func (b *sebs) languages() []string {
	var names []string
	for _, l := range b.config.Languages {
		names = append(names, l.Name)
	}
	return names
}

// sebsConfig reads the config.json of a folder written for SeBS; notes say what
// of it is ignored.
func sebsConfig(files fs.FS) (c Config, notes []string, err error) {
	data, err := configFile(files)
	if err != nil {
		return Config{}, nil, err
	}
	c, err = parseConfig(data, func(unknown error) error {
		notes = append(notes, unknown.Error()+"; it is ignored")
		return nil
	})
	if err != nil && len(notes) > 0 { // one of them may be what is missing, misspelt
		err = fmt.Errorf("%w (%s)", err, strings.Join(notes, "; "))
	}
	return c, notes, err
}

// guardedBy has later sessions guarded.
func (b *sebs) guardedBy(g driver.Guard) { b.guard.Store(&g) }

// start starts a session with input.py. A limit of 0 is the default.
func (b *sebs) start(ctx context.Context, limit time.Duration) (*inputpy.Session, error) {
	folder := b.folder
	folder.Limit = limit
	if g := b.guard.Load(); g != nil {
		folder.Guard = *g
	}
	return folder.Start(ctx)
}

// describe returns what input.py declares, which it executes the first time.
func (b *sebs) describe(ctx context.Context) (inputpy.Description, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.described {
		return b.declared, b.broken
	}
	limited, cancel := context.WithTimeoutCause(ctx, describeLimit,
		fmt.Errorf("input.py was not imported within %v", describeLimit))
	defer cancel()
	session, err := b.start(limited, 0)
	if err == nil {
		b.declared, err = session.Describe(limited)
		err = errors.Join(err, session.Close())
	}
	if ctx.Err() == nil {
		b.described, b.broken = true, err
	}
	return b.declared, err
}

// modules returns the stores that the benchmark uses, by config.json and by
// input.py.
func (b *sebs) modules(ctx context.Context) ([]driver.Module, error) {
	if b.unreadable != nil {
		return nil, b.unreadable
	}
	declared, err := b.describe(ctx)
	all := slices.Clone(b.config.Modules)
	if declared.Inputs+declared.Outputs > 0 {
		all = append(all, driver.Storage)
	}
	if len(declared.Tables) > 0 {
		all = append(all, driver.NoSQL)
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

// input prepares buckets and tables and calls generate_input.
func (b *sebs) input(ctx context.Context, size Size, store *Store) (payload any, err error) {
	declared, err := b.describe(ctx)
	if err != nil {
		return nil, err
	}
	h := &host{store: store, declared: declared}
	if err := h.prepare(ctx); err != nil {
		return nil, err
	}
	session, err := b.start(ctx, 0)
	if err != nil {
		return nil, err
	}
	payload, err = session.Generate(ctx, string(size), h.names(), h)
	if hint := b.hint(); err != nil && hint != "" {
		err = fmt.Errorf("%w\n%s", err, hint)
	}
	return payload, errors.Join(err, session.Close())
}

// hint says that the benchmark had no data, if it asks for any: what fails then
// may fail for this.
func (b *sebs) hint() string {
	b.mu.Lock()
	declared := b.declared
	b.mu.Unlock()
	if !declared.Data {
		return ""
	}
	where := b.folder.Data
	entries, err := os.ReadDir(where)
	if where == "" {
		where = "data"
		entries, err = fs.ReadDir(b.folder.Files, where)
	}
	if err == nil && slices.ContainsFunc(entries, isData) {
		return ""
	}
	state := "empty: there is no data for " + b.folder.Name
	if b.folder.Data != "" {
		state = "empty: " + where
	}
	return "its data_dir is " + state + "; if it needs any, name a checkout of SeBS's data repository in SEBS_DATA"
}

// isFunction says why the folder is not one function: SeBS's branches have
// workflows of several, which definition.json combines.
func (b *sebs) isFunction() error {
	if _, err := fs.Stat(b.folder.Files, "definition.json"); err == nil {
		return fmt.Errorf("definition.json makes it a workflow of several functions, which are not run here: %w", driver.ErrUnavailable)
	}
	return nil
}

// isData says whether an entry of a data_dir is data, rather than a text about
// it, which a checkout has also where large files are missing.
func isData(entry fs.DirEntry) bool {
	name := strings.ToUpper(entry.Name())
	return !strings.HasPrefix(name, "README") && !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, ".")
}

// sentByExperiments are keys of events that SeBS's experiments add to what
// generate_input returns.
var sentByExperiments = []string{"server-address", "ip-address"}

// unsent returns such a key that the functions read and input.py does not make,
// empty if there is none.
func (b *sebs) unsent() string {
	input, err := fs.ReadFile(b.folder.Files, "input.py")
	if err != nil {
		return ""
	}
	for _, language := range b.languages() {
		entries, err := fs.ReadDir(b.folder.Files, language)
		if err != nil {
			continue // it is not there
		}
		for _, entry := range entries {
			source, err := fs.ReadFile(b.folder.Files, language+"/"+entry.Name())
			if err != nil {
				continue // a folder
			}
			for _, key := range sentByExperiments {
				if bytes.Contains(source, []byte(key)) && !bytes.Contains(input, []byte(key)) {
					return key
				}
			}
		}
	}
	return ""
}
