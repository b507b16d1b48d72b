//go:build local

package containers_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

func TestBuilderImageIsMadeOnce(t *testing.T) {
	base := makeImage(t, connect(t), "FROM "+pythonBuild+"\nENV BUILT_ON=override")
	t.Setenv("SEBS_IMAGES", pythonBuild+"="+base)
	e := connect(t)
	run := newRun(t, e)
	b, err := e.Tools(t.Context(), "local", python, e.Architecture(), t.Output())
	require.NoError(t, err)
	require.Contains(t, b.String(), base+"@sha256:")
	_, digest, found := strings.Cut(b.String(), ", builder ")
	require.True(t, found)
	builders := func() []image.Summary {
		all, err := e.ImageList(t.Context(), image.ListOptions{Filters: filters.NewArgs(
			filters.Arg("label", containers.LabelImage+"=build"), filters.Arg("label", containers.LabelDigest+"="+digest))})
		require.NoError(t, err)
		return all
	}
	require.Empty(t, builders(), "nothing is built before it is used")

	var first, second watched
	dir := staged(t, map[string]string{"package.sh": "echo on $BUILT_ON, $PYTHON_VERSION, $PLATFORM\n"})
	require.NoError(t, b.Install(t.Context(), run, dir, "", &first))
	made := builders()
	require.Len(t, made, 1)
	require.Len(t, made[0].RepoTags, 1)
	t.Cleanup(func() { removeImage(t, e, made[0].ID) })
	require.Contains(t, made[0].RepoTags[0], "sebs:build.local.python-3.11-")
	require.Contains(t, first.String(), "Step 1/")
	require.Contains(t, first.String(), "on override, 3.11, LOCAL")

	again, err := e.Tools(t.Context(), "local", python, e.Architecture(), t.Output())
	require.NoError(t, err)
	require.Equal(t, b.String(), again.String())
	dir = staged(t, map[string]string{"function.py": "x = 1\n"})
	require.NoError(t, again.Install(t.Context(), run, dir, "", &second))
	require.NotContains(t, second.String(), "Step 1/")
	require.Equal(t, made, builders())
}

// Installers run without root, as the folder's owner if that is not root, and
// the folder belongs to its owner afterwards.
func TestInstallAsTheOwner(t *testing.T) {
	e := connect(t)
	cache := filepath.Join(t.TempDir(), "downloads", "python")
	cases := []struct{ owner, runs int }{{os.Getuid(), os.Getuid()}}
	if os.Getuid() == 0 {
		cases = []struct{ owner, runs int }{{0, 65534}, {1234, 1234}, {0, 65534}}
	}
	for _, tt := range cases {
		t.Run(strconv.Itoa(tt.owner), func(t *testing.T) {
			run := newRun(t, e)
			dir := staged(t, map[string]string{
				"sub/function.py": "x = 1\n",
				"package.sh":      "mkdir -p $PIP_CACHE_DIR/x; echo x > $PIP_CACHE_DIR/x/y; id -u > who; id -G >> who; mkdir deep && touch deep/er; ! touch /usr/x; ! chown 0 who; umask >&2\n",
			})
			if os.Getuid() != tt.owner {
				require.NoError(t, filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
					require.NoError(t, err)
					return os.Chown(path, tt.owner, tt.owner)
				}))
			}
			var log watched
			require.NoError(t, installWith(t.Context(), t, e, run, dir, cache, &log), "%s", &log)
			who, err := os.ReadFile(filepath.Join(dir, "who"))
			require.NoError(t, err)
			id := strconv.Itoa(tt.runs)
			require.Equal(t, id, strings.Fields(string(who))[0])
			if os.Getuid() == 0 {
				require.Equal(t, id+"\n"+id+"\n", string(who), "no groups beside its own")
			}
			require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
				require.NoError(t, err)
				require.EqualValues(t, tt.owner, info.Sys().(*syscall.Stat_t).Uid, path)
				return nil
			}))
			require.Contains(t, strings.Join(names(tree(t, dir)), " "), "sub/__pycache__/function.")
			require.NotContains(t, names(tree(t, dir)), "package.sh")
			require.Equal(t, "x\n", tree(t, cache)["pip/x/y"], "users share downloads")
		})
	}
}

