package drivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Buckets checks that an object store keeps the rules of driver.Buckets. open
// returns the store for a run with the given prefix; it is called once. The
// store may hold other things: what the rules create begins with the prefix
// and is removed.
func Buckets(t *testing.T, open func(t *testing.T) driver.Buckets, prefix string) {
	t.Helper()
	store := open(t)
	for i, rule := range bucketRules {
		t.Run(rule.name, func(t *testing.T) {
			b := bucketTest{Buckets: store, prefix: prefix, name: fmt.Sprintf("%s-rule%02d", prefix, i)}
			t.Cleanup(func() {
				ctx := context.WithoutCancel(t.Context())
				if err := b.Remove(ctx, b.name); err != nil {
					t.Errorf("remove bucket %s: %v", b.name, err)
				}
			})
			if err := rule.check(t.Context(), b); err != nil {
				t.Errorf("%v\nThe rule matters because %s.", err, rule.why)
			}
		})
	}
}

// bucketTest is the store under test with a bucket's name for one rule. The
// bucket does not exist yet, and is removed after the rule.
type bucketTest struct {
	driver.Buckets
	prefix string
	name   string
}

// bucketRule is a rule of driver.Buckets.
type bucketRule struct {
	name  string
	why   string
	check func(ctx context.Context, b bucketTest) error
}

