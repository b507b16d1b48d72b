package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/nearest"
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

	folder  *sebs  // of a folder written for SeBS: what SeBS made; nil of any other
	instead string // why it runs in the place of such a folder
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
	if b.folder != nil {
		return b.folder.config, nil
	}
	c, err := ReadConfig(b.Files)
	if err != nil {
		return Config{}, fmt.Errorf("benchmark %s: %w", b.Name, err)
	}
	return c, nil
}

// guardedBy has the processes of its input.py killed should this one be.
func (b *Benchmark) guardedBy(g driver.Guard) {
	if b.folder != nil {
		b.folder.guardedBy(g)
	}
}

// notes returns what the user should know when the benchmark is selected; known
// are the languages that the platform has.
func (b *Benchmark) notes(known []string) []string {
	var notes []string
	if b.instead != "" {
		notes = append(notes, b.instead)
	}
	if b.folder != nil {
		for _, text := range b.folder.notes {
			notes = append(notes, b.Name+": "+text)
		}
		for _, language := range b.folder.languages() {
			if b.folder.unreadable == nil && !slices.Contains(known, language) {
				notes = append(notes, fmt.Sprintf("%s: config.json: no platform linked here has the language %q%s; it is left out", b.Name, language, nearest.Hint(language, known)))
			}
		}
	}
	return notes
}

// hasLanguage says why the benchmark has no function in a language that its
// config.json names.
func (b *Benchmark) hasLanguage(language string) error {
	if c, err := b.config(); err == nil && !c.Has(language) {
		return fmt.Errorf("it has no function in a language of the platforms linked here: %w", driver.ErrUnavailable)
	}
	info, err := fs.Stat(b.Files, language)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		if b.folder != nil { // as some of SeBS's are
			return fmt.Errorf("config.json names the language %s, but there is no folder %s: %w", language, language, driver.ErrUnavailable)
		}
		return fmt.Errorf("config.json names the language %s, but Files has no folder %s: write it, embed it, or take the language out of config.json", language, language)
	}
	if err != nil || b.folder == nil {
		return err
	}
	return b.folder.isFunction()
}

// modules returns the stores that the benchmark uses.
func (b *Benchmark) modules(ctx context.Context) ([]driver.Module, error) {
	if b.folder != nil {
		return b.folder.modules(ctx)
	}
	c, err := b.config()
	return c.Modules, err
}

// check says what is wrong with what a call of its function in a language gave.
func (b *Benchmark) check(ctx context.Context, size Size, payload any, language string, v *Invocation, store *Store) error {
	if b.folder != nil {
		r := returned{payload: payload, result: v.result, measurement: v.Measurement, others: v.others, languages: []string{language}}
		return b.folder.check(ctx, r, store)
	}
	return b.Check(ctx, size, payload, v.result, store)
}

// hint returns what may be the reason of failures, empty if nothing is known.
func (b *Benchmark) hint() string {
	if b.folder == nil {
		return ""
	}
	return b.folder.hint()
}
