//go:build local

package containers_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

// function returns a laid out package and the spec of a benchmark that no other
// test has. Its images are removed at the end.
func function(t *testing.T, e *containers.Engine, run driver.Run) (driver.Spec, string) {
	t.Helper()
	s := driver.Spec{Name: run.Prefix + "-f", Benchmark: "000." + run.ID, Runtime: python, Architecture: e.Architecture(), Kind: driver.Image}
	t.Cleanup(func() {
		all, err := e.ImageList(context.Background(), image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", "*:*"+run.ID+"*"))})
		if err != nil {
			t.Error(err)
		}
		for _, i := range all {
			removeImage(t, e, i.ID)
		}
	})
	return s, staged(t, map[string]string{
		"listen.py":                    "import sys\ndef main(): print('listening', sys.argv[-1])\n",
		"packages/big.py":              strings.Repeat("# a dependency\n", 1000),
		"function/function.py":         "def handler(event): return 1\n",
		"function/templates/page.html": "<html></html>",
	})
}

func TestAssemble(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	s, dir := function(t, e, run)
	first, size, err := e.Assemble(t.Context(), "local", s, dir, t.Output())
	require.NoError(t, err)
	t.Cleanup(func() { removeImage(t, e, first) })
	before, err := e.ImageInspect(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, before.Size, size)
	require.Equal(t, "65534:65534", before.Config.User)
	require.Equal(t, "function", before.Config.Labels[containers.LabelImage])
	named, err := e.ImageInspect(t.Context(), "sebs:function.local."+s.Benchmark+".python-3.11-"+string(s.Architecture)+"-0.1.0")
	require.NoError(t, err)
	require.Equal(t, first, named.ID)

	same, _, err := e.Assemble(t.Context(), "local", s, dir, t.Output())
	require.NoError(t, err)
	require.Equal(t, first, same, "nothing differs")

	t.Run("a change of the source is one small layer", func(t *testing.T) {
		writeFile(t, dir, "function/function.py", "def handler(event): return 2\n")
		second, _, err := e.Assemble(t.Context(), "local", s, dir, t.Output())
		require.NoError(t, err)
		after, err := e.ImageInspect(t.Context(), second)
		require.NoError(t, err)
		last := len(before.RootFS.Layers) - 1
		require.Len(t, after.RootFS.Layers, last+1)
		require.Equal(t, before.RootFS.Layers[:last], after.RootFS.Layers[:last])
		require.NotEqual(t, before.RootFS.Layers[last], after.RootFS.Layers[last])
		history, err := e.ImageHistory(t.Context(), second)
		require.NoError(t, err)
		for _, step := range history { // the newest first
			if step.Size > 0 {
				require.Contains(t, step.CreatedBy, "/function/")
				require.Less(t, step.Size, int64(1000))
				break
			}
		}
	})
	t.Run("no tools to build with and no downloads", func(t *testing.T) {
		out, err := exec.Command("docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", first, "-c",
			"id -u; for c in gcc cc g++ make; do command -v $c && exit 1; done; ls -A /var/cache/sebs /root/.cache /etc/sebs 2>/dev/null; touch /function/x 2>&1; find /function -perm /022 ! -type l").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Equal(t, "65534\ntouch: cannot touch '/function/x': Permission denied\n", string(out))
	})
	t.Run("it runs", func(t *testing.T) {
		out, err := exec.Command("docker", "run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", first).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Equal(t, "listening 8080\n", string(out))
	})
}

func TestAssembleErrors(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	s, _ := function(t, e, run)
	_, _, err := e.Assemble(t.Context(), "local", s, filepath.Join(t.TempDir(), "none"), t.Output())
	require.ErrorContains(t, err, "function image sebs:function.local."+s.Benchmark)
	require.ErrorContains(t, err, "none")

	s.Benchmark = "a benchmark"
	_, _, err = e.Assemble(t.Context(), "local", s, t.TempDir(), t.Output())
	require.ErrorContains(t, err, "benchmark a benchmark")

	s.Runtime = driver.Runtime{Language: "cobol", Version: "85"}
	_, _, err = e.Assemble(t.Context(), "local", s, t.TempDir(), t.Output())
	require.ErrorIs(t, err, driver.ErrUnsupported)
}

func TestAssembleCancelled(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	s, dir := function(t, e, run)
	ctx, cancel := context.WithCancel(t.Context())
	var log watched
	log.when("Step 4/", cancel)
	_, _, err := e.Assemble(ctx, "local", s, dir, &log)
	log.end()
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "function image sebs:function.local."+s.Benchmark)
	_, _, err = e.Assemble(ctx, "local", s, dir, &log)
	require.ErrorIs(t, err, context.Canceled)
}