var bucketRules = []bucketRule{
	{
		"create-twice", "a benchmark creates its bucket without knowing whether an earlier one did",
		func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "kept", "content"),
				b.Create(ctx, b.name),
				b.holds(ctx, "kept", "content"))
		},
	},
	{
		"put-open", "inputs must reach functions, and outputs the checks, unchanged",
		func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "key", "first, and longer than the second"),
				b.put(ctx, "key", "second"),
				b.holds(ctx, "key", "second"))
		},
	},
	{
		"empty-object", "an empty output is an output, not a missing one",
		func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "empty", ""),
				b.holds(ctx, "empty", ""),
				b.lists(ctx, "", driver.Object{Key: "empty"}))
		},
	},
	{
		"large-object", "inputs of some megabytes are usual, and stores treat them apart from small ones",
		func(ctx context.Context, b bucketTest) error {
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
		"stream", "contents come from files and pipes that cannot be read twice",
		func(ctx context.Context, b bucketTest) error {
			const size = 300_000
			content := strings.Repeat("0123456789", size/10)
			return errors.Join(
				b.Create(ctx, b.name),
				b.Put(ctx, b.name, "stream", io.MultiReader(strings.NewReader(content[:7]), strings.NewReader(content[7:])), size),
				b.holds(ctx, "stream", content))
		},
	},
	{
		"short-content", "a truncated upload must not look like an input",
		func(ctx context.Context, b bucketTest) error {
			if err := b.Create(ctx, b.name); err != nil {
				return err
			}
			if err := b.Put(ctx, b.name, "short", strings.NewReader("only this"), 1000); err == nil {
				return errors.New("Put of 9 bytes as an object of 1000 succeeds, want an error")
			}
			return b.lists(ctx, "")
		},
	},
	{
		"list-order", "SeBS's inputs are picked by their position in the list",
		func(ctx context.Context, b bucketTest) error {
			// In byte order capital letters come before small ones, and "/"
			// comes after "-" and ".".
			sorted := []string{"A/z", "a", "a-b", "a.b", "a/b", "a0", "aa", "b", "ä", "Ω"}
			err := b.Create(ctx, b.name)
			for _, key := range slices.Backward(sorted) {
				err = errors.Join(err, b.put(ctx, key, key))
			}
			return errors.Join(err, b.lists(ctx, "", objects(sorted)...))
		},
	},
	{
		"list-prefix", "several benchmarks share one bucket and must see their own objects only",
		func(ctx context.Context, b bucketTest) error {
			err := b.Create(ctx, b.name)
			for _, key := range []string{"in", "in/a", "in/b/c", "in-2/a", "out/in/a"} {
				err = errors.Join(err, b.put(ctx, key, key))
			}
			return errors.Join(err,
				b.lists(ctx, "in/", objects([]string{"in/a", "in/b/c"})...),
				b.lists(ctx, "in/b", objects([]string{"in/b/c"})...),
				b.lists(ctx, "in", objects([]string{"in", "in-2/a", "in/a", "in/b/c"})...),
				b.lists(ctx, "missing"))
		},
	},
	{
		"list-many", "stores answer a thousand keys at a time, and what is beyond would be lost",
		func(ctx context.Context, b bucketTest) error {
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
		"list-stops", "a caller that has found what it wants leaves the loop",
		func(ctx context.Context, b bucketTest) error {
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "a", ""), b.put(ctx, "b", "")); err != nil {
				return err
			}
			for o, err := range b.List(ctx, b.name, "") {
				if err != nil || o.Key != "a" {
					return fmt.Errorf("the first object is %q, %w", o.Key, err)
				}
				break
			}
			return nil
		},
	},
	{
		"unusual-keys", "keys come from file names of other people's benchmarks",
		func(ctx context.Context, b bucketTest) error {
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
		"nested-keys", "a key is a name and not a path: one may continue another",
		func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "a/b", "longer"),
				b.put(ctx, "a", "shorter"),
				b.put(ctx, "a/b/c", "longest"),
				b.holds(ctx, "a", "shorter"),
				b.holds(ctx, "a/b", "longer"),
				b.holds(ctx, "a/b/c", "longest"))
		},
	},
	{
		"delete", "output prefixes are emptied after an experiment, inputs are not",
		func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.putAll(ctx, []string{"in/a", "out/a", "out/b/c", "out-2"}),
				b.Delete(ctx, b.name, "out/"),
				b.missing(ctx, "out/a"),
				b.lists(ctx, "", objects([]string{"in/a", "out-2"})...),
				b.Delete(ctx, b.name, "out/"))
		},
	},
	{
		"missing-object", "callers tell a missing output from a broken store by the sentinel",
		func(ctx context.Context, b bucketTest) error {
			return errors.Join(b.Create(ctx, b.name), b.missing(ctx, "missing"))
		},
	},
	{
		"missing-bucket", "a wrong name must not look like an empty bucket",
		func(ctx context.Context, b bucketTest) error {
			var listed error
			for _, err := range b.List(ctx, b.name, "") {
				listed = err
			}
			return errors.Join(
				b.missing(ctx, "key"),
				notFound("Put", b.put(ctx, "key", "content")),
				notFound("List", listed),
				notFound("Delete", b.Delete(ctx, b.name, "")))
		},
	},
	{
		"presign", "functions download inputs by URL, without credentials, as from the internet",
		func(ctx context.Context, b bucketTest) error {
			const key = "folder/with space+plus%ü.txt"
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, key, "content"), b.put(ctx, "other", "secret")); err != nil {
				return err
			}
			signed, err := b.Presign(ctx, b.name, key, 10*time.Minute)
			if err != nil {
				return fmt.Errorf("presign: %w", err)
			}
			if status, body, err := fetch(ctx, signed); err != nil || status != http.StatusOK || body != "content" {
				return fmt.Errorf("the presigned URL gives status %d and %q, %v, want 200 and %q", status, body, err, "content")
			}
			// What was signed is this object only.
			u, err := url.Parse(signed)
			if err != nil {
				return fmt.Errorf("presign: %w", err)
			}
			u.RawPath, u.Path = "", strings.Replace(u.Path, key, "other", 1)
			if status, _, err := fetch(ctx, u.String()); err != nil || status == http.StatusOK {
				return fmt.Errorf("the URL presigned for another object gives status %d, %v, want a refusal", status, err)
			}
			return nil
		},
	},
	{
		"presign-expires", "a URL in a result or log must become useless",
		func(ctx context.Context, b bucketTest) error {
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "key", "content")); err != nil {
				return err
			}
			signed, err := b.Presign(ctx, b.name, "key", time.Second)
			if err != nil {
				return fmt.Errorf("presign: %w", err)
			}
			// Clocks of a store are within a few seconds of ours.
			ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			again := time.NewTicker(200 * time.Millisecond)
			defer again.Stop()
			for {
				status, _, err := fetch(ctx, signed)
				if err != nil {
					return fmt.Errorf("a URL presigned for a second is still readable: %w", err)
				}
				if status != http.StatusOK {
					return nil
				}
				select {
				case <-again.C:
				case <-ctx.Done():
				}
			}
		},
	},
	{
		"names", "clean-up deletes what it lists, so it must list all of the run and nobody else's",
		func(ctx context.Context, b bucketTest) (err error) {
			longer := b.prefix + "x-rule"
			defer func() { err = errors.Join(err, b.Remove(context.WithoutCancel(ctx), longer)) }()
			if err := errors.Join(b.Create(ctx, b.name), b.Create(ctx, longer)); err != nil {
				return err
			}
			names, err := b.Names(ctx)
			switch {
			case err != nil:
				return fmt.Errorf("list the buckets: %w", err)
			case !slices.Contains(names, b.name):
				return fmt.Errorf("Names returns %q, want it to contain %q", names, b.name)
			case slices.Contains(names, longer):
				return fmt.Errorf("Names returns %q, want it not to contain %q of the longer prefix %q", names, longer, b.prefix+"x")
			}
			return nil
		},
	},
	{
		"remove", "a bucket that stays behind costs money",
		func(ctx context.Context, b bucketTest) error {
			err := errors.Join(
				b.Create(ctx, b.name),
				b.putAll(ctx, []string{"a", "b/c"}),
				b.Remove(ctx, b.name),
				b.missing(ctx, "a"))
			if err != nil {
				return err
			}
			names, err := b.Names(ctx)
			if err == nil && slices.Contains(names, b.name) {
				err = fmt.Errorf("Names returns %q after Remove of %q", names, b.name)
			}
			return errors.Join(err, b.Create(ctx, b.name), b.lists(ctx, ""))
		},
	},
	{
		"remove-twice", "clean-up is repeated after it was interrupted",
		func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Remove(ctx, b.name),
				b.Create(ctx, b.name),
				b.Remove(ctx, b.name),
				b.Remove(ctx, b.name))
		},
	},
	{
		"cancelled", "an interrupted run must end, and say that it was interrupted",
		func(ctx context.Context, b bucketTest) error {
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "key", "content")); err != nil {
				return err
			}
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			_, opened := b.Open(cancelled, b.name, "key")
			var listed error
			for _, err := range b.List(cancelled, b.name, "") {
				listed = err
			}
			_, named := b.Names(cancelled)
			return errors.Join(
				isCancelled("Create", b.Create(cancelled, b.name)),
				isCancelled("Put", b.Put(cancelled, b.name, "other", strings.NewReader("content"), 7)),
				isCancelled("Open", opened),
				isCancelled("List", listed),
				isCancelled("Delete", b.Delete(cancelled, b.name, "")),
				isCancelled("Names", named),
				isCancelled("Remove", b.Remove(cancelled, b.name)),
				b.lists(ctx, "", driver.Object{Key: "key", Size: 7}))
		},
	},
	{
		"concurrent", "functions and harness use the store at the same time",
		func(ctx context.Context, b bucketTest) error {
			keys := make([]string, 64)
			for i := range keys {
				keys[i] = fmt.Sprintf("%02d", i)
			}
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "shared", "shared"), b.putAll(ctx, keys)); err != nil {
				return err
			}
			return errors.Join(
				each(keys, func(key string) error { return b.holds(ctx, key, key) }),
				each(keys, func(key string) error {
					return errors.Join(b.put(ctx, "shared", "shared"), b.holds(ctx, "shared", "shared"))
				}),
				b.lists(ctx, "", objects(append(keys, "shared"))...))
		},
	},
	{
		"access", "functions find the store through their environment",
		func(_ context.Context, b bucketTest) error {
			for name := range b.Access() {
				if !strings.HasPrefix(name, "SEBS_") {
					return fmt.Errorf("Access has the variable %s, want names that begin with SEBS_", name)
				}
			}
			return nil
		},
	},
}

