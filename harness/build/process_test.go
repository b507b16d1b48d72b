package build_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/guard"
)

// childStore names the store that this process, started by a test, builds in.
const childStore = "BUILD_TEST_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childStore); dir != "" {
		if err := child(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child builds the folder that childFiles gives. It prints "building" when the
// platform is asked to build, then waits for a line of its input, and at the
// end prints what came out.
func child(dir string) error {
	signal.Ignore(syscall.SIGXFSZ) // a file beyond the limit is an error of the write
	s, err := build.OpenStore(dir)
	if err != nil {
		return err
	}
	p := &platform{build: func(_ context.Context, dir string, s driver.Spec, _ io.Writer) (driver.Package, error) {
		if err := os.WriteFile(filepath.Join(dir, "half"), []byte("half"), 0o644); err != nil {
			return driver.Package{}, err
		}
		fmt.Println("building")
		_, err := bufio.NewReader(os.Stdin).ReadString('\n')
		return driver.Package{Kind: s.Kind}, err
	}}
	temp, err := os.MkdirTemp("", "sebs-build-test-")
	if err != nil {
		return err
	}
	g, err := guard.Start(context.Background(), temp, func(error) {})
	if err != nil {
		return err
	}
	r, err := s.Package(context.Background(), build.Job{
		Builder: p, Platform: "fake", Files: childFiles(), Spec: childSpec, Log: os.Stdout, Guard: g,
	})
	err = errors.Join(err, g.Close())
	if err != nil {
		return err
	}
	fmt.Println("digest", r.Digest, "reused", r.Reused)
	return nil
}

var childSpec = driver.Spec{
	Benchmark: "000.fake", Runtime: driver.Runtime{Language: "python", Version: "3.11"},
	Architecture: driver.X64, Kind: driver.Archive,
}

// childFiles is what children build; with an init.sh if the environment has
// one.
func childFiles() fs.FS {
	files := folder()
	if text := os.Getenv("BUILD_TEST_INIT"); text != "" {
		files["init.sh"] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// builder is a child process.
type builder struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // of its output; closed at its end
	all   bytes.Buffer
}

func startBuilder(t *testing.T, dir string, env ...string) *builder {
	t.Helper()
	return startCommand(t, exec.CommandContext(t.Context(), os.Args[0]), dir, env...)
}

func startCommand(t *testing.T, cmd *exec.Cmd, dir string, env ...string) *builder {
	t.Helper()
	b := &builder{cmd: cmd, lines: make(chan string, 100)}
	b.cmd.Env = append(append(os.Environ(), childStore+"="+dir), env...)
	var err error
	b.in, err = b.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := b.cmd.StdoutPipe()
	require.NoError(t, err)
	b.cmd.Stderr = os.Stderr
	require.NoError(t, b.cmd.Start())
	t.Cleanup(func() {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
	})
	go func() {
		defer close(b.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			b.lines <- s.Text()
		}
	}()
	return b
}

// until returns the first line with prefix.
func (b *builder) until(t *testing.T, prefix string) string {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-b.lines:
			require.True(t, ok, "the process ended without %q: %s", prefix, b.all.String())
			fmt.Fprintln(&b.all, line)
			if strings.HasPrefix(line, prefix) {
				return line
			}
		case <-limit:
			require.Fail(t, "no line in time", "want %q", prefix)
		}
	}
}

// kill ends the process as kill -9 does.
func (b *builder) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, b.cmd.Process.Kill())
	require.Error(t, b.cmd.Wait())
}

// goOn lets the platform's build end.
func (b *builder) goOn(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(b.in, "\n")
	require.NoError(t, err)
}

