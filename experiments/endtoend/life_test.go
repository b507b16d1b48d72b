package endtoend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/harness/results"
)

// life is a folder for everything that the runs of a test write outside of it.
type life struct {
	results, temp string
	env           []string
}

func newLife(t *testing.T, env ...string) life {
	t.Helper()
	if !slices.Contains(driver.Platforms(), "process") {
		t.Skip("functions run on process for this: without -tags, or with -tags process")
	}
	l := life{results: t.TempDir(), temp: t.TempDir()}
	l.env = append(append(os.Environ(), "SEBS_RESULTS="+l.results, "SEBS_CACHE="+t.TempDir(), "TMPDIR="+l.temp, "CI=true"), env...)
	return l
}

// command returns a command that runs experiments.
func (l life) command(t *testing.T, pattern string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(t, pattern)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(slices.Clone(l.env), env...), &out, &out
	return cmd, &out
}

// sweep sweeps, and returns what it printed.
func (l life) sweep(t *testing.T, env ...string) (string, error) {
	t.Helper()
	cmd, out := l.command(t, "^TestSweep$", env...)
	err := cmd.Run()
	return out.String(), err
}

// run waits for the only run's manifest and returns its id.
func (l life) run(t *testing.T) string {
	t.Helper()
	var manifest struct{ ID string }
	require.Eventually(t, func() bool {
		files, err := filepath.Glob(filepath.Join(l.results, "*", "run.json"))
		if err != nil || len(files) != 1 {
			return false
		}
		data, err := os.ReadFile(files[0])
		return err == nil && json.Unmarshal(data, &manifest) == nil
	}, time.Minute, time.Millisecond)
	return manifest.ID
}

// finished reports whether the only run has written its results.
func (l life) finished(t *testing.T) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(l.results, "*", "run.json"))
	require.NoError(t, err)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	return bytes.Contains(data, []byte(`"finished"`))
}

// TestSweepBesideRun: a sweep leaves a run alone that is building or measuring,
// also when it is named, and prints no command that would delete it.
func TestSweepBesideRun(t *testing.T) {
	l := newLife(t)
	cmd, out := l.command(t, "PerfCost/platform=process.*110.dynamic-html.*python/(cold|warm)", "SEBS_SAMPLES=5000,2s")
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	id := l.run(t)
	for sweeps := 0; ; sweeps++ {
		select {
		case err := <-ended:
			require.NoError(t, err, out.String())
			require.Positive(t, sweeps)
			summaries, err := filepath.Glob(filepath.Join(l.results, "*", "TestPerfCost", "*", "*", "summary.json"))
			require.NoError(t, err)
			require.Len(t, summaries, 2)
			for _, path := range summaries {
				var s results.Summary
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(data, &s))
				require.Empty(t, s.Failures)
				require.Positive(t, s.Counted)
			}
			return
		default:
		}
		text, err := l.sweep(t)
		require.NoError(t, err, text)
		named, err := l.sweep(t, "SEBS_PREFIX="+id)
		for _, text := range []string{text, named} {
			require.NotContains(t, text, "deleting")
			require.NotContains(t, text, "make sweep")
		}
		if !l.finished(t) {
			require.Contains(t, text, "run "+id+" is left alone: it is running")
			require.Error(t, err)
			require.Contains(t, named, "it is running")
		}
	}
}

