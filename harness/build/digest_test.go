package build_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

// inputs is everything that a package is made of, to change one at a time.
type inputs struct {
	files  fstest.MapFS
	recipe driver.Recipe
	job    build.Job
}

// newInputs returns inputs that have a value for everything.
func newInputs(t *testing.T) *inputs {
	t.Helper()
	in := &inputs{
		files: folder(),
		recipe: driver.Recipe{
			Files:    map[string][]byte{"handler.py": []byte("import function\n"), "answer.py": []byte("pass\n")},
			Packages: []string{"boto3==1.0", "minio==7.0"},
			Builder:  "/usr/bin/python3.11 3.11.7 cpython-311",
		},
	}
	in.job = job(t, nil, nil)
	in.files["package.sh"] = &fstest.MapFile{Data: []byte("true\n")}
	in.files["python/requirements.txt"] = &fstest.MapFile{Data: []byte("six\n")}
	return in
}

// withInit adds an init.sh, which can read the whole folder.
func (in *inputs) withInit() {
	in.files["init.sh"] = &fstest.MapFile{Data: []byte("true\n")}
	in.files["resources/a.txt"] = &fstest.MapFile{Data: []byte("a")}
}

func (in *inputs) write(name, data string) { in.files[name] = &fstest.MapFile{Data: []byte(data)} }

func (in *inputs) digest(t *testing.T, s *build.Store) string {
	t.Helper()
	in.job.Files = in.files
	in.job.Builder = &platform{recipe: in.recipe}
	r, err := s.Package(t.Context(), in.job)
	require.NoError(t, err)
	return r.Digest
}

// Every input that can change the package changes its digest, each in its own
// way.
func TestDigestChanges(t *testing.T) {
	s := openStore(t)
	changes := map[string]func(in *inputs){
		"nothing":     func(*inputs) {},
		"a byte":      func(in *inputs) { in.write("python/lib/helper.py", "X = 2\n") },
		"a byte less": func(in *inputs) { in.write("python/lib/helper.py", "X = 1") },
		"a name": func(in *inputs) {
			in.files["python/lib/other.py"] = in.files["python/lib/helper.py"]
			delete(in.files, "python/lib/helper.py")
		},
		"a folder's name": func(in *inputs) {
			in.files["python/lab/helper.py"] = in.files["python/lib/helper.py"]
			delete(in.files, "python/lib/helper.py")
		},
		"a mode":      func(in *inputs) { in.files["python/lib/helper.py"].Mode = 0o755 },
		"a file more": func(in *inputs) { in.write("python/empty", "") },
		"a file less": func(in *inputs) { delete(in.files, "python/tool.sh") },
		"content moved": func(in *inputs) {
			in.write("python/tool.sh", "X = 1\n")
			in.write("python/lib/helper.py", "#!/bin/bash\n")
		},
		"requirements":            func(in *inputs) { in.write("python/requirements.txt", "six==1\n") },
		"requirements of version": func(in *inputs) { in.write("python/requirements.txt.3.11", "six==2\n") },
		"package.sh":              func(in *inputs) { in.write("package.sh", "false\n") },
		"own package.sh":          func(in *inputs) { in.write("python/package.sh", "exit 0\n") },
		"a wrapper":               func(in *inputs) { in.recipe.Files["handler.py"] = []byte("import function \n") },
		"a wrapper's name": func(in *inputs) {
			in.recipe.Files["main.py"] = in.recipe.Files["handler.py"]
			delete(in.recipe.Files, "handler.py")
		},
		"a wrapper more":      func(in *inputs) { in.recipe.Files["x.py"] = nil },
		"a wrapper less":      func(in *inputs) { delete(in.recipe.Files, "answer.py") },
		"a package more":      func(in *inputs) { in.recipe.Packages = append(in.recipe.Packages, "x") },
		"a package less":      func(in *inputs) { in.recipe.Packages = in.recipe.Packages[:1] },
		"a package's version": func(in *inputs) { in.recipe.Packages[0] = "boto3==1.1" },
		"packages joined":     func(in *inputs) { in.recipe.Packages = []string{"boto3==1.0minio==7.0"} },
		"packages in order":   func(in *inputs) { slices.Reverse(in.recipe.Packages) },
		"the builder":         func(in *inputs) { in.recipe.Builder = "/usr/bin/python3.11 3.11.8 cpython-311" },
		"the platform":        func(in *inputs) { in.job.Platform = "other" },
		"the benchmark":       func(in *inputs) { in.job.Spec.Benchmark = "001.fake" },
		"the version":         func(in *inputs) { in.job.Spec.Runtime.Version = "3.12" },
		"the language": func(in *inputs) {
			in.job.Spec.Runtime.Language = "perl"
			in.recipe.Packages = nil
			for name, f := range maps.Clone(in.files) {
				if rest, ok := strings.CutPrefix(name, "python/"); ok {
					in.files["perl/"+rest] = f
				}
			}
		},
		"a variant's file": func(in *inputs) {
			in.job.Spec.Variant = "pypy"
			in.write("python/pypy/tool.sh", "#!/bin/sh\n")
		},
		"the kind":         func(in *inputs) { in.job.Spec.Kind = driver.Image },
		"the architecture": func(in *inputs) { in.job.Spec.Architecture = driver.ARM64 },
		"init.sh":          func(in *inputs) { in.withInit() },
		"init.sh changed":  func(in *inputs) { in.withInit(); in.write("init.sh", "exit 0\n") },
		"init.sh moved": func(in *inputs) {
			in.withInit()
			in.files["python/init.sh"] = in.files["init.sh"]
			delete(in.files, "init.sh")
		},
		"a resource of init.sh": func(in *inputs) { in.withInit(); in.write("resources/a.txt", "b") },
		"more of init.sh":       func(in *inputs) { in.withInit(); in.write("resources/b.txt", "a") },
	}
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		in := newInputs(t)
		changes[name](in)
		digest := in.digest(t, s)
		require.NotContains(t, seen, digest, "%q gives the same digest as %q", name, seen[digest])
		seen[digest] = name
	}

}

