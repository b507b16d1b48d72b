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

// Builder installs the dependencies of functions in containers of a builder
// image: the language's installer over a base image.
type Builder struct {
	engine   *Engine
	platform string
	runtime  driver.Runtime
	arch     driver.Architecture
	base     Image
	files    map[string][]byte // the image's Dockerfile and what it copies
	packages string            // Debian's, added to the image
	digest   string
}

// Builder returns the builder of a platform for a runtime. The base image is
// pulled if it is missing; nothing is built yet. log gets a line about a pull.
func (e *Engine) Builder(ctx context.Context, platform string, rt driver.Runtime, arch driver.Architecture, log io.Writer) (*Builder, error) {
	base, err := e.BaseImage(ctx, platform, rt, arch, func(l dockerfiles.Language) dockerfiles.Images { return l.BuildImages }, log)
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
	return &Builder{engine: e, platform: platform, runtime: rt, arch: arch, base: base, files: files, digest: hex.EncodeToString(h.Sum(nil))}, nil
}

// BaseImage returns one of the images that the data file has for a runtime, of
// those that which selects.
func (e *Engine) BaseImage(ctx context.Context, platform string, rt driver.Runtime, arch driver.Architecture, which func(dockerfiles.Language) dockerfiles.Images, log io.Writer) (Image, error) {
	l, err := dockerfiles.Lookup(platform, rt.Language)
	if err != nil {
		return Image{}, err
	}
	name := which(l)[arch][rt.Version]
	if name == "" {
		return Image{}, fmt.Errorf("%s on %s: %w: there is no image for it", rt, arch, driver.ErrUnsupported)
	}
	if err := e.runs(arch); err != nil {
		return Image{}, err
	}
	return e.Image(ctx, name, arch, log)
}

// With returns the builder with Debian packages added to its image.
func (b *Builder) With(packages []string) *Builder {
	if len(packages) == 0 {
		return b
	}
	with := *b
	with.packages = strings.Join(packages, " ")
	sum := sha256.Sum256([]byte(b.digest + " " + with.packages))
	with.digest = hex.EncodeToString(sum[:])
	return &with
}

// String identifies the tools that build: base image and installer.
func (b *Builder) String() string { return fmt.Sprintf("%s, builder %s", b.base, b.digest) }

// image returns the builder image, made if it is missing.
func (b *Builder) image(ctx context.Context, log io.Writer) (string, error) {
	m := made{
		use: "build", platform: b.platform, runtime: b.runtime, arch: b.arch, digest: b.digest, files: b.files,
		arguments: map[string]*string{"BASE_IMAGE": &b.base.ID, "VERSION": &b.runtime.Version},
	}
	if b.packages != "" {
		m.arguments["PACKAGES"] = &b.packages
	}
	return b.engine.make(ctx, m, log)
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
func (b *Builder) Install(ctx context.Context, run driver.Run, dir, cache string, log io.Writer) (err error) {
	image, err := b.image(ctx, log)
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
	created, err := b.engine.ContainerCreate(settling, &container.Config{
		Image:     image,
		Env:       append(host.env, "TARGET_ARCHITECTURE="+string(b.arch)),
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
		if removeErr := b.engine.Discard(ctx, created.ID); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("remove the container of the build: %w", removeErr))
		}
	}()
	return b.engine.attend(ctx, created.ID, fmt.Sprintf("install %s", b.runtime), log)
}
