//go:build local

package containers_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

var python = driver.Runtime{Language: "python", Version: "3.11"}

// pythonBuild and pythonRun are the images for it in platforms.json.
const (
	pythonBuild = "python:3.11.13-bookworm"
	pythonRun   = "python:3.11.13-slim-bookworm"
)

func connect(t *testing.T) *containers.Engine {
	t.Helper()
	e, err := containers.Connect(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// newRun returns a run, of which nothing may be left at the end of the test.
func newRun(t *testing.T, e *containers.Engine) driver.Run {
	t.Helper()
	id := "t" + strings.ToLower(rand.Text()[:12])
	run := driver.Run{ID: id, Prefix: id, Expiry: time.Now().Add(time.Hour), Dir: t.TempDir(), Log: t.Output()}
	t.Cleanup(func() { require.Empty(t, left(t, e, run)) })
	return run
}

// left lists what carries a run's label.
func left(t *testing.T, e *containers.Engine, run driver.Run) (names []string) {
	t.Helper()
	label := filters.NewArgs(filters.Arg("label", containers.LabelRun+"="+run.ID))
	all, err := e.ContainerList(context.Background(), container.ListOptions{All: true, Filters: label})
	require.NoError(t, err)
	for _, c := range all {
		names = append(names, c.Names...)
	}
	volumes, err := e.VolumeList(context.Background(), volume.ListOptions{Filters: label})
	require.NoError(t, err)
	for _, v := range volumes.Volumes {
		names = append(names, v.Name)
	}
	return names
}

// watched is a log that can be waited for.
type watched struct {
	mu    sync.Mutex
	text  bytes.Buffer
	over  bool // nothing may come any more
	wants map[string]func()
}

// when has f called, once, as soon as the log has text.
func (w *watched) when(text string, f func()) *watched {
	if w.wants == nil {
		w.wants = map[string]func(){}
	}
	w.wants[text] = f
	return w
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		panic("written to after the end: " + string(p))
	}
	w.text.Write(p)
	for text, f := range w.wants {
		if strings.Contains(w.text.String(), text) {
			delete(w.wants, text)
			f()
		}
	}
	return len(p), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *watched) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
}

// staged writes a folder of files.
func staged(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	for name, content := range files {
		writeFile(t, dir, name, content)
	}
	return dir
}

func writeFile(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

// install installs what a folder needs, without a folder for downloads.
func install(ctx context.Context, t *testing.T, e *containers.Engine, run driver.Run, dir string, log *watched) error {
	t.Helper()
	return installWith(ctx, t, e, run, dir, "", log)
}

func installWith(ctx context.Context, t *testing.T, e *containers.Engine, run driver.Run, dir, cache string, log *watched) error {
	t.Helper()
	b, err := e.Tools(ctx, "local", python, e.Architecture(), log)
	require.NoError(t, err)
	defer log.end()
	return b.Install(ctx, run, dir, cache, log)
}

// without takes package settings of this machine away, so that pip has no index
// but that of the test.
func without(t *testing.T) {
	t.Helper()
	for _, name := range []string{"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PIP_CONSTRAINT", "PIP_NO_INDEX"} {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
}

// small is a Dockerfile of an image with a file and nothing else.
const small = "FROM scratch\nCOPY Dockerfile /\n"

// makeImage makes an image of its own of a Dockerfile, and names it.
func makeImage(t *testing.T, e *containers.Engine, dockerfile string) (name string) {
	t.Helper()
	name = "sebs-test/" + strings.ToLower(rand.Text()[:12]) + ":1"
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(dockerfile))}))
	_, err := io.WriteString(w, dockerfile)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	res, err := e.ImageBuild(t.Context(), &files, build.ImageBuildOptions{Tags: []string{name}, Remove: true, ForceRemove: true, Labels: map[string]string{"made.for": name}})
	require.NoError(t, err)
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NotContains(t, string(said), `"error"`)
	t.Cleanup(func() { removeImage(t, e, name) })
	return name
}

func removeImage(t *testing.T, e *containers.Engine, name string) {
	t.Helper()
	_, err := e.ImageRemove(context.Background(), name, image.RemoveOptions{Force: true})
	require.NoError(t, err)
}

// tree returns the contents of a folder by name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir+"/")] = string(content)
		return err
	}))
	return files
}

// inside returns all that an image consists of: configuration, history, layers.
func inside(t *testing.T, e *containers.Engine, name string) string {
	t.Helper()
	var all bytes.Buffer
	saved, err := e.ImageSave(t.Context(), []string{name})
	require.NoError(t, err)
	defer saved.Close()
	_, err = io.Copy(&all, saved)
	require.NoError(t, err)
	found, err := e.ImageInspect(t.Context(), name)
	require.NoError(t, err)
	require.NoError(t, json.NewEncoder(&all).Encode(found))
	history, err := e.ImageHistory(t.Context(), name)
	require.NoError(t, err)
	require.NoError(t, json.NewEncoder(&all).Encode(history))
	return all.String()
}

func names(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
