package drivertest

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

//go:embed all:probe
var probeFiles embed.FS

// environment is what the rules of one suite share: the packages of the probe.
type environment struct {
	open     driver.OpenFunc
	options  Options
	features driver.Features
	store    *build.Store

	mu       sync.Mutex
	packages map[string]driver.Package
}

func newEnvironment(t *testing.T, open driver.OpenFunc, o Options) *environment {
	t.Helper()
	store, err := build.OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := &environment{open: open, options: o, store: store, packages: map[string]driver.Package{}}
	e.features = e.newPlatformTest(t, target{}).platform.Features()
	return e
}

// platformTest is a platform, opened for one rule, and the spec of a function
// that runs the probe on it.
type platformTest struct {
	*environment
	platform driver.Platform
	prefix   string
	spec     driver.Spec

	t      *testing.T
	closed map[driver.Platform]bool // by the rule itself
}

// newPlatformTest opens the platform under a new prefix. After the test it is
// closed, and what carries the prefix is removed.
func (e *environment) newPlatformTest(t *testing.T, on target) *platformTest {
	t.Helper()
	pt := &platformTest{environment: e, prefix: "dt" + word(), t: t, closed: map[driver.Platform]bool{}}
	pt.platform = pt.run(pt.prefix)
	f := pt.platform.Features()
	if on.kind == "" || len(f.Architectures) == 0 {
		return pt
	}
	pt.spec = driver.Spec{
		Benchmark: "000.probe", Runtime: on.runtime, Architecture: f.Architectures[0], Kind: on.kind, Trigger: on.trigger,
		Memory: 256, Timeout: 30 * time.Second,
	}
	if runtime.GOARCH == "arm64" && slices.Contains(f.Architectures, driver.ARM64) {
		pt.spec.Architecture = driver.ARM64
	}
	pt.spec.Name = driver.FunctionName(pt.prefix, pt.spec, f.MaxName)
	return pt
}

// word returns eight random letters and digits.
func word() string {
	return strconv.FormatUint(1<<40+rand.Uint64N(1<<40), 36)
}

// run opens the platform for a run with the given prefix.
func (pt *platformTest) run(prefix string) driver.Platform {
	pt.t.Helper()
	// A short path: sockets in it have at most about 100 bytes.
	dir, err := os.MkdirTemp("", "sebs")
	if err != nil {
		pt.t.Fatal(err)
	}
	log := &logBuffer{}
	p, err := pt.open(pt.t.Context(), driver.Run{
		ID: word(), Prefix: prefix, Expiry: time.Now().Add(time.Hour),
		Ledger: noLedger{}, Guard: noGuard{}, Dir: dir, Log: log,
	})
	if err != nil {
		pt.t.Fatalf("open the platform: %v", errors.Join(err, os.RemoveAll(dir)))
	}
	pt.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(pt.t.Context()), time.Minute)
		defer cancel()
		var err error
		if !pt.closed[p] {
			for r, e := range p.Resources(ctx) {
				if e == nil {
					e = p.Remove(ctx, r)
				}
				err = errors.Join(err, e)
			}
			err = errors.Join(err, p.Close(ctx))
		}
		if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
			pt.t.Errorf("clean up: %v", err)
		}
		if pt.t.Failed() {
			log.mu.Lock()
			defer log.mu.Unlock()
			pt.t.Logf("log of the platform for prefix %s:\n%s", prefix, log.b.String())
		}
	})
	return p
}

// close closes a platform before the test ends.
func (pt *platformTest) close(ctx context.Context, p driver.Platform) error {
	pt.closed[p] = true
	return p.Close(ctx)
}

// buildable returns why functions of a runtime cannot be built, or nil.
func (e *environment) buildable(t *testing.T, on target) error {
	t.Helper()
	_, err := e.newPlatformTest(t, on).pkg(t.Context(), "")
	return err
}

// pkg returns the package of the probe, built once. A variant differs in its
// code: the probe tells the variant's name.
func (pt *platformTest) pkg(ctx context.Context, variant string) (driver.Package, error) {
	pt.mu.Lock()
	defer pt.mu.Unlock()
	key := pt.spec.Runtime.String() + " " + string(pt.spec.Kind) + " " + variant
	if p, ok := pt.packages[key]; ok {
		return p, nil
	}
	files, err := probe(pt.spec.Runtime.Language, variant)
	if err != nil {
		return driver.Package{}, err
	}
	result, err := pt.store.Package(ctx, build.Job{Builder: pt.platform, Platform: pt.options.Name, Files: files, Spec: pt.spec})
	if err != nil {
		return driver.Package{}, fmt.Errorf("build the probe: %w", err)
	}
	pt.packages[key] = result.Package
	return result.Package, nil
}

// probe returns the folder of the probe, as if it were a benchmark's.
func probe(language, variant string) (fs.FS, error) {
	folder, err := fs.Sub(probeFiles, "probe")
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(folder, language); err != nil {
		return nil, fmt.Errorf("there is no probe in language %s: %w", language, err)
	}
	if variant == "" {
		return folder, nil
	}
	files := fstest.MapFS{path.Join(language, "variant.txt"): {Data: []byte(variant), Mode: 0o644}}
	err = fs.WalkDir(folder, language, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, name)
		// A model reads no files; its own result tells the variant.
		data = bytes.Replace(data, []byte(`"behaviour": "probe"`), fmt.Appendf(nil, `"behaviour": "probe", "result": %q`, variant), 1)
		files[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	return files, err
}

// noLedger and noGuard are a run's that needs neither: what a rule creates, it
// removes.
type (
	noLedger struct{}
	noGuard  struct{}
)

func (noLedger) Record(driver.Resource) error { return nil }
func (noGuard) Process(int) func()            { return func() {} }
func (noGuard) Command(...string) func()      { return func() {} }
func (noGuard) Folder(string) func()          { return func() {} }

// logBuffer keeps what a platform tells until the test has failed.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
