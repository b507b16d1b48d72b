package build_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

// shims builds C++ functions with a compiler and a CMake that only say what they
// were asked for, so that what is kept for other builds can be seen.
type shims struct {
	cache, made string // made has a line for each library of shims that was compiled
	tools       []string
}

func newShims(t *testing.T) shims {
	t.Helper()
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip("without flock nothing is kept")
	}
	dir := t.TempDir()
	s := shims{cache: filepath.Join(dir, "cache"), made: filepath.Join(dir, "made")}
	cxx, cmake := filepath.Join(dir, "g++"), filepath.Join(dir, "cmake")
	require.NoError(t, os.WriteFile(cxx, []byte("#!/bin/sh\necho compiler 12\n"), 0o755))
	require.NoError(t, os.WriteFile(cmake, []byte(`#!/bin/sh
[ "$1" = -S ] && { mkdir "$4"; exit; }
case $2 in
  build) cp .sebs/libsebs.a build/handler ;;
  *) echo made >>'`+s.made+`'; cat sebs/*.cpp >$2/libsebs.a ;;
esac
`), 0o755))
	s.tools = []string{"CXX=" + cxx, "CMAKE=" + cmake, "SHIMS_CACHE=" + s.cache}
	return s
}

// build builds a function with the given source of a shim, and returns what it
// consists of.
func (s shims) build(t *testing.T, shim string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sebs"), 0o755))
	for name, text := range map[string]string{"function.cpp": "f", "CMakeLists.txt": "", "sebs/CMakeLists.txt": "", "sebs/answer.cpp": shim} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	require.NoError(t, build.Install(t.Context(), dir, build.Installer{
		Runtime: driver.Runtime{Language: "cpp", Version: "12"}, Architecture: driver.X64, Platform: "process", Env: s.tools,
	}, io.Discard))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "sources and what was made of them are removed")
	built, err := os.ReadFile(filepath.Join(dir, "handler"))
	require.NoError(t, err)
	return string(built)
}

// compiled returns how many libraries were compiled.
func (s shims) compiled(t *testing.T) int {
	t.Helper()
	lines, err := os.ReadFile(s.made)
	require.NoError(t, err)
	return strings.Count(string(lines), "\n")
}

// entries returns the folders of what is kept.
func (s shims) entries(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.cache, "*", "libsebs.a"))
	require.NoError(t, err)
	for i, f := range found {
		found[i] = filepath.Dir(f)
	}
	return found
}

func TestShimsAreCompiledOnce(t *testing.T) {
	s := newShims(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { s.build(t, "one") })
	}
	all.Wait()
	require.Equal(t, 1, s.compiled(t), "builds at once wait for the first")
	require.Equal(t, "two", s.build(t, "two"), "other shims are another library")
	require.Equal(t, "one", s.build(t, "one"))
	require.Equal(t, 2, s.compiled(t))

	// Another compiler makes another one, whatever its path.
	cxx, _ := strings.CutPrefix(s.tools[0], "CXX=")
	require.NoError(t, os.WriteFile(cxx, []byte("#!/bin/sh\necho compiler 13\n"), 0o755))
	require.Equal(t, "one", s.build(t, "one"))
	require.Equal(t, 3, s.compiled(t))
}

// A library that is not as it was made is made again, and so is one whose build
// was killed.
func TestDamagedShims(t *testing.T) {
	s := newShims(t)
	s.build(t, "one")
	entry := s.entries(t)[0]
	for name, damage := range map[string]func(){
		"torn":    func() { require.NoError(t, os.Truncate(filepath.Join(entry, "libsebs.a"), 1)) },
		"missing": func() { require.NoError(t, os.Remove(filepath.Join(entry, "libsebs.a"))) },
		"no sums": func() { require.NoError(t, os.Remove(filepath.Join(entry, "sums"))) },
		"killed": func() {
			require.NoError(t, os.RemoveAll(entry))
			require.NoError(t, os.MkdirAll(filepath.Join(s.cache, "making", "headers"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(s.cache, "making", "libsebs.a"), []byte("on"), 0o644))
		},
	} {
		damage()
		require.Equal(t, "one", s.build(t, "one"), name)
		require.Equal(t, []string{entry}, s.entries(t), name)
	}
	require.Equal(t, 5, s.compiled(t))
}

// What was not used for long makes room.
func TestShimsAreBounded(t *testing.T) {
	s := newShims(t)
	s.build(t, "used again")
	used := s.entries(t)[0]
	for i := range 40 {
		old := filepath.Join(s.cache, fmt.Sprint(i))
		require.NoError(t, os.Mkdir(old, 0o755))
		require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-time.Duration(i+1)*time.Hour)))
	}
	require.NoError(t, os.Chtimes(used, time.Time{}, time.Now().Add(-1000*time.Hour)))
	s.build(t, "used again")
	left, err := filepath.Glob(filepath.Join(s.cache, "*", ""))
	require.NoError(t, err)
	require.Len(t, left, 32+1, "32 entries and the lock")
	require.Contains(t, left, used)
	require.Contains(t, left, filepath.Join(s.cache, "30"))
	require.NotContains(t, left, filepath.Join(s.cache, "31"))
}

// Where nothing can be kept, functions are built all the same.
func TestShimsWithoutCache(t *testing.T) {
	s := newShims(t)
	for name, cache := range map[string]string{"none": "", "a file": os.Args[0] + "/cache"} {
		s.tools[2] = "SHIMS_CACHE=" + cache
		require.Equal(t, name, s.build(t, name))
	}
	require.Equal(t, 2, s.compiled(t))
}
