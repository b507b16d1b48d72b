package containers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/cpuguy83/dockercfg"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"

	"github.com/sebs-go/sebs/harness/driver"
)

// overrides are the images that stand in for others, by their names; under ""
// what is put before all other names, for a mirror.
type overrides map[string]string

// readOverrides parses SEBS_IMAGES: a list of name=replacement, and of one
// mirror, which is put before all other names: "mirror.example/hub,
// minio/minio:RELEASE.x=my/minio:1".
func readOverrides(text string) (overrides, error) {
	all := overrides{}
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		name, replacement, isPair := strings.Cut(word, "=")
		name, replacement = strings.TrimSpace(name), strings.TrimSpace(replacement)
		whole := []string{name, replacement}
		if !isPair {
			name, replacement = "", strings.TrimSuffix(word, "/")
			whole = []string{replacement + "/image"}
		}
		_, twice := all[name]
		for _, image := range whole {
			if _, err := reference.ParseNormalizedNamed(image); err != nil || twice {
				return nil, fmt.Errorf("%q: want image=replacement, and at most one mirror as registry/path", word)
			}
		}
		all[name] = replacement
	}
	return all, nil
}

// of returns the image that is used for another.
func (o overrides) of(name string) string {
	if replacement := o[name]; replacement != "" {
		return replacement
	}
	if mirror := o[""]; mirror != "" {
		return mirror + "/" + name
	}
	return name
}

// Image is an image that the engine has.
type Image struct {
	Name string // what it was found under
	ID   string // "sha256:…", which identifies its content and configuration
}

// String returns "python:3.11.13-bookworm@sha256:…".
func (i Image) String() string { return i.Name + "@" + i.ID }

// Image returns the image called name, or what SEBS_IMAGES has for it. It is
// pulled if the engine does not have it; log gets a line about that. One that
// cannot be pulled matches driver.ErrUnavailable. An architecture that is not
// empty must be the image's.
func (e *Engine) Image(ctx context.Context, name string, arch driver.Architecture, log io.Writer) (Image, error) {
	used := e.images.of(name)
	found, err := e.ImageInspect(ctx, used)
	if err == nil && arch != "" && found.Architecture != goArch(arch) || errdefs.IsNotFound(err) {
		fmt.Fprintf(log, "pull image %s\n", used)
		if err := e.pull(ctx, used, arch, log); ctx.Err() != nil {
			return Image{}, fmt.Errorf("pull image %s: %w", used, ctx.Err())
		} else if err != nil {
			return Image{}, fmt.Errorf("image %s is %w and cannot be pulled: %w; pull or build it under this name, or name another with SEBS_IMAGES=%s=…",
				used, driver.ErrUnavailable, err, name)
		}
		found, err = e.ImageInspect(ctx, used)
	}
	if err != nil {
		return Image{}, fmt.Errorf("image %s: %w", used, err)
	}
	if arch != "" && found.Architecture != goArch(arch) {
		return Image{}, fmt.Errorf("image %s is for %s, not %s: %w", used, found.Architecture, goArch(arch), driver.ErrUnavailable)
	}
	return Image{Name: used, ID: found.ID}, nil
}

// Pulled reports whether the engine has the image called name, or what
// SEBS_IMAGES has for it, for an architecture; empty: any. It pulls nothing.
func (e *Engine) Pulled(ctx context.Context, name string, arch driver.Architecture) (bool, error) {
	found, err := e.ImageInspect(ctx, e.images.of(name))
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil && (arch == "" || found.Architecture == goArch(arch)), err
}

// goArch returns the name that images have for an architecture.
func goArch(a driver.Architecture) string {
	if a == driver.X64 {
		return "amd64"
	}
	return string(a)
}

// pull pulls an image, with the user's credentials if they can be had.
func (e *Engine) pull(ctx context.Context, name string, arch driver.Architecture, log io.Writer) error {
	options := image.PullOptions{}
	if arch != "" {
		options.Platform = "linux/" + goArch(arch)
	}
	var err error
	if options.RegistryAuth, err = authentication(name); err != nil {
		fmt.Fprintf(log, "%v: it is pulled without\n", err)
	}
	stream, err := e.ImagePull(ctx, name, options)
	if err != nil {
		return err
	}
	defer stream.Close()
	_, err = follow(stream, io.Discard)
	return err
}

// follow reads the engine's messages about a pull, a push or a build to their
// end, and writes what they say to log. It returns the id of the image that was
// built, if one was. The error is one that a message tells.
func follow(stream io.Reader, log io.Writer) (id string, err error) {
	messages := json.NewDecoder(stream)
	for {
		var m struct {
			Stream string `json:"stream"`
			Status string `json:"status"`
			Error  string `json:"error"`
			Aux    struct{ ID string }
		}
		if err := messages.Decode(&m); errors.Is(err, io.EOF) {
			return id, nil
		} else if err != nil {
			return "", fmt.Errorf("the engine's messages: %w", err)
		}
		if m.Error != "" {
			return "", errors.New(strings.TrimSpace(m.Error))
		}
		if m.Aux.ID != "" {
			id = m.Aux.ID
		}
		if m.Stream != "" {
			if _, err := io.WriteString(log, m.Stream); err != nil {
				return "", fmt.Errorf("log: %w", err)
			}
		}
	}
}

// authentication returns the user's credentials for the registry of an image,
// from the docker command's configuration and its helpers, as the engine wants
// them in a header; empty if there are none.
func authentication(name string) (string, error) {
	image, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", name, err)
	}
	host := dockercfg.ResolveRegistryHost(reference.Domain(image))
	user, secret, err := credentials(host)
	switch {
	case err != nil:
		return "", fmt.Errorf("credentials for the registry of %s: %w", name, err)
	case secret == "":
		return "", nil
	case user == "":
		return registry.EncodeAuthConfig(registry.AuthConfig{ServerAddress: host, IdentityToken: secret})
	}
	return registry.EncodeAuthConfig(registry.AuthConfig{ServerAddress: host, Username: user, Password: secret})
}

// credentials returns a user's name and password for a registry; without a name
// the password is a token, and without both there are none.
func credentials(host string) (user, secret string, err error) {
	path, err := dockercfg.ConfigPath()
	if err != nil {
		return "", "", err
	}
	var config dockercfg.Config
	if err := readJSON(path, &config); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", err
	}
	return config.GetRegistryCredentials(host)
}
