package containers

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

// LocalRepository is the name of images that stay on this machine.
const LocalRepository = "sebs"

// functionFolder is the folder of a laid out package with the function's own
// files. Everything else in it changes only with the dependencies.
const functionFolder = "function"

// FunctionImage names a function's image in a repository: by platform,
// benchmark, implementation, architecture and release, and 12 digits of the
// package's digest, so that no name ever stands for other code.
func FunctionImage(repository, platform string, s driver.Spec, digest string) (string, error) {
	tag := fmt.Sprintf("function.%s.%s.%s-%s-%s-%s", platform, s.Benchmark, s.Implementation(), s.Architecture, dockerfiles.Release, digest[:min(12, len(digest))])
	if !tagPattern.MatchString(tag) {
		if !plainPattern.MatchString(tag) {
			return "", fmt.Errorf("benchmark %s: %q is no name of an image: use letters, digits, dots and dashes", s.Benchmark, tag)
		}
		sum := sha256.Sum256([]byte(tag)) // too long
		tag = tag[:maxTag-11] + "-" + hex.EncodeToString(sum[:5])
	}
	return repository + ":" + tag, nil
}

// maxTag is how long a tag may be.
const maxTag = 128

var (
	tagPattern   = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$`)
	plainPattern = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
)

// Assemble makes the image of a function out of the folder dir, a package that
// was installed and laid out: dependencies in one layer, the function's own
// files in another. It returns the image's id and size.
func (e *Engine) Assemble(ctx context.Context, platform string, s driver.Spec, dir string, log io.Writer) (id string, size int64, err error) {
	base, err := e.RunImage(ctx, platform, s.Runtime, s.Architecture, log)
	if err != nil {
		return "", 0, err
	}
	dockerfile, err := dockerfiles.Dockerfile(platform, s.Runtime.Language, "function")
	if err != nil {
		return "", 0, err
	}
	tag, err := FunctionImage(LocalRepository, platform, s, "")
	if err != nil {
		return "", 0, err
	}
	tag = strings.TrimSuffix(tag, "-")
	files, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := writeContext(w, dir, dockerfile)
		w.CloseWithError(err)
		written <- err
	}()
	id, err = e.build(ctx, files, build.ImageBuildOptions{
		Tags:      []string{tag},
		BuildArgs: map[string]*string{"BASE_IMAGE": &base.ID},
		Labels:    map[string]string{LabelImage: "function"},
		Platform:  "linux/" + goArch(s.Architecture),
	}, log)
	files.CloseWithError(errors.New("the build has ended"))
	if writeErr := <-written; err == nil && writeErr != nil {
		err = writeErr
	}
	if err != nil {
		return "", 0, fmt.Errorf("function image %s: %w", tag, err)
	}
	found, err := e.ImageInspect(ctx, id)
	if err != nil {
		return "", 0, err
	}
	return id, found.Size, nil
}

// writeContext writes what an image of the folder dir is built from. Files are
// everybody's to read and nobody's to write.
func writeContext(out io.Writer, dir string, dockerfile []byte) error {
	w := tar.NewWriter(out)
	if err := w.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(dockerfile))}); err != nil {
		return err
	}
	if _, err := w.Write(dockerfile); err != nil {
		return err
	}
	for _, folder := range []string{"dependencies/", functionFolder + "/"} {
		if err := w.WriteHeader(&tar.Header{Name: folder, Mode: 0o755, Typeflag: tar.TypeDir}); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // it was only read
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." || name == functionFolder && d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		to := name
		if !strings.HasPrefix(name, functionFolder+"/") {
			to = "dependencies/" + name
		}
		return writeEntry(w, root, name, to, info)
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// writeEntry writes the entry name of a folder as to.
func writeEntry(w *tar.Writer, root *os.Root, name, to string, info fs.FileInfo) error {
	h := &tar.Header{Name: to, Mode: 0o755}
	switch {
	case info.IsDir():
		h.Typeflag = tar.TypeDir
		h.Name += "/"
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := root.Readlink(name)
		if err != nil {
			return err
		}
		h.Typeflag, h.Linkname = tar.TypeSymlink, target
	case info.Mode().IsRegular():
		h.Typeflag, h.Size = tar.TypeReg, info.Size()
		if info.Mode()&0o111 == 0 {
			h.Mode = 0o644
		}
	default:
		return fmt.Errorf("%s is neither a file nor a folder", filepath.Join(root.Name(), name))
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeReg {
		return nil
	}
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Deployed returns the image of a package under its name in a repository of
// this machine. The engine has it, or it is named now, or assembled from the
// package's folder again.
func (e *Engine) Deployed(ctx context.Context, repository, platform string, s driver.Spec, p driver.Package, log io.Writer) (string, error) {
	name, err := FunctionImage(repository, platform, s, p.Digest)
	if err != nil {
		return "", err
	}
	named, err := e.ImageInspect(ctx, name)
	if err != nil && !errdefs.IsNotFound(err) {
		return "", err
	}
	if err == nil && named.ID == p.Image {
		return name, nil
	}
	id := p.Image
	if _, missing := e.ImageInspect(ctx, id); errdefs.IsNotFound(missing) {
		if err == nil { // it was assembled again before
			return name, nil
		}
		fmt.Fprintf(log, "the engine lost the image %s of %s: it is assembled again\n", id, s.Name)
		if id, _, err = e.Assemble(ctx, platform, s, p.Dir, log); err != nil {
			return "", err
		}
	} else if missing != nil {
		return "", missing
	}
	return name, e.ImageTag(ctx, id, name)
}

// emulators is where the kernel lists the programs that run those of other
// architectures.
var emulators = "/proc/sys/fs/binfmt_misc"

// runs says why the engine cannot run images of an architecture, or nil.
func (e *Engine) runs(arch driver.Architecture) error {
	if arch == e.Architecture() || !e.here() { // Docker Desktop emulates the other
		return nil
	}
	emulator := map[driver.Architecture]string{driver.ARM64: "qemu-aarch64", driver.X64: "qemu-x86_64"}[arch]
	if _, err := os.Stat(filepath.Join(emulators, emulator)); emulator == "" || err != nil {
		return fmt.Errorf("architecture %s is %w: the engine is %s and has no emulator: install one (docker run --privileged --rm tonistiigi/binfmt --install all, or the package qemu-user-static)",
			arch, driver.ErrUnavailable, e.Architecture())
	}
	return nil
}