// put stores content under key.
func (b bucketTest) put(ctx context.Context, key, content string) error {
	if err := b.Put(ctx, b.name, key, strings.NewReader(content), int64(len(content))); err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	return nil
}

// putAll stores each key as its own content, several at once.
func (b bucketTest) putAll(ctx context.Context, keys []string) error {
	return each(keys, func(key string) error { return b.put(ctx, key, key) })
}

// holds checks an object's content.
func (b bucketTest) holds(ctx context.Context, key, want string) error {
	r, err := b.Open(ctx, b.name, key)
	if err != nil {
		return fmt.Errorf("open %q: %w", key, err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("read %q: %w", key, err)
	}
	if !bytes.Equal(got, []byte(want)) {
		return fmt.Errorf("object %q has %s, want %s", key, excerpt(string(got)), excerpt(want))
	}
	return nil
}

// missing checks that an object does not exist.
func (b bucketTest) missing(ctx context.Context, key string) error {
	r, err := b.Open(ctx, b.name, key)
	if err == nil {
		err = r.Close()
	}
	return notFound("Open of "+key, err)
}

// lists checks the objects whose keys begin with prefix.
func (b bucketTest) lists(ctx context.Context, prefix string, want ...driver.Object) error {
	got, err := collect(b.List(ctx, b.name, prefix))
	if err != nil {
		return fmt.Errorf("list %q: %w", prefix, err)
	}
	if slices.Equal(got, want) {
		return nil
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Errorf("the list of %q has %d objects, want %d; they differ from object %d on: %v, want %v", prefix,
				len(got), len(want), i, got[min(i, len(got)):min(i+3, len(got))], want[min(i, len(want)):min(i+3, len(want))])
		}
	}
	return nil
}

