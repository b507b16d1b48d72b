package containers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

// Tools install the dependencies of functions in containers of a builder image:
// the language's installer over a base image.
type Tools struct {
	engine   *Engine
	platform string
	runtime  driver.Runtime
	arch     driver.Architecture
	base     Image
	files    map[string][]byte // the image's Dockerfile and what it copies
	packages string            // Debian's, added to the image
	digest   string
}

// Tools returns the tools of a platform for a runtime. The base image is pulled
// if it is missing; nothing is built yet. log gets a line about a pull.
func (e *Engine) Tools(ctx context.Context, platform string, rt driver.Runtime, arch driver.Architecture, log io.Writer) (*Tools, error) {
	base, err := e.baseImage(ctx, platform, rt, arch, buildImages, log)
	if err != nil {
		return nil, err
	}
	files, err := dockerfiles.Builder(platform, rt.Language)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %d\n%s", name, len(files[name]), files[name])
	}
	fmt.Fprintf(h, "%s %s", base.ID, rt)
	return &Tools{engine: e, platform: platform, runtime: rt, arch: arch, base: base, files: files, digest: hex.EncodeToString(h.Sum(nil))}, nil
}

// buildImages and runImages are the two kinds of base images.
func buildImages(l dockerfiles.Language) dockerfiles.Images { return l.BuildImages }
func runImages(l dockerfiles.Language) dockerfiles.Images   { return l.RunImages }

// baseName returns the name of one of the images that the data file has for a
// runtime, of those that which selects.
func (e *Engine) baseName(platform string, rt driver.Runtime, arch driver.Architecture, which func(dockerfiles.Language) dockerfiles.Images) (string, error) {
	l, err := dockerfiles.Lookup(platform, rt.Language)
	if err != nil {
		return "", err
	}
	name := which(l)[arch][rt.Version]
	if name == "" {
		return "", fmt.Errorf("%s on %s: %w: there is no image for it", rt, arch, driver.ErrUnsupported)
	}
	return name, e.runs(arch)
}

// baseImage returns the image of baseName, pulled if it is missing.
func (e *Engine) baseImage(ctx context.Context, platform string, rt driver.Runtime, arch driver.Architecture, which func(dockerfiles.Language) dockerfiles.Images, log io.Writer) (Image, error) {
	name, err := e.baseName(platform, rt, arch, which)
	if err != nil {
		return Image{}, err
	}
	return e.Image(ctx, name, arch, log)
}

// With returns the tools with Debian packages added to its image.
func (t *Tools) With(packages []string) *Tools {
	if len(packages) == 0 {
		return t
	}
	with := *t
	with.packages = strings.Join(packages, " ")
	sum := sha256.Sum256([]byte(t.digest + " " + with.packages))
	with.digest = hex.EncodeToString(sum[:])
	return &with
}

// String identifies the tools: base image and installer.
func (t *Tools) String() string { return fmt.Sprintf("%s, builder %s", t.base, t.digest) }

// image returns the builder image, made if it is missing.
func (t *Tools) image(ctx context.Context, log io.Writer) (string, error) {
	m := made{
		use: "build", platform: t.platform, runtime: t.runtime, arch: t.arch, digest: t.digest, files: t.files,
		arguments: map[string]*string{"BASE_IMAGE": &t.base.ID, "VERSION": &t.runtime.Version},
	}
	if t.packages != "" {
		m.arguments["PACKAGES"] = &t.packages
	}
	return t.engine.make(ctx, m, log)
}

// build builds an image from a context and returns its id.
func (e *Engine) build(ctx context.Context, files io.Reader, options build.ImageBuildOptions, log io.Writer) (string, error) {
	options.Version = build.BuilderV1 // needs no session, and has no other base images than those that the engine has
	options.Remove, options.ForceRemove = true, true
	res, err := e.ImageBuild(ctx, files, options)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	id, err := follow(res.Body, log)
	if err == nil && id == "" {
		err = errors.New("the engine does not say what it has built")
	}
	return id, err
}

// Install installs the dependencies of the staged folder dir, as the user who
// owns it. What the tools print goes to log, its last lines also into the error
// of an installation that failed. The container ends with ctx, and with this
// process. cache is a folder for the downloads of package managers; empty: none.
func (t *Tools) Install(ctx context.Context, run driver.Run, dir, cache string, log io.Writer) (err error) {
	image, err := t.image(ctx, log)
	if err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	host := hostSettings()
	mounts := append(host.mounts, mount.Mount{Type: mount.TypeBind, Source: dir, Target: "/mnt/function"})
	if cache != "" {
		if err := os.MkdirAll(cache, 0o755); err != nil {
			return err
		}
		mounts = append(mounts, mount.Mount{Type: mount.TypeBind, Source: cache, Target: "/var/cache/sebs"})
	}
	settling, cancel := Settling(ctx)
	defer cancel()
	created, err := t.engine.ContainerCreate(settling, &container.Config{
		Image:     image,
		Env:       append(host.env, "TARGET_ARCHITECTURE="+string(t.arch)),
		Labels:    Labels(run),
		OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
	}, &container.HostConfig{
		Mounts:      mounts,
		CapDrop:     []string{"ALL"},
		CapAdd:      []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"},
		SecurityOpt: []string{"no-new-privileges"},
		LogConfig:   container.LogConfig{Type: "none"},
		AutoRemove:  true, // nothing is left when this process was killed
	}, nil, nil, run.Prefix+"-build-"+strings.ToLower(rand.Text()[:8]))
	if err != nil {
		return fmt.Errorf("container of the build: %w", err)
	}
	defer func() {
		if removeErr := t.engine.Discard(ctx, created.ID); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("remove the container of the build: %w", removeErr))
		}
	}()
	return t.engine.attend(ctx, created.ID, fmt.Sprintf("install %s", t.runtime), log)
}
