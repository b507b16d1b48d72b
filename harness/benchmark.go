package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
)

// Benchmark is one workload: sources in one or more languages, input, check.
type Benchmark struct {
	// Name is the name of its folder, x.y.z by group, id and version, or with
	// SeBS's two parts: "210.thumbnailer".
	Name string

	// Files is the benchmark's folder: config.json, a folder per language, and
	// scripts.
	Files fs.FS

	// Serves says that Input starts servers for the functions, with the
	// store's ServeUDP and ServeTCP. It is left out where functions of the
	// platform cannot reach this process.
	Serves bool

	// Input makes the input of a size: it stores objects and rows in store and
	// returns the payload, which is encoded as a JSON object. It is
	// deterministic, apart from what the store itself names.
	Input func(ctx context.Context, size Size, store *Store) (payload any, err error)

	// Check says what is wrong with an output, or returns nil if it is right.
	// payload is what Input returned, output the JSON that the handler
	// returned as its result. It is called concurrently; ctx ends after a
	// minute, and a Check that does not heed it is ended by -timeout alone.
	Check func(ctx context.Context, size Size, payload any, output json.RawMessage, store *Store) error
}

// Size is how large an input is.
type Size string

// The sizes. Each is at least three times the measured work of the one before.
const (
	Test  Size = "test"
	Small Size = "small"
	Large Size = "large"
)

// Sizes lists all sizes, the smallest first.
var Sizes = []Size{Test, Small, Large}

// config returns the benchmark's config.json, decoded.
func (b *Benchmark) config() (Config, error) {
	c, err := ReadConfig(b.Files)
	if err != nil {
		return Config{}, fmt.Errorf("benchmark %s: %w", b.Name, err)
	}
	return c, nil
}