// objects returns the objects that putAll makes.
func objects(keys []string) []driver.Object {
	all := make([]driver.Object, len(keys))
	for i, key := range keys {
		all[i] = driver.Object{Key: key, Size: int64(len(key))}
	}
	return all
}

// collect returns what a list has, up to its error.
func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// each calls do for every key, eight at a time.
func each(keys []string, do func(key string) error) error {
	errs := make([]error, len(keys))
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				errs[i] = do(keys[i])
			}
		})
	}
	for i := range keys {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}

// notFound checks that an operation's error is the sentinel.
func notFound(operation string, err error) error {
	if !errors.Is(err, driver.ErrNotFound) {
		return fmt.Errorf("%s returns %w, want an error that matches driver.ErrNotFound", operation, orNil(err))
	}
	return nil
}

// isCancelled checks that an operation's error is the context's.
func isCancelled(operation string, err error) error {
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s with a cancelled context returns %w, want an error that matches context.Canceled", operation, orNil(err))
	}
	return nil
}

// errNil stands for no error where one is expected.
var errNil = errors.New("nil")

func orNil(err error) error {
	if err == nil {
		return errNil
	}
	return err
}

// fetch reads a URL without any credentials.
func fetch(ctx context.Context, address string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	request.Close = true // the store may stop before an idle connection ends
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// excerpt describes content in one line.
func excerpt(content string) string {
	const most = 40
	if len(content) <= most {
		return fmt.Sprintf("%q", content)
	}
	return fmt.Sprintf("%d bytes %q…", len(content), content[:most])
}