// TestFewFiles: with few open files no call fails for their lack, and nothing
// is left: calls wait for each other.
func TestFewFiles(t *testing.T) {
	for _, limit := range []string{"64", "200"} {
		l := newLife(t)
		cmd, out := l.command(t, "PerfCost/platform=process.*110.dynamic-html.*python/(warm|burst)", "SEBS_SAMPLES=60,2s", "SEBS_CONCURRENCY=40")
		cmd.Args = append([]string{"sh", "-c", "ulimit -n " + limit + ` && exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		require.NoError(t, cmd.Run(), out.String())
		require.NotRegexp(t, `\d failed`, out.String(), limit)
		left, err := filepath.Glob("/sys/fs/cgroup/*/sebs-" + l.run(t))
		require.NoError(t, err)
		require.Empty(t, left)
		left, err = filepath.Glob(filepath.Join(l.temp, "*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// TestSweepAfterKill: of a run that was killed together with its guard, a sweep
// kills the processes, which are in its control groups or have their temporary
// files in its folder, and deletes groups and folders.
func TestSweepAfterKill(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip(leftout.Mark + "processes are found in /proc: run the tests on Linux")
	}
	folder, marker := t.TempDir(), fmt.Sprintf("987.%09d", rand.IntN(1e9))
	for name, text := range map[string]string{
		"config.json":        `{"timeout": 60, "memory": 128, "languages": ["python"]}`,
		"input.py":           "def buckets_count():\n    return (0, 0)\n\ndef generate_input(*args):\n    return {}\n",
		"python/function.py": "import subprocess, time\n\ndef handler(event):\n    subprocess.Popen(['sleep', '" + marker + "'], start_new_session=True)\n    time.sleep(50)\n",
	} {
		path := filepath.Join(folder, "900.leaves", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	l := newLife(t, "SEBS_BENCHMARKS="+folder)
	cmd, out := l.command(t, "PerfCost/platform=process.*900.leaves.*python/sequential")
	require.NoError(t, cmd.Start())
	id := l.run(t)
	require.Eventually(t, func() bool { return len(running(t, marker)) > 0 }, time.Minute, 10*time.Millisecond, "%s", out)
	guards := slices.DeleteFunc(running(t, "sebs-guard"), func(p process) bool { return p.parent != cmd.Process.Pid })
	require.Len(t, guards, 1)
	require.NoError(t, syscall.Kill(guards[0].id, syscall.SIGKILL))
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	groups := func() []string {
		found, err := filepath.Glob("/sys/fs/cgroup/*/sebs-" + id)
		require.NoError(t, err)
		v2, err := filepath.Glob("/sys/fs/cgroup/sebs-" + id)
		require.NoError(t, err)
		return append(found, v2...)
	}
	require.NotEmpty(t, running(t, marker), "the guard is still there")

	text, err := l.sweep(t)
	require.NoError(t, err, text)
	require.Contains(t, text, "what run "+id+" left on this machine")
	require.Empty(t, groups())
	require.Eventually(t, func() bool { return len(running(t, marker)) == 0 }, time.Minute, 10*time.Millisecond)
	left, err := filepath.Glob(filepath.Join(l.temp, "sebs-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	text, err = l.sweep(t)
	require.NoError(t, err, text)
	require.NotContains(t, text, "left on this machine")
}

// process is a running process.
type process struct{ id, parent int }

// running returns the processes that have a word in their command lines.
func running(t *testing.T, word string) []process {
	t.Helper()
	var found []process
	if all, err := filepath.Glob("/proc/[0-9]*"); err == nil && len(all) > 0 { // not every Linux has ps
		for _, dir := range all {
			line, _ := os.ReadFile(filepath.Join(dir, "cmdline")) // of one that ended since, and of the dead, nothing
			stat, _ := os.ReadFile(filepath.Join(dir, "stat"))    // "7 (name) S 1 …"
			f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
			if len(f) < 2 || !bytes.Contains(bytes.ReplaceAll(line, []byte{0}, []byte{' '}), []byte(word)) {
				continue
			}
			id, err := strconv.Atoi(filepath.Base(dir))
			require.NoError(t, err)
			parent, err := strconv.Atoi(f[1])
			require.NoError(t, err)
			found = append(found, process{id, parent})
		}
		return found
	}
	out, err := exec.CommandContext(t.Context(), "ps", "-axo", "pid=,ppid=,stat=,args=").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.Contains(line, word) || strings.HasPrefix(f[2], "Z") || f[3] == "ps" {
			continue
		}
		var p process
		p.id, err = strconv.Atoi(f[0])
		require.NoError(t, err)
		p.parent, err = strconv.Atoi(f[1])
		require.NoError(t, err)
		found = append(found, p)
	}
	return found
}