// What cannot change the package does not change its digest.
func TestDigestKeeps(t *testing.T) {
	s := openStore(t)
	want := newInputs(t).digest(t, s)
	for name, change := range map[string]func(in *inputs){
		"memory":           func(in *inputs) { in.job.Spec.Memory = 512 },
		"time-out":         func(in *inputs) { in.job.Spec.Timeout = time.Hour },
		"environment":      func(in *inputs) { in.job.Spec.Environment = map[string]string{"A": "B"} },
		"name":             func(in *inputs) { in.job.Spec.Name = "other" },
		"trigger":          func(in *inputs) { in.job.Spec.Trigger = driver.SDK },
		"clutter":          func(in *inputs) { in.write("python/lib/__pycache__/x.pyc", "x") },
		"another language": func(in *inputs) { in.write("nodejs/function.js", "x") },
		"another variant": func(in *inputs) {
			in.write("config.json", `{"languages": [{"language": "python", "variants": ["default", "pypy"]}]}`)
			in.write("python/pypy/function.py", "x")
		},
		"another version":           func(in *inputs) { in.write("python/requirements.txt.3.12", "x") },
		"resources without init.sh": func(in *inputs) { in.write("resources/a.txt", "x") },
		"mode of a script":          func(in *inputs) { in.files["python/tool.sh"].Mode = 0o755 }, // executable by its first line
	} {
		in := newInputs(t)
		change(in)
		require.Equal(t, want, in.digest(t, s), name)
	}

	in := newInputs(t)
	in.withInit()
	want = in.digest(t, s)
	in.write("nodejs/function.js", "x")
	require.Equal(t, want, in.digest(t, s), "another language, with an init.sh")

	variants := `{"languages": [{"language": "python", "variants": ["default", "pypy"]}, "nodejs"]}`
	in.write("config.json", variants)
	want = in.digest(t, s)
	in.write("python/pypy/function.py", "x")
	require.Equal(t, want, in.digest(t, s), "another variant, with an init.sh")
}

// An embedded folder and the same folder on disk give the same package.
func TestDigestOnDisk(t *testing.T) {
	s, in, dir := openStore(t), newInputs(t), t.TempDir()
	for name, f := range in.files {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), f.Data, 0o600))
	}
	want := in.digest(t, s)
	r, err := s.Package(t.Context(), build.Job{
		Builder: &platform{recipe: in.recipe}, Platform: "fake", Files: os.DirFS(dir), Spec: in.job.Spec,
	})
	require.NoError(t, err)
	require.Equal(t, want, r.Digest)

}

// Nothing of a folder on disk is read from elsewhere.
func TestLinksOnDisk(t *testing.T) {
	for link, want := range map[string]string{
		"python/lib/link": "python/lib/link is a symbolic link",
		"package.sh":      "package.sh is a symbolic link",
		"init.sh":         "init.sh is a symbolic link",
		"python/init.sh":  "python/init.sh is a symbolic link",
		"python":          "no folder python",
	} {
		dir, other := t.TempDir(), t.TempDir()
		writeFiles(t, other, "-- function.py --\n")
		if link != "python" {
			writeFiles(t, dir, "-- python/lib/function.py --\n")
			other = filepath.Join(other, "function.py")
		}
		require.NoError(t, os.Symlink(other, filepath.Join(dir, link)))
		_, err := openStore(t).Package(t.Context(), job(t, &platform{}, os.DirFS(dir)))
		require.ErrorContains(t, err, want, link)
	}
}