func TestInstallThatFails(t *testing.T) {
	without(t)
	t.Setenv("PIP_NO_INDEX", "1")
	e := connect(t)
	run := newRun(t, e)
	var log watched
	dir := staged(t, map[string]string{"requirements.txt": "sebs-has-no-such-package==1.0\n"})
	err := install(t.Context(), t, e, run, dir, &log)
	require.ErrorContains(t, err, "install python-3.11: exit status 1; the end of its log:\n")
	require.ErrorContains(t, err, "No matching distribution found for sebs-has-no-such-package==1.0")
	require.Contains(t, log.String(), "No matching distribution found")
}

func TestInstallLogsAsItComes(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	dir := staged(t, map[string]string{"package.sh": "echo first; until [ -e go ]; do sleep 0.01; done; echo second >&2\n"})
	var log watched
	log.when("first\n", func() {
		if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, install(t.Context(), t, e, run, dir, &log))
	require.Contains(t, log.String(), "first\nsecond\n")
}

// endless is a build that does not end by itself.
const endless = "echo running; sleep 1000 & sleep 1000\n"

func TestInstallCancelled(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	var log watched
	log.when("running\n", cancel)
	// It goes on to print, but not to the log once Install has returned.
	err := install(ctx, t, e, run, staged(t, map[string]string{"package.sh": "echo running; while :; do echo words; done\n"}), &log)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "install python-3.11")
	require.Empty(t, left(t, e, run))

	b, err := e.Tools(t.Context(), "local", python, e.Architecture(), t.Output())
	require.NoError(t, err)
	require.ErrorIs(t, b.Install(ctx, run, t.TempDir(), "", t.Output()), context.Canceled)
}

// A log that cannot be written ends the build: it would wait for its reader.
func TestInstallWithALogThatFails(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	b, err := e.Tools(t.Context(), "local", python, e.Architecture(), t.Output())
	require.NoError(t, err)
	dir := staged(t, map[string]string{"package.sh": "while :; do echo words; done\n"})
	log, err := os.Open(dir) // no file to write to
	require.NoError(t, err)
	defer log.Close()
	require.ErrorContains(t, b.Install(t.Context(), run, dir, "", log), "install python-3.11: its log: write")
}

// TestInstallKilled kills a process in the middle of a build.
func TestInstallKilled(t *testing.T) {
	const folder, id = "SEBS_TEST_FOLDER", "SEBS_TEST_RUN"
	e := connect(t)
	if dir := os.Getenv(folder); dir != "" {
		run := driver.Run{ID: os.Getenv(id), Prefix: os.Getenv(id), Log: os.Stdout}
		b, err := e.Tools(t.Context(), "local", python, e.Architecture(), os.Stdout)
		require.NoError(t, err)
		require.NoError(t, b.Install(t.Context(), run, dir, "", os.Stdout))
		return
	}
	run := newRun(t, e)
	dir := staged(t, map[string]string{"package.sh": endless})
	var log watched
	child := exec.Command(os.Args[0], "-test.run=^TestInstallKilled$")
	child.Env = append(os.Environ(), folder+"="+dir, id+"="+run.ID)
	child.Stdout, child.Stderr = &log, &log
	log.when("running\n", func() { _ = child.Process.Kill() })
	require.Error(t, child.Run())
	require.Contains(t, log.String(), "running\n", "it was killed in the middle")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, name := range left(t, e, run) {
		require.True(t, run.Owns(strings.TrimPrefix(name, "/")), "a sweep may remove %s", name)
		removed, failed := e.ContainerWait(ctx, name, container.WaitConditionRemoved)
		select {
		case <-removed:
		case err := <-failed:
			require.ErrorContains(t, err, "No such container")
		}
	}
	require.Empty(t, left(t, e, run), "it ended and went without anybody's help")
}
