package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

// RunIdentity identifies the image that functions of a runtime run in: the base
// image, and the Dockerfile.run that is applied to it, if there is one. The base
// image is pulled if it is missing; log gets a line about that.
func (e *Engine) RunIdentity(ctx context.Context, platform string, rt driver.Runtime, arch driver.Architecture, log io.Writer) (string, error) {
	base, dockerfile, err := e.runBase(ctx, platform, rt, arch, log)
	if err != nil || dockerfile == nil {
		return base.String(), err
	}
	return fmt.Sprintf("%s with %q", base, dockerfile), nil
}

// RunImage returns the image that functions of a runtime run in, made if it is
// missing.
func (e *Engine) RunImage(ctx context.Context, platform string, rt driver.Runtime, arch driver.Architecture, log io.Writer) (Image, error) {
	base, dockerfile, err := e.runBase(ctx, platform, rt, arch, log)
	if err != nil || dockerfile == nil {
		return base, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q", base.ID, dockerfile))
	m := made{
		use: "run", platform: platform, runtime: rt, arch: arch, digest: hex.EncodeToString(sum[:]),
		files:     map[string][]byte{"Dockerfile": dockerfile},
		arguments: map[string]*string{"BASE_IMAGE": &base.ID},
	}
	id, err := e.make(ctx, m, log)
	return Image{Name: m.name(), ID: id}, err
}

// runBase returns the image under RunImage, and the Dockerfile over it; nil if
// there is none.
func (e *Engine) runBase(ctx context.Context, platform string, rt driver.Runtime, arch driver.Architecture, log io.Writer) (Image, []byte, error) {
	base, err := e.baseImage(ctx, platform, rt, arch, runImages, log)
	if err != nil {
		return Image{}, nil, err
	}
	dockerfile, err := dockerfiles.Dockerfile(platform, rt.Language, "run")
	if errors.Is(err, driver.ErrUnsupported) {
		return base, nil, nil
	}
	return base, dockerfile, err
}

// made is an image that is made of a few files, once for each digest.
type made struct {
	use       string // "build" or "run"
	platform  string
	runtime   driver.Runtime
	arch      driver.Architecture
	digest    string // of everything that it is made of
	files     map[string][]byte
	arguments map[string]*string
}

// name returns its name on this machine.
func (m made) name() string {
	return fmt.Sprintf("%s:%s.%s.%s-%s-%s", LocalRepository, m.use, m.platform, m.runtime, m.arch, m.digest[:12])
}

// make returns the id of an image, built if the engine does not have it.
func (e *Engine) make(ctx context.Context, m made, log io.Writer) (string, error) {
	found, err := e.ImageInspect(ctx, m.name())
	if err == nil && found.Config != nil && found.Config.Labels[LabelDigest] == m.digest {
		return found.ID, nil
	}
	if err != nil && !errdefs.IsNotFound(err) {
		return "", fmt.Errorf("image %s: %w", m.name(), err)
	}
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(m.files[name]))}); err != nil {
			return "", err
		}
		if _, err := w.Write(m.files[name]); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	id, err := e.build(ctx, &all, build.ImageBuildOptions{
		Tags:      []string{m.name()},
		BuildArgs: m.arguments,
		Labels:    map[string]string{LabelImage: m.use, LabelDigest: m.digest},
		Platform:  "linux/" + goArch(m.arch),
	}, log)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", m.name(), err)
	}
	return id, nil
}
