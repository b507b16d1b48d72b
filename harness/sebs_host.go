package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/inputpy"
)

// host gives an input.py the benchmark's store.
type host struct {
	store    *Store
	declared inputpy.Description
}

// prepare makes the buckets and tables exist that functions will use.
func (h *host) prepare(ctx context.Context) error {
	for _, t := range h.declared.Tables {
		if err := h.store.CreateTable(ctx, t.Name, t.Primary, t.Secondary); err != nil {
			return err
		}
	}
	for _, bucket := range h.Buckets() {
		if _, err := h.store.openBucket(ctx, bucket); err != nil {
			return err
		}
	}
	return nil
}

// names returns what generate_input gets of the object store.
func (h *host) names() inputpy.Names {
	names := inputpy.Names{Bucket: h.store.Bucket()}
	input, output := h.store.Input, h.store.Output
	if h.declared.Separate {
		input, output = h.store.inputBucket, h.store.outputBucket
	}
	for i := range h.declared.Inputs {
		names.Inputs = append(names.Inputs, input(i))
	}
	for i := range h.declared.Outputs {
		names.Outputs = append(names.Outputs, output(i))
	}
	return names
}

// Buckets returns the buckets that the benchmark uses.
func (h *host) Buckets() []string {
	if h.declared.Inputs+h.declared.Outputs == 0 {
		return nil
	}
	if h.declared.Separate {
		names := h.names()
		return append(names.Inputs, names.Outputs...)
	}
	return []string{h.store.Bucket()}
}

// Upload stores a file in an input.
func (h *host) Upload(ctx context.Context, index int, key, path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a named pipe must not be waited for
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("store %s: %s is not a file", key, path)
	}
	if !h.declared.Separate {
		return h.store.Put(ctx, h.store.Input(index)+"/"+key, f, info.Size())
	}
	bucket := h.store.inputBucket(index)
	b, err := h.store.openBucket(ctx, bucket)
	if err != nil {
		return err
	}
	if err := b.Put(ctx, bucket, key, f, info.Size()); err != nil {
		return fmt.Errorf("store %s in bucket %s: %w", key, bucket, err)
	}
	return nil
}

// PutItem stores an item in a table.
func (h *host) PutItem(ctx context.Context, table string, item map[string]any) error {
	return h.store.PutItem(ctx, table, item)
}

// Download writes an object to a file.
func (h *host) Download(ctx context.Context, bucket, key, path string) (err error) {
	b, err := h.open(ctx, bucket)
	if err != nil {
		return err
	}
	r, err := b.Open(ctx, bucket, key)
	if err != nil {
		return fmt.Errorf("read %s of bucket %s: %w", key, bucket, err)
	}
	defer r.Close()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NONBLOCK, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	if _, err := io.Copy(f, r); err != nil {
		return fmt.Errorf("read %s of bucket %s: %w", key, bucket, err)
	}
	return nil
}

// List lists the keys of a bucket.
func (h *host) List(ctx context.Context, bucket, prefix string) ([]string, error) {
	b, err := h.open(ctx, bucket)
	if err != nil {
		return nil, err
	}
	var keys []string
	for object, err := range b.List(ctx, bucket, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list bucket %s: %w", bucket, err)
		}
		keys = append(keys, object.Key)
	}
	return keys, nil
}

// open returns the object store for a bucket, which must be the benchmark's.
func (h *host) open(ctx context.Context, bucket string) (driver.Buckets, error) {
	if mine := h.Buckets(); !slices.Contains(mine, bucket) {
		return nil, fmt.Errorf("bucket %q is not the benchmark's: it has %q", bucket, mine)
	}
	return h.store.openBucket(ctx, bucket)
}

// inputBucket returns the name of the i-th input's own bucket, for benchmarks
// that expect one for each input and output.
func (s *Store) inputBucket(i int) string { return s.ownBucket(i, "input") }

// outputBucket returns the name of the i-th output's own bucket. It is emptied
// after an experiment.
func (s *Store) outputBucket(i int) string { return s.ownBucket(i, "output") }

// plainName is a benchmark's name that keeps its difference from all others if
// its dot becomes a dash.
var plainName = regexp.MustCompile(`^[0-9]+\.[a-z0-9]+(-[a-z0-9]+)*$`)

// ownBucket returns a bucket's name as S3, Cloud Storage and Azure take it: at
// most 63 lower-case letters, digits and single dashes.
func (s *Store) ownBucket(i int, what string) string {
	const limit = 63
	full := s.prefix + "-" + s.benchmark
	name := strings.Join(strings.FieldsFunc(strings.ToLower(full), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
	end := fmt.Sprintf("-%d-%s", i, what)
	if len(name)+len(end) > limit || !plainName.MatchString(s.benchmark) {
		sum := sha256.Sum256([]byte(full))
		end = "-" + hex.EncodeToString(sum[:5]) + end
		name = strings.TrimRight(name[:min(len(name), limit-len(end))], "-")
	}
	return name + end
}

// openBucket returns the object store, with the bucket created.
func (s *Store) openBucket(ctx context.Context, bucket string) (driver.Buckets, error) {
	if bucket == s.bucket {
		return s.open(ctx)
	}
	b, err := s.buckets(ctx)
	if err != nil {
		return nil, fmt.Errorf("object store: %w", err)
	}
	if err := s.created.once("bucket "+bucket, func() error { return b.Create(ctx, bucket) }); err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", bucket, err)
	}
	return b, nil
}

// emptyOutputBuckets deletes what functions wrote into outputs with a bucket
// of their own.
func (s *Store) emptyOutputBuckets(ctx context.Context) error {
	var errs []error
	for i := 0; s.created.has("bucket " + s.outputBucket(i)); i++ {
		bucket := s.outputBucket(i)
		b, err := s.openBucket(ctx, bucket)
		if err == nil {
			err = b.Delete(ctx, bucket, "")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("empty bucket %s: %w", bucket, err))
		}
	}
	return errors.Join(errs...)
}

// has reports whether once created something.
func (m *made) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.done[key]
}