func TestDeployed(t *testing.T) {
	e := connect(t)
	run := newRun(t, e)
	s, dir := function(t, e, run)
	id, _, err := e.Assemble(t.Context(), "local", s, dir, t.Output())
	require.NoError(t, err)
	p := driver.Package{Digest: strings.Repeat("ab", 32), Kind: driver.Image, Dir: dir, Image: id}
	var log watched
	deployed := func() string {
		t.Helper()
		name, err := e.Deployed(t.Context(), "sebs", "local", s, p, &log)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(name, "-abababababab"), name)
		found, err := e.ImageInspect(t.Context(), name)
		require.NoError(t, err)
		return found.ID
	}
	require.Equal(t, id, deployed(), "it is named")
	require.Equal(t, id, deployed(), "it is found")

	other := makeImage(t, e, "FROM "+pythonRun+"\nENV X="+run.ID)
	name, err := containers.FunctionImage("sebs", "local", s, p.Digest)
	require.NoError(t, err)
	require.NoError(t, e.ImageTag(t.Context(), other, name))
	require.Equal(t, id, deployed(), "its name had another image")
	require.Empty(t, log.String())

	removeImage(t, e, id)
	again := deployed()
	require.Contains(t, log.String(), "the engine lost the image "+id)
	require.Contains(t, log.String(), "assembled again")
	was := log.String()
	require.Equal(t, again, deployed(), "it was assembled again before")
	require.Equal(t, was, log.String())
}

func TestImageThatCannotBePulled(t *testing.T) {
	const nowhere = "127.0.0.1:1/none:1"
	t.Setenv("SEBS_IMAGES", pythonBuild+"="+nowhere)
	e := connect(t)
	for name, of := range map[string]error{
		pythonBuild: func() error {
			_, err := e.Tools(t.Context(), "local", python, e.Architecture(), t.Output())
			return err
		}(),
		nowhere: func() error {
			_, err := e.Image(t.Context(), nowhere, "", t.Output())
			return err
		}(),
	} {
		require.ErrorIs(t, of, driver.ErrUnavailable)
		require.ErrorContains(t, of, "image "+nowhere+" is not available on this machine and cannot be pulled: ")
		require.ErrorContains(t, of, "connection refused")
		require.ErrorContains(t, of, "SEBS_IMAGES="+name+"=")
	}
	pulled, err := e.Pulled(t.Context(), pythonBuild, "")
	require.NoError(t, err)
	require.False(t, pulled)
	pulled, err = e.Pulled(t.Context(), pythonRun, "")
	require.NoError(t, err)
	require.True(t, pulled)
	found, err := e.Image(t.Context(), pythonRun, e.Architecture(), t.Output())
	require.NoError(t, err)
	require.Equal(t, pythonRun, found.Name)
	require.True(t, strings.HasPrefix(found.String(), pythonRun+"@sha256:"))
}

// A recipe pulls nothing: it says what has to be fetched.
func TestRecipeWithoutImage(t *testing.T) {
	const nowhere = "127.0.0.1:1/none:1"
	features := driver.Features{
		Runtimes: []driver.Runtime{python}, Kinds: []driver.Kind{driver.Archive, driver.Image},
		Architectures: []driver.Architecture{connect(t).Architecture()}, Triggers: []driver.Trigger{driver.HTTP},
	}
	spec := driver.Spec{Runtime: python, Architecture: features.Architectures[0], Kind: driver.Archive, Trigger: driver.HTTP, Memory: 128}
	recipe := func(kind driver.Kind) driver.Recipe {
		b, err := containers.NewBuilder(connect(t), "local", features, driver.Run{Log: t.Output()})
		require.NoError(t, err)
		s := spec
		s.Kind = kind
		r, err := b.Recipe(t.Context(), s)
		require.NoError(t, err)
		return r
	}
	archive := recipe(driver.Archive)
	require.Nil(t, archive.Fetch)
	require.Contains(t, archive.Files, "handler.py")
	require.Contains(t, archive.Builder, pythonBuild+"@sha256:")

	t.Setenv("SEBS_IMAGES", pythonRun+"="+nowhere)
	require.Equal(t, archive, recipe(driver.Archive), "an archive does not depend on the image that it runs in")
	missing := recipe(driver.Image)
	require.ErrorIs(t, missing.Fetch(t.Context(), t.Output()), driver.ErrUnavailable)
	missing.Fetch = nil
	require.Empty(t, missing)
}
