package doctor

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/direct"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
	"github.com/sebs-go/sebs/harness/internal/cleanup"
	"github.com/sebs-go/sebs/harness/internal/guard"
)

// trialFiles is a function in each language that reads an object, and has a
// dependency that is installed.
//
//go:embed all:trial
var trialFiles embed.FS

// trialTime is how long all trials on a platform may take.
const trialTime = 20 * time.Minute

// closing bounds how long closing the platform may take.
const closing = 30 * time.Second

// trials builds a function in each language of a platform, in the version that
// is the default, deploys it and calls it once, each as a sub-test: -run selects
// TestDoctor/process/cpp. Nothing is left of it.
func trials(t *testing.T, platform, cache string) (all []driver.Need) {
	ctx, cancel := context.WithTimeout(t.Context(), trialTime)
	defer cancel()
	dir, err := os.MkdirTemp("", cleanup.TempPattern("doctor"))
	if err != nil {
		return []driver.Need{{What: "functions", Found: err.Error(), Remedy: "set TMPDIR to a folder that can be written"}}
	}
	try := &trial{name: platform, dir: dir, prefix: cleanup.NewID()}
	err = try.open(ctx, cache)
	if err == nil {
		runtimes := trialRuntimes(try.platform.Features().Defaults(ctx))
		all = make([]driver.Need, len(runtimes))
		t.Run(platform, func(t *testing.T) {
			for i, rt := range runtimes {
				t.Run(rt.Language, func(t *testing.T) {
					t.Parallel()
					all[i] = try.need(ctx, rt)
				})
			}
		})
		all = slices.DeleteFunc(all, func(n driver.Need) bool { return n.What == "" }) // not selected
	}
	if err := errors.Join(err, try.close(ctx), os.RemoveAll(dir)); err != nil {
		all = append(all, driver.Need{What: "functions", Found: err.Error(), Remedy: "without the platform there are none: see above"})
	}
	return all
}

// trialRuntimes returns the runtimes whose language has a trial.
func trialRuntimes(all []driver.Runtime) []driver.Runtime {
	return slices.DeleteFunc(slices.Clone(all), func(rt driver.Runtime) bool {
		_, err := fs.Stat(trialFiles, "trial/"+rt.Language)
		return err != nil
	})
}

// trial is a platform, opened for trials.
type trial struct {
	name, dir, prefix string
	platform          *direct.Platform // nil until it is open
	guard             *guard.Guard
	using             *cleanup.Lock // of the prefix: a sweep finds it if this process is killed
	ledger            *cleanup.Ledger
	bucket            string
	access            driver.Access
}

// trialKey and trialContent are of the object that functions read.
const (
	trialKey     = "greeting"
	trialContent = "grüße"
)

// open opens the platform and stores the object.
func (t *trial) open(ctx context.Context, cache string) (err error) {
	if t.using, err = cleanup.TakePrefix(cache, t.prefix); err != nil {
		return err
	}
	t.ledger = cleanup.NewLedger(filepath.Join(t.dir, cleanup.LedgerFile))
	packages, err := build.OpenStore(t.dir)
	if err != nil {
		return err
	}
	if t.guard, err = guard.Start(ctx, t.dir, func(error) {}); err != nil {
		return err
	}
	p, err := driver.Open(ctx, t.name, driver.Run{
		ID: t.prefix, Prefix: t.prefix, Expiry: time.Now().Add(trialTime), Ledger: t.ledger.On(t.name), Guard: t.guard, Dir: t.dir, Log: io.Discard,
	})
	if err != nil {
		return err
	}
	t.platform = &direct.Platform{Platform: p, Name: t.name, Prefix: t.prefix, Packages: packages, Guard: t.guard}
	f := p.Features()
	if len(trialRuntimes(f.Runtimes)) == 0 || !slices.Contains(f.Modules, driver.Storage) {
		return nil
	}
	buckets, err := t.platform.Buckets(ctx)
	if err != nil {
		return err
	}
	t.bucket, t.access = t.prefix+"-trial", buckets.Access()
	return errors.Join(
		buckets.Create(ctx, t.bucket),
		buckets.Put(ctx, t.bucket, trialKey, strings.NewReader(trialContent), int64(len(trialContent))),
	)
}

// close removes what was made.
func (t *trial) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	if t.platform != nil {
		for _, left := range cleanup.Remove(ctx, t.platform, t.ledger.Resources(t.name), nil) {
			errs = append(errs, fmt.Errorf("%w: SEBS_PREFIX=%s PLATFORM=%s make sweep removes it", left, t.prefix, t.name))
		}
		ctx, cancel := context.WithTimeout(ctx, closing)
		defer cancel()
		errs = append(errs, t.platform.Close(ctx))
	}
	if t.guard != nil {
		errs = append(errs, t.guard.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return errors.Join(err, t.using.Release())
	}
	return t.using.Delete()
}

// need tries a runtime.
func (t *trial) need(ctx context.Context, rt driver.Runtime) driver.Need {
	need := driver.Need{What: rt.Language + " " + rt.Version + " function"}
	if t.bucket == "" {
		need.Optional = true
		need.Found = "not tried: the function of the doctor reads an object, and the platform has no object store"
		need.Remedy = fmt.Sprintf("to try one: go test -v -tags %s -run 'TestConformance/%s/%s' ./platforms", t.name, t.name, rt)
		return need
	}
	found, err := t.try(ctx, rt)
	if err == nil {
		need.OK, need.Found = true, found
		return need
	}
	text, _, _ := strings.Cut(err.Error(), "\nthe whole log: ") // which is deleted
	need.Found = "none can be built and called: " + environment.Plain(text)
	need.Remedy = "see the end of what its tools said; registries are reached as pip, npm, Maven and Go are set up to"
	if errors.Is(err, driver.ErrUnavailable) {
		need.Optional = true
		need.Found, need.Remedy, _ = cutLast(environment.Plain(text), ": ")
	}
	return need
}

// cutLast cuts at the last separator.
func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// try builds, deploys and calls the function of a runtime, and says what of it
// took how long.
func (t *trial) try(ctx context.Context, rt driver.Runtime) (string, error) {
	files, err := fs.Sub(trialFiles, "trial")
	if err != nil {
		return "", err
	}
	spec := driver.Spec{
		Benchmark: "000.trial", Runtime: rt,
		Memory: 256, Timeout: 30 * time.Second, Modules: []driver.Module{driver.Storage}, Environment: t.access,
	}
	fn, err := t.platform.Deploy(ctx, files, spec)
	if err != nil {
		return "", err
	}
	defer fn.Close()
	event, err := json.Marshal(map[string]string{"bucket": t.bucket, "key": trialKey})
	if err != nil {
		return "", err
	}
	a, call, err := direct.Call(ctx, fn.Client, event)
	if err != nil {
		return "", err
	}
	var content string
	if a.Error != nil || json.Unmarshal(a.Result, &content) != nil || content != trialContent {
		return "", fmt.Errorf("it was to answer %q and answered %s", trialContent, call.Reply.Body)
	}
	var with strings.Builder
	for _, d := range fn.Built.Dependencies {
		fmt.Fprintf(&with, ", %s %s", d.Name, d.Version)
	}
	return fmt.Sprintf("built in %.1f s%s; answered in %d ms", fn.Built.Took.Seconds(), with.String(), call.Total.Milliseconds()), nil
}
