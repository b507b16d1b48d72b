// Package dockerfiles says what each platform builds functions from. The file
// platforms.json is the one place for it: for each platform and language the
// versions, the pinned base images, the deployment files (shims of package
// wrappers) and the dependencies that shims need. The installer scripts, one
// for each language, are the same on every platform.
//
// The package reads and checks this data and nothing else: it runs no tools.
package dockerfiles

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/benchmarks/wrappers"
	"github.com/sebs-go/sebs/harness/driver"
)

// Release is the version of this suite in the names of images.
const Release = "0.1.0"

//go:embed *.sh platforms.json */*/Dockerfile.*
var files embed.FS

// Language is what a platform builds functions of one language from.
type Language struct {
	// As is the platform whose data is that of this language where it has none of
	// its own: versions, kept entries, additions and modules; empty: none.
	As string `json:"as,omitempty"`

	// Versions that are supported, the default first.
	Versions []string `json:"versions"`

	// BuildImages are the images that functions are built in, by architecture
	// and version, each with its exact tag. None on platforms that build with
	// the tools of this machine.
	BuildImages Images `json:"build_images,omitempty"`

	// RunImages are the images that functions run in, without build tools;
	// none where the platform has its own.
	RunImages Images `json:"run_images,omitempty"`

	// Command is how a function is started in its folder in a container.
	Command []string `json:"command,omitempty"`

	// Kept are the entries of a package beside the folder of the user's own
	// files: the handler first, then what it needs and what was installed.
	Kept []string `json:"kept,omitempty"`

	Addition // to every function

	// Modules are the additions to functions that use a module.
	Modules map[driver.Module]Addition `json:"modules,omitempty"`
}

// Images are names of images with exact tags, by architecture and version.
type Images map[driver.Architecture]map[string]string

// Addition is what is added to a function.
type Addition struct {
	// Files are paths in package wrappers, of the form
	// platform/language/name; name is the path in the function, but for Go.
	Files []string `json:"files,omitempty"`

	// Packages are dependencies, in the notation of the language's manifest.
	Packages []string `json:"packages,omitempty"`
}

// Platforms is the content of platforms.json: languages by their names, by
// platform.
type Platforms map[string]map[string]Language

// Data returns the content of platforms.json. The result is shared and must
// not be changed. Safe for concurrent use.
var Data = sync.OnceValues(func() (Platforms, error) {
	raw, err := files.ReadFile("platforms.json")
	if err != nil {
		return nil, err
	}
	p, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("dockerfiles/platforms.json: %w", err)
	}
	return p, nil
})

// parse decodes and checks platforms.json.
func parse(raw []byte) (Platforms, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var p Platforms
	if err := d.Decode(&p); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	for platform, languages := range p {
		for name, l := range languages {
			if l.As != "" {
				other, ok := p[l.As][name]
				if !ok || other.As != "" {
					return nil, fmt.Errorf("%s/%s: as %q: there is no language %s with additions of its own", platform, name, l.As, name)
				}
				if l.Files == nil && l.Packages == nil {
					l.Addition = other.Addition
				}
				if l.Modules == nil {
					l.Modules = other.Modules
				}
				if l.Versions == nil {
					l.Versions = other.Versions
				}
				if l.Kept == nil {
					l.Kept = other.Kept
				}
				languages[name] = l
			}
			if err := l.check(); err != nil {
				return nil, fmt.Errorf("%s/%s: %w", platform, name, err)
			}
		}
	}
	return p, nil
}

// check says what is wrong with the data of one language.
func (l Language) check() error {
	if len(l.Versions) == 0 {
		return errors.New("no versions")
	}
	for i, v := range l.Versions {
		if v == "" || strings.ContainsAny(v, "-/ ") || slices.Contains(l.Versions[:i], v) {
			return fmt.Errorf("version %q is malformed or named twice", v)
		}
	}
	for _, images := range []Images{l.BuildImages, l.RunImages} {
		if err := images.check(l.Versions); err != nil {
			return err
		}
	}
	additions := []Addition{l.Addition}
	for m, a := range l.Modules {
		if m != driver.Storage && m != driver.NoSQL {
			return fmt.Errorf("module %q: want %s or %s", m, driver.Storage, driver.NoSQL)
		}
		additions = append(additions, a)
	}
	for _, a := range additions {
		for _, f := range a.Files {
			if !fs.ValidPath(f) || strings.Count(f, "/") < 2 {
				return fmt.Errorf("file %q: want platform/language/name", f)
			}
		}
	}
	return nil
}