// entries lists the names in a folder of a store.
func entries(t *testing.T, dir, sub string) []string {
	t.Helper()
	found, err := os.ReadDir(filepath.Join(dir, sub))
	require.NoError(t, err)
	names := []string{}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

func TestKilledBuild(t *testing.T) {
	dir := t.TempDir()
	b := startBuilder(t, dir)
	b.until(t, "building")
	require.Len(t, entries(t, dir, "tmp"), 1)
	b.kill(t)
	require.Empty(t, entries(t, dir, "packages"))

	// Whoever opens the store next removes what is left.
	s, err := build.OpenStore(dir)
	require.NoError(t, err)
	require.Empty(t, entries(t, dir, "tmp"))

	// A store that was open already builds it again, from the beginning.
	b = startBuilder(t, dir)
	b.until(t, "building")
	b.kill(t)
	require.Len(t, entries(t, dir, "tmp"), 1)
	r, err := s.Package(t.Context(), build.Job{Builder: &platform{}, Platform: "fake", Files: childFiles(), Spec: childSpec})
	require.NoError(t, err)
	require.False(t, r.Reused)
	require.NoFileExists(t, filepath.Join(r.Dir, "half"))
	require.Empty(t, entries(t, dir, "tmp"))
	require.Equal(t, []string{r.Digest}, entries(t, dir, "packages"))
}

// The scripts of a killed build do not go on.
func TestKilledScript(t *testing.T) {
	dir, mark := t.TempDir(), filepath.Join(t.TempDir(), "mark")
	b := startBuilder(t, dir, "BUILD_TEST_INIT="+fmt.Sprintf("mkfifo %q; exec 5<>%q; (read -r x <&5) & echo started; wait", mark, mark))
	waitForText(t, filepath.Join(dir, "logs", "*.log"), "started")
	b.kill(t)
	requireNoReader(t, mark)
}

func TestTwoBuilders(t *testing.T) {
	dir := t.TempDir()
	first := startBuilder(t, dir)
	first.until(t, "building")
	second := startBuilder(t, dir)
	second.until(t, fmt.Sprintf("waiting for process %d since ", first.cmd.Process.Pid))
	require.Len(t, entries(t, dir, "tmp"), 1, "opening the store must leave a build in progress")
	first.goOn(t)
	a, b := first.until(t, "digest "), second.until(t, "digest ")
	digest := entries(t, dir, "packages")
	require.Len(t, digest, 1)
	require.Equal(t, "digest "+digest[0]+" reused false", a)
	require.Equal(t, "digest "+digest[0]+" reused true", b)
	require.NotContains(t, second.all.String(), "building")
	require.NoError(t, first.cmd.Wait())
	require.NoError(t, second.cmd.Wait())
}

// Whoever waits for a builder that is killed builds itself.
func TestWaitForKilledBuilder(t *testing.T) {
	dir := t.TempDir()
	first := startBuilder(t, dir)
	first.until(t, "building")
	second := startBuilder(t, dir)
	second.until(t, "waiting for process ")
	first.kill(t)
	second.until(t, "building")
	second.goOn(t)
	require.Contains(t, second.until(t, "digest "), "reused false")
}

func TestWaitCancelled(t *testing.T) {
	dir := t.TempDir()
	b := startBuilder(t, dir)
	b.until(t, "building")
	s, err := build.OpenStore(dir)
	require.NoError(t, err)
	job := build.Job{Builder: &platform{}, Platform: "fake", Files: childFiles(), Spec: childSpec}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Package(ctx, job)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, fmt.Sprintf("wait for process %d since ", b.cmd.Process.Pid))
	// The lock that the wait may still get is not kept.
	b.goOn(t)
	b.until(t, "digest ")
	r, err := s.Package(t.Context(), job)
	require.NoError(t, err)
	require.True(t, r.Reused)
}

// A write that fails as on a full disk names the store and the remedy, and
// leaves nothing.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	b := startCommand(t, exec.CommandContext(t.Context(), "bash", "-c", `ulimit -f 0; exec "$0"`, os.Args[0]), dir)
	line := b.until(t, "error: ")
	require.Contains(t, line, "package store "+dir+" cannot be used, set SEBS_CACHE")
	require.Empty(t, entries(t, dir, "packages"))
	require.Empty(t, entries(t, dir, "tmp"))
}
