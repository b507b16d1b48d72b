package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Store is where a benchmark keeps the objects and rows of its input, and
// where its outputs arrive: one bucket, shared by all benchmarks of a run, in
// which each has prefixes of its own, and tables. It also starts servers that
// the functions reach. A benchmark reaches nothing else through it. All methods
// are safe for concurrent use.
//
// The bucket and the platform's NoSQL store are opened on first use; a
// benchmark that names neither module in its config.json must not use them.
type Store struct {
	benchmark string
	bucket    string
	prefix    string // of real table names
	buckets   func(context.Context) (driver.Buckets, error)
	tables    func(context.Context) (driver.Tables, error)
	host      func(context.Context) (listen, reach string, err error) // of servers for functions
	servers   atomic.Int32
	created   *made
	reuse     bool // objects that an earlier run left may be used
}

// NewStore returns a store over a platform's buckets and tables, for tests of
// a benchmark's Input and Check. Either may be nil if the benchmark does not
// use it. names begins the names of the bucket and of tables. Servers listen on
// loopback.
func NewStore(benchmark, names string, buckets driver.Buckets, tables driver.Tables) *Store {
	return &Store{
		benchmark: benchmark,
		bucket:    names + "-benchmarks",
		prefix:    names,
		buckets: func(context.Context) (driver.Buckets, error) {
			if buckets == nil {
				return nil, errors.New("the benchmark's modules do not name storage")
			}
			return buckets, nil
		},
		tables: func(context.Context) (driver.Tables, error) {
			if tables == nil {
				return nil, errors.New("the benchmark's modules do not name nosql")
			}
			return tables, nil
		},
		host:    loopback,
		created: newMade(),
	}
}

// Bucket returns the name of the bucket, as functions use it.
func (s *Store) Bucket() string { return s.bucket }

// Input returns the prefix of the i-th set of inputs: a path without a slash
// at its end, "210.thumbnailer-0-input".
func (s *Store) Input(i int) string { return fmt.Sprintf("%s-%d-input", s.benchmark, i) }

// Output returns the prefix of the i-th set of outputs. It is emptied after an
// experiment.
func (s *Store) Output(i int) string {
	prefix := fmt.Sprintf("%s-%d-output", s.benchmark, i)
	s.created.output(prefix)
	return prefix
}

// Put stores size bytes of r in the bucket under key: one of the benchmark's
// prefixes, a slash, and the object's own name. On a platform where an earlier
// run left the same content under the key, nothing is sent; only an r that can
// seek is compared.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := s.own(key); err != nil {
		return err
	}
	b, err := s.open(ctx)
	if err != nil {
		return err
	}
	mark := func() error { return nil }
	if content, ok := r.(io.ReadSeeker); ok && s.reuse {
		var same bool
		if same, mark, err = s.compare(ctx, b, key, content, size); err != nil || same {
			return err
		}
	}
	if err := b.Put(ctx, s.bucket, key, r, size); err != nil {
		return fmt.Errorf("store %s: %w", key, err)
	}
	return mark()
}

// compare reports whether the bucket has the content under key already, and
// returns what to do once it was stored. Digests are objects beside the
// benchmark's prefixes.
func (s *Store) compare(ctx context.Context, b driver.Buckets, key string, content io.ReadSeeker, size int64) (bool, func() error, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, content); err != nil {
		return false, nil, fmt.Errorf("store %s: %w", key, err)
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return false, nil, fmt.Errorf("store %s: %w", key, err)
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	marker := s.benchmark + "-digests/" + key
	mark := func() error {
		if err := b.Put(ctx, s.bucket, marker, strings.NewReader(digest), int64(len(digest))); err != nil {
			return fmt.Errorf("store the digest of %s: %w", key, err)
		}
		return nil
	}
	have, err := s.Get(ctx, marker, 1<<10)
	if errors.Is(err, driver.ErrNotFound) || (err == nil && string(have) != digest) {
		return false, mark, nil
	}
	if err != nil {
		return false, nil, err
	}
	for o, err := range b.List(ctx, s.bucket, key) {
		if err != nil {
			return false, nil, fmt.Errorf("store %s: %w", key, err)
		}
		if o.Key == key && o.Size == size {
			return true, mark, nil
		}
	}
	return false, mark, nil
}

// Get returns the content of an object of at most limit bytes. One that does
// not exist matches driver.ErrNotFound.
func (s *Store) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	b, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	r, err := b.Open(ctx, s.bucket, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: it has more than %d bytes", key, limit)
	}
	return data, nil
}

// List lists the objects whose keys begin with prefix.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		b, err := s.open(ctx)
		if err != nil {
			yield(driver.Object{}, err)
			return
		}
		b.List(ctx, s.bucket, prefix)(yield)
	}
}

// Presign returns a URL from which a function can read an object for an hour
// without credentials.
func (s *Store) Presign(ctx context.Context, key string) (string, error) {
	b, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	return b.Presign(ctx, s.bucket, key, time.Hour)
}

// open returns the platform's buckets, with the run's bucket created.
func (s *Store) open(ctx context.Context) (driver.Buckets, error) {
	b, err := s.buckets(ctx)
	if err != nil {
		return nil, fmt.Errorf("object store: %w", err)
	}
	if err := s.created.once("bucket "+s.bucket, func() error { return b.Create(ctx, s.bucket) }); err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", s.bucket, err)
	}
	return b, nil
}
