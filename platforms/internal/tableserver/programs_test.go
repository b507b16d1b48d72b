package tableserver

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestChoose(t *testing.T) {
	tests := []struct {
		name      string
		tools     string
		installed string
		want      string
	}{
		{"all", "node npm java mvn", "", "dynalite"},
		{"node only", "node npm", "", "dynalite"},
		{"no npm", "node java mvn", "", "DynamoDB Local"},
		{"no npm, and not needed", "node java mvn", "dynalite", "dynalite"},
		{"no node", "npm java mvn", "dynalite", "DynamoDB Local"},
		{"java without maven", "node java", "", ""},
		{"java without maven, and not needed", "java", "DynamoDB Local", "DynamoDB Local"},
		{"none", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := choose(func(tool string) error {
				if strings.Contains(" "+test.tools+" ", " "+tool+" ") {
					return nil
				}
				return errors.New("no " + tool)
			}, func(p program) bool { return p.name == test.installed })
			if test.want == "" {
				require.ErrorIs(t, err, driver.ErrUnavailable)
				for _, remedy := range []string{"Node.js", "npm", "JDK", "maven", "dynalite: no "} {
					require.ErrorContains(t, err, remedy)
				}
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, p.name)
		})
	}
}

// script returns a program whose installation runs a shell script.
func script(text string) program {
	return program{name: "scripted", files: "dynalite", install: []string{"/bin/sh", "-c", text}}
}

func TestInstallOnce(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "new", "cache")
	count := filepath.Join(t.TempDir(), "count")
	p := script("echo one >>" + count + "; echo content >made")
	var wg sync.WaitGroup
	var failed atomic.Int32
	for range 8 {
		wg.Go(func() {
			dir, err := install(t.Context(), cache, p, io.Discard)
			if err != nil || !complete(dir) {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	require.Zero(t, failed.Load())
	installations, err := os.ReadFile(count)
	require.NoError(t, err)
	require.Equal(t, "one\n", string(installations))
}

func complete(dir string) bool {
	_, made := os.Stat(filepath.Join(dir, "made"))
	_, source := os.Stat(filepath.Join(dir, "package-lock.json"))
	return made == nil && source == nil
}

func TestFailedInstallLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	_, err := install(t.Context(), cache, script("echo half >made; echo the registry is away; exit 3"), io.Discard)
	require.ErrorContains(t, err, "the registry is away")
	require.ErrorContains(t, err, "exit status 3")
	folders(t, cache, 0)
}

func TestCancelledInstallLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := &trigger{word: "begun", then: cancel}
	_, err := install(ctx, cache, script("echo half >made; echo begun; sleep 1000"), log)
	require.ErrorIs(t, err, context.Canceled)
	folders(t, cache, 0)
}

// trigger calls a function when it is written a word.
type trigger struct {
	word string
	then func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.word) {
		w.then()
	}
	return len(p), nil
}

// What a killed installation left is not taken for an installation.
func TestInstallAfterKill(t *testing.T) {
	cache := t.TempDir()
	p := script("test ! -e stale && echo content >made")
	digest, err := p.digest()
	require.NoError(t, err)
	partial := filepath.Join(cache, digest+".partial")
	require.NoError(t, os.MkdirAll(partial, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(partial, "stale"), nil, 0o644))
	dir, err := install(t.Context(), cache, p, io.Discard)
	require.NoError(t, err)
	require.True(t, complete(dir))
	folders(t, cache, 1)
}

func TestInstallWaitsForAnotherProcess(t *testing.T) {
	cache := t.TempDir()
	p := script("echo content >made")
	digest, err := p.digest()
	require.NoError(t, err)
	unlock, err := lock(t.Context(), filepath.Join(cache, digest+".lock"), io.Discard)
	require.NoError(t, err)
	released := false
	log := &trigger{word: "waiting for another process", then: func() {
		released = true
		require.NoError(t, unlock())
	}}
	dir, err := install(t.Context(), cache, p, log)
	require.NoError(t, err)
	require.True(t, released)
	require.True(t, complete(dir))

	unlock, err = lock(t.Context(), filepath.Join(cache, "held.lock"), io.Discard)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = lock(ctx, filepath.Join(cache, "held.lock"), &trigger{word: "waiting", then: cancel})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, unlock())
}

func TestInstallIntoUnusableCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := install(t.Context(), filepath.Join(file, "cache"), script("true"), io.Discard)
	require.ErrorContains(t, err, "SEBS_CACHE")
	require.ErrorContains(t, err, file)
}

// folders checks how many folders a cache has.
func folders(t *testing.T, cache string, want int) {
	t.Helper()
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	require.Len(t, names, want, "%q", names)
}

// The digest decides whether an installation is used again.
func TestDigest(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range append(programs, script("true"), script("false")) {
		d, err := p.digest()
		require.NoError(t, err)
		require.False(t, seen[d], d)
		seen[d] = true
	}
}

func TestServerThatEndsAtOnce(t *testing.T) {
	p := program{name: "broken", run: []string{"/bin/sh", "-c", "echo no such module >&2; exit 7"}}
	_, err := launch(t.Context(), p, t.TempDir(), nobody{})
	require.ErrorContains(t, err, "exit status 7")
	require.ErrorContains(t, err, "no such module")
	p.run = []string{"/no/such/tool"}
	_, err = launch(t.Context(), p, t.TempDir(), nobody{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestServerThatNeverListens(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := program{name: "mute", run: []string{"sleep", "1000"}}
	_, err := launch(ctx, p, t.TempDir(), cancelling{cancel})
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, errors.Is(err, driver.ErrUnavailable))
}

// nobody guards nothing.
type nobody struct{}

func (nobody) Process(int) func()       { return func() {} }
func (nobody) Command(...string) func() { return func() {} }
func (nobody) Folder(string) func()     { return func() {} }

// cancelling cancels once the process runs.
type cancelling struct{ cancel func() }

func (c cancelling) Process(int) func()     { c.cancel(); return func() {} }
func (cancelling) Command(...string) func() { return func() {} }
func (cancelling) Folder(string) func()     { return func() {} }

// Lock files must work with any registry, so they name none.
func TestSourcesNameNoRegistry(t *testing.T) {
	for _, name := range []string{"dynalite/package.json", "dynalite/package-lock.json", "dynamodblocal/pom.xml"} {
		content, err := sources.ReadFile(name)
		require.NoError(t, err)
		for _, word := range []string{"resolved", "registry", "repository"} {
			require.NotContains(t, string(content), word, name)
		}
	}
}

func TestOutput(t *testing.T) {
	o := newOutput()
	for _, part := range []string{"warning: old\nlisten", "ing on 40", "001\n", strings.Repeat("noise ", 2000), "listening on 2\n", "the end"} {
		_, err := io.WriteString(o, part)
		require.NoError(t, err)
	}
	require.Equal(t, "40001", <-o.port)
	require.Empty(t, o.port)
	require.LessOrEqual(t, len(o.tail()), mostOutput)
	require.True(t, strings.HasSuffix(o.tail(), "the end"))
}
