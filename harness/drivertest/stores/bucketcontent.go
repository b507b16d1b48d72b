package stores

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
)

// contentRules say that an object is what was put.
var contentRules = []rules.Rule[bucketTest]{
	{
		Name: "put-open",
		Why:  "inputs must reach functions, and outputs the checks, unchanged",
		Check: func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "key", "first, and longer than the second"),
				b.put(ctx, "key", "second"),
				b.holds(ctx, "key", "second"))
		},
	},
	{
		Name: "empty-object",
		Why:  "an empty output is an output, not a missing one",
		Check: func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "empty", ""),
				b.holds(ctx, "empty", ""),
				b.lists(ctx, "", driver.Object{Key: "empty"}))
		},
	},
	{
		Name: "large-object",
		Why:  "inputs of some megabytes are usual, and stores treat them apart from small ones",
		Check: func(ctx context.Context, b bucketTest) error {
			content := make([]byte, 8<<20)
			_, _ = rand.NewChaCha8([32]byte{}).Read(content)
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "large", string(content)),
				b.holds(ctx, "large", string(content)),
				b.lists(ctx, "", driver.Object{Key: "large", Size: 8 << 20}))
		},
	},
	{
		Name: "stream",
		Why:  "contents come from files and pipes that cannot be read twice",
		Check: func(ctx context.Context, b bucketTest) error {
			const size = 300_000
			content := strings.Repeat("0123456789", size/10)
			return errors.Join(
				b.Create(ctx, b.name),
				b.Put(ctx, b.name, "stream", io.MultiReader(strings.NewReader(content[:7]), strings.NewReader(content[7:])), size),
				b.holds(ctx, "stream", content))
		},
	},
	{
		Name: "short-content",
		Why:  "a truncated upload must not look like an input",
		Check: func(ctx context.Context, b bucketTest) error {
			if err := b.Create(ctx, b.name); err != nil {
				return err
			}
			if err := b.Put(ctx, b.name, "short", strings.NewReader("only this"), 1000); err == nil {
				return errors.New("a Put of 9 bytes as an object of 1000 succeeds, want an error")
			}
			return b.lists(ctx, "")
		},
	},
	{
		Name: "unusual-keys",
		Why:  "keys come from file names of other people's benchmarks",
		Check: func(ctx context.Context, b bucketTest) error {
			keys := []string{
				"with space", "plus+plus", "per%cent", "100%25", "a&b=c?d#e", "quo\"te'", "semi;colon:comma,",
				"(round)[square]{curly}", "tilde~dash-under_score.", "back\\slash", "ünïcödé/日本語/🙂",
				strings.Repeat("long/", 180) + "key",
			}
			slices.Sort(keys)
			if err := errors.Join(b.Create(ctx, b.name), b.putAll(ctx, keys)); err != nil {
				return err
			}
			err := b.lists(ctx, "", objects(keys)...)
			for _, key := range keys {
				err = errors.Join(err, b.holds(ctx, key, key))
			}
			return errors.Join(err,
				b.Delete(ctx, b.name, "per%cent"),
				b.Delete(ctx, b.name, "plus+"),
				b.missing(ctx, "per%cent"),
				b.missing(ctx, "plus+plus"),
				b.holds(ctx, "100%25", "100%25"))
		},
	},
	{
		Name: "missing-object",
		Why:  "callers tell a missing output from a broken store by the sentinel",
		Check: func(ctx context.Context, b bucketTest) error {
			return errors.Join(b.Create(ctx, b.name), b.missing(ctx, "missing"))
		},
	},
	{
		Name: "concurrent",
		Why:  "functions and harness use the store at the same time",
		Check: func(ctx context.Context, b bucketTest) error {
			keys := make([]string, 64)
			for i := range keys {
				keys[i] = fmt.Sprintf("%02d", i)
			}
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "shared", "shared"), b.putAll(ctx, keys), b.putAll(ctx, keys)); err != nil {
				return err
			}
			return errors.Join(
				each(keys, func(key string) error { return b.holds(ctx, key, key) }),
				each(keys, func(key string) error {
					if strings.HasSuffix(key, "0") {
						return b.put(ctx, "shared", "shared")
					}
					return b.holds(ctx, "shared", "shared")
				}),
				b.lists(ctx, "", objects(append(keys, "shared"))...))
		},
	},
}

// listRules say what a prefix of keys stands for.
var listRules = []rules.Rule[bucketTest]{
	{
		Name: "list-order",
		Why:  "SeBS's inputs are picked by their position in the list",
		Check: func(ctx context.Context, b bucketTest) error {
			// In byte order capital letters come before small ones, and "/"
			// comes after "-" and ".".
			sorted := []string{"A/z", "a-b", "a.b", "a/b", "a0", "aa", "b", "ä", "Ω"}
			err := b.Create(ctx, b.name)
			for _, key := range slices.Backward(sorted) {
				err = errors.Join(err, b.put(ctx, key, key))
			}
			return errors.Join(err, b.lists(ctx, "", objects(sorted)...))
		},
	},
	{
		Name: "list-prefix",
		Why:  "several benchmarks share one bucket and must see their own objects only",
		Check: func(ctx context.Context, b bucketTest) error {
			err := b.Create(ctx, b.name)
			for _, key := range []string{"in.", "in/a", "in/b/c", "in-2/a", "out/in/a"} {
				err = errors.Join(err, b.put(ctx, key, key))
			}
			return errors.Join(err,
				b.lists(ctx, "in/", objects([]string{"in/a", "in/b/c"})...),
				b.lists(ctx, "in/b", objects([]string{"in/b/c"})...),
				b.lists(ctx, "in", objects([]string{"in-2/a", "in.", "in/a", "in/b/c"})...),
				b.lists(ctx, "missing"))
		},
	},
	{
		Name: "list-many",
		Why:  "stores answer a thousand keys at a time, and what is beyond would be lost",
		Check: func(ctx context.Context, b bucketTest) error {
			keys := make([]string, 2100)
			for i := range keys {
				keys[i] = fmt.Sprintf("%04d", i)
			}
			if err := errors.Join(b.Create(ctx, b.name), b.putAll(ctx, keys)); err != nil {
				return err
			}
			return errors.Join(
				b.lists(ctx, "", objects(keys)...),
				b.lists(ctx, "1", objects(keys[1000:2000])...),
				b.Delete(ctx, b.name, "0"),
				b.lists(ctx, "", objects(keys[1000:])...),
				b.Delete(ctx, b.name, ""),
				b.lists(ctx, ""))
		},
	},
	{
		Name: "list-stops",
		Why:  "a caller that has found what it wants leaves the loop",
		Check: func(ctx context.Context, b bucketTest) error {
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "a", "1"), b.put(ctx, "b", "2")); err != nil {
				return err
			}
			for o, err := range b.List(ctx, b.name, "") {
				if err != nil || o.Key != "a" {
					return fmt.Errorf("the first object is %q, %w", o.Key, orNil(err))
				}
				break
			}
			return nil
		},
	},
	{
		Name: "delete",
		Why:  "output prefixes are emptied after an experiment, inputs are not",
		Check: func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.putAll(ctx, []string{"in/a", "out/a", "out/b/c", "out-2"}),
				b.Delete(ctx, b.name, "out/"),
				b.missing(ctx, "out/a"),
				b.lists(ctx, "", objects([]string{"in/a", "out-2"})...),
				b.Delete(ctx, b.name, "out/"))
		},
	},
}