// check says what is wrong with the images for versions.
func (all Images) check(versions []string) error {
	for arch, images := range all {
		if arch != driver.X64 && arch != driver.ARM64 {
			return fmt.Errorf("images for architecture %q: want %s or %s", arch, driver.X64, driver.ARM64)
		}
		for _, v := range versions {
			if images[v] == "" {
				return fmt.Errorf("no image for version %s on %s", v, arch)
			}
		}
		for v, image := range images {
			if !slices.Contains(versions, v) {
				return fmt.Errorf("image %s for version %s, which is not supported", image, v)
			}
			_, tag, ok := strings.Cut(path.Base(image), ":")
			if !ok || tag == "" || tag == "latest" {
				return fmt.Errorf("image %s has no exact tag", image)
			}
		}
	}
	return nil
}

// Lookup returns the data of a language on a platform. One that is not listed
// matches driver.ErrUnsupported.
func Lookup(platform, language string) (Language, error) {
	p, err := Data()
	if err != nil {
		return Language{}, err
	}
	l, ok := p[platform][language]
	if !ok {
		return Language{}, fmt.Errorf("language %s on platform %s: %w", language, platform, driver.ErrUnsupported)
	}
	return l, nil
}

// For returns what is added to a function of l that uses modules: files and
// packages in the order of platforms.json, none twice.
func (l Language) For(modules []driver.Module) Addition {
	var sum Addition
	add := func(a Addition) {
		for _, f := range a.Files {
			if !slices.Contains(sum.Files, f) {
				sum.Files = append(sum.Files, f)
			}
		}
		for _, p := range a.Packages {
			if !slices.Contains(sum.Packages, p) {
				sum.Packages = append(sum.Packages, p)
			}
		}
	}
	add(l.Addition)
	for _, m := range slices.Sorted(slices.Values(modules)) {
		add(l.Modules[m])
	}
	return sum
}

// Files returns the deployment files of a function by their paths in it: the
// Files of a driver.Recipe.
func Files(platform, language string, modules []driver.Module) (map[string][]byte, error) {
	l, err := Lookup(platform, language)
	if err != nil {
		return nil, err
	}
	found := map[string][]byte{}
	for _, f := range l.For(modules).Files {
		data, err := wrappers.Files.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("deployment file of %s on platform %s: %w", language, platform, err)
		}
		name := place(f)
		if _, ok := found[name]; ok {
			return nil, fmt.Errorf("deployment file %s of %s on platform %s is named twice", name, language, platform)
		}
		found[name] = data
	}
	return found, nil
}

// place returns the path in a function of a deployment file. A Go package is
// imported by its path in this module, which is in the folder .sebs of a
// function. Functions import their stores by one path on all platforms, that of
// process; every other package is where its platform has it.
func place(file string) string {
	parts := strings.SplitN(file, "/", 3)
	platform, language, name := parts[0], parts[1], parts[2]
	if language != "go" {
		return name
	}
	if module, _, _ := strings.Cut(name, "/"); module == string(driver.Storage) || module == string(driver.NoSQL) {
		platform = "process"
	}
	return path.Join(".sebs/benchmarks/wrappers", platform, language, name)
}

// Builder returns the files from which the builder image of a language is made
// on a platform, by name: Dockerfile, entrypoint.sh and installer.sh.
func Builder(platform, language string) (map[string][]byte, error) {
	installer, err := Installer(language)
	if err != nil {
		return nil, err
	}
	dockerfile, err := Dockerfile(platform, language, "build")
	if err != nil {
		return nil, err
	}
	entrypoint, err := files.ReadFile("entrypoint.sh")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"Dockerfile": dockerfile, "entrypoint.sh": entrypoint, "installer.sh": installer}, nil
}

// Dockerfile returns Dockerfile.build, Dockerfile.run or Dockerfile.function of a
// language on a platform: how functions are built, what is added to the image
// that they run in, and how they become images. One that does not exist matches driver.ErrUnsupported.
func Dockerfile(platform, language, use string) ([]byte, error) {
	name := path.Join(platform, language, "Dockerfile."+use)
	data, err := files.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, fmt.Errorf("images of %s on platform %s: there is no dockerfiles/%s: %w", language, platform, name, driver.ErrUnsupported)
	}
	return data, err
}

// Installer returns the script that installs the dependencies of a language.
// One without an installer matches driver.ErrUnsupported.
func Installer(language string) ([]byte, error) {
	name := language + "_installer.sh"
	if !fs.ValidPath(name) || strings.Contains(name, "/") {
		return nil, fmt.Errorf("installer of %q: %w", language, driver.ErrUnsupported)
	}
	script, err := files.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("installer of %s: %w", language, driver.ErrUnsupported)
	}
	return script, err
}

// InstallerDigest returns the SHA-256 of a language's installer, in hex: what
// the identity of a platform's tools says of it. Safe for concurrent use.
func InstallerDigest(language string) (string, error) {
	script, err := Installer(language)
	sum := sha256.Sum256(script)
	return hex.EncodeToString(sum[:]), err
}
