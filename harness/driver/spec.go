package driver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// Runtime is a language at a version.
type Runtime struct {
	Language string // "python", "nodejs"
	Version  string // "3.11", "20"
}

// String returns "python-3.11".
func (r Runtime) String() string { return r.Language + "-" + r.Version }

// ParseRuntime parses what Runtime.String returns.
func ParseRuntime(s string) (Runtime, error) {
	language, version, ok := strings.Cut(s, "-")
	if !ok || language == "" || version == "" {
		return Runtime{}, fmt.Errorf("runtime %q: want language-version, as python-3.11", s)
	}
	return Runtime{Language: language, Version: version}, nil
}

// Architecture is the instruction set of a function.
type Architecture string

// The architectures, by the names that FaaS platforms use.
const (
	X64   Architecture = "x64"
	ARM64 Architecture = "arm64"
)

// Kind is the form of a package.
type Kind string

// The kinds of a package.
const (
	Archive Kind = "archive"
	Image   Kind = "image"
)

// Trigger is how a function is invoked.
type Trigger string

// The triggers.
const (
	HTTP Trigger = "http"
	SDK  Trigger = "sdk"
)

// Module is a store that a benchmark uses, by the name that config.json has
// for it.
type Module string

// The modules.
const (
	Storage Module = "storage"
	NoSQL   Module = "nosql"
)

// Spec says what to deploy.
type Spec struct {
	Name         string // see FunctionName
	Benchmark    string // "210.thumbnailer"
	Runtime      Runtime
	Variant      string // of the benchmark in its language: "pytorch"; empty: the default
	Architecture Architecture
	Kind         Kind
	Trigger      Trigger
	Modules      []Module // the stores used, sorted

	// Configuration: what Deploy reconciles without a new package.
	Memory      int           // MB
	Timeout     time.Duration // of one call, begun by the platform
	Environment map[string]string
}

// Package is built code. Paths are relative to the staged folder in what
// Platform.Build returns, and absolute in what Platform.Deploy gets.
type Package struct {
	Digest  string // SHA-256 in hex over all that can change the package; set by the build
	Kind    Kind
	Dir     string // the code as a folder: what an archive unpacks to
	Archive string // the archive file, for kind archive; where Build returns none, the package store zips Dir
	Image   string // the image's reference, for kind image
	Size    int64  // bytes of the archive or image
}

// Recipe is what a platform adds to a benchmark's sources, and by which tools
// it builds. All of it enters the digest.
type Recipe struct {
	// Fetch, where it is not nil, gets tools that are not here yet and that have
	// no identity before: base images. Then nothing else of the recipe is set;
	// who builds calls Fetch, which uses the network, and asks for the recipe
	// again. What cannot be had matches ErrUnavailable.
	Fetch func(ctx context.Context, log io.Writer) error

	Files    map[string][]byte // laid over the staged folder, by slash-separated path; a file that begins with #! is made executable
	Packages []string          // dependencies to add, in the notation of the language's manifest (requirements.txt line; name@version for package.json)
	Builder  string            // identity of the tools: interpreter path, version and ABI, or the base image's id; installer scripts by digest
}

// Implementation names the runtime and the variant unless it is the default:
// "python-3.11", "python-3.11-pytorch".
func (s Spec) Implementation() string {
	if s.Variant == "" {
		return s.Runtime.String()
	}
	return s.Runtime.String() + "-" + s.Variant
}

// FunctionName returns the name of the function for a run's prefix, no longer
// than limit bytes (at least 32): prefix, benchmark, implementation,
// architecture, kind and trigger, and what tells functions of one package
// apart, with every run of other characters than letters and digits turned
// into one dash. A name that is too long keeps its beginning and ends in a hash
// of the whole, so different functions keep different names.
func FunctionName(prefix string, s Spec, limit int, apart ...string) string {
	parts := []string{prefix, s.Benchmark, s.Implementation(), string(s.Architecture), string(s.Kind), string(s.Trigger)}
	full := strings.Join(append(parts, apart...), "-")
	name := strings.Join(strings.FieldsFunc(strings.ToLower(full), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
	if limit <= 0 || len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(full))
	tail := hex.EncodeToString(sum[:5])
	return strings.TrimRight(name[:max(limit-len(tail)-1, 0)], "-") + "-" + tail
}
