package objectserver

import (
	"cmp"
	"context"
	"crypto/md5" // S3 defines an object's tag as its MD5 sum
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// store is what the protocol is served from: contents in numbered files of one
// folder, everything else in memory. Strings of requests alias buffers that
// are used again, so what is kept is cloned.
type store struct {
	backend.BackendUnsupported
	dir  string
	next atomic.Int64 // the number of the next file

	mu      sync.RWMutex
	buckets map[string]*bucket
}

// bucket is guarded by its store's mutex.
type bucket struct {
	created time.Time
	acl     []byte
	keys    []string // of objects, sorted in byte order
	objects map[string]object
	uploads map[string]*upload
}

// object is immutable.
type object struct {
	content
	header   header
	modified time.Time
}

// content is a file of the store's folder.
type content struct {
	file string
	size int64
	etag string // with quotes
}

// header is what a client says about an object and gets back with it.
type header struct {
	kind, encoding, disposition, language, cache, expires string
	metadata                                              map[string]string
}

// newHeader copies what a request says about an object.
func newHeader(kind, encoding, disposition, language, cache, expires *string, metadata map[string]string) header {
	h := header{
		kind:        keep(kind),
		encoding:    keep(encoding),
		disposition: keep(disposition),
		language:    keep(language),
		cache:       keep(cache),
		expires:     keep(expires),
		metadata:    make(map[string]string, len(metadata)),
	}
	for name, value := range metadata {
		h.metadata[strings.Clone(name)] = strings.Clone(value)
	}
	return h
}

func newStore(dir string) *store {
	return &store{dir: dir, buckets: map[string]*bucket{}}
}

// String names the store for versitygw.
func (s *store) String() string { return "SeBS" }

// ListBuckets lists buckets by name, from the one after the token.
func (s *store) ListBuckets(_ context.Context, in s3response.ListBucketsInput) (s3response.ListAllMyBucketsResult, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	result := s3response.ListAllMyBucketsResult{
		Owner:  s3response.CanonicalUser{ID: in.Owner},
		Prefix: in.Prefix,
	}
	most := cmp.Or(int(in.MaxBuckets), 10000)
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		if !strings.HasPrefix(name, in.Prefix) || name <= in.ContinuationToken {
			continue
		}
		if n := len(result.Buckets.Bucket); n == most {
			result.ContinuationToken = result.Buckets.Bucket[n-1].Name
			break
		}
		result.Buckets.Bucket = append(result.Buckets.Bucket,
			s3response.ListAllMyBucketsEntry{Name: name, CreationDate: s.buckets[name].created})
	}
	return result, nil
}

// CreateBucket creates a bucket that does not exist yet.
func (s *store) CreateBucket(_ context.Context, in *s3.CreateBucketInput, acl []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[*in.Bucket] != nil {
		return s3err.GetBucketErr(s3err.ErrBucketAlreadyOwnedByYou, *in.Bucket)
	}
	s.buckets[strings.Clone(*in.Bucket)] = &bucket{
		created: time.Now(),
		acl:     slices.Clone(acl),
		objects: map[string]object{},
		uploads: map[string]*upload{},
	}
	return nil
}

// HeadBucket says whether a bucket exists.
func (s *store) HeadBucket(_ context.Context, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, err := s.bucket(in.Bucket)
	return &s3.HeadBucketOutput{}, err
}

// DeleteBucket deletes a bucket without objects, and its unfinished uploads.
func (s *store) DeleteBucket(_ context.Context, name string) error {
	s.mu.Lock()
	b, err := s.bucket(&name)
	if err == nil && len(b.keys) > 0 {
		err = s3err.GetBucketErr(s3err.ErrBucketNotEmpty, name)
	}
	if err == nil {
		delete(s.buckets, name)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	var errs []error
	for _, u := range b.uploads {
		errs = append(errs, s.discard(u.contents()...))
	}
	return errors.Join(errs...)
}

// GetBucketAcl returns the bucket's access control, which every request reads.
func (s *store) GetBucketAcl(_ context.Context, in *s3.GetBucketAclInput) ([]byte, error) { //nolint:staticcheck // the name is versitygw's
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	return b.acl, nil
}

// PutBucketAcl replaces the bucket's access control.
func (s *store) PutBucketAcl(_ context.Context, name string, acl []byte) error { //nolint:staticcheck // the name is versitygw's
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(&name)
	if err != nil {
		return err
	}
	b.acl = slices.Clone(acl)
	return nil
}

// GetBucketPolicy says that there is none.
func (s *store) GetBucketPolicy(_ context.Context, name string) ([]byte, error) {
	return nil, s3err.GetBucketErr(s3err.ErrNoSuchBucketPolicy, name)
}

// GetBucketCors says that there is none.
func (s *store) GetBucketCors(_ context.Context, name string) ([]byte, error) {
	return nil, s3err.GetBucketErr(s3err.ErrNoSuchCORSConfiguration, name)
}

// GetObjectLockConfiguration says that there is none.
func (s *store) GetObjectLockConfiguration(context.Context, string) ([]byte, error) {
	return nil, s3err.GetAPIError(s3err.ErrObjectLockConfigurationNotFound)
}

// bucket returns an existing bucket. The caller holds the mutex.
func (s *store) bucket(name *string) (*bucket, error) {
	b := s.buckets[text(name)]
	if b == nil {
		return nil, s3err.GetBucketErr(s3err.ErrNoSuchBucket, text(name))
	}
	return b, nil
}

// put makes o the object called key and returns what it replaces.
func (b *bucket) put(key string, o object) (replaced content) {
	key = strings.Clone(key) // a map also takes over the key of an assignment to what it has
	old, exists := b.objects[key]
	if !exists {
		at, _ := slices.BinarySearch(b.keys, key)
		b.keys = slices.Insert(b.keys, at, key)
	}
	b.objects[key] = o
	return old.content
}

// delete removes the object called key, if there is one, and returns it.
func (b *bucket) delete(key string) (deleted content) {
	old, exists := b.objects[key]
	if exists {
		at, _ := slices.BinarySearch(b.keys, key)
		b.keys = slices.Delete(b.keys, at, at+1)
		delete(b.objects, key)
	}
	return old.content
}

// write writes r into a new file.
func (s *store) write(r io.Reader) (content, error) {
	return s.create(func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// concatenate writes parts into a new file.
func (s *store) concatenate(parts []content) (content, error) {
	return s.create(func(w io.Writer) error {
		for _, p := range parts {
			f, err := os.Open(p.file)
			if err != nil {
				return err
			}
			_, err = io.Copy(w, f)
			if closed := f.Close(); err == nil {
				err = closed
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// create makes a new file of what fill writes.
func (s *store) create(fill func(io.Writer) error) (content, error) {
	path := filepath.Join(s.dir, strconv.FormatInt(s.next.Add(1), 10))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return content{}, protocolError(err)
	}
	sum := md5.New()
	var size counter
	err = fill(io.MultiWriter(f, sum, &size))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		if removed := os.Remove(path); removed != nil {
			return content{}, errors.Join(err, removed)
		}
		return content{}, protocolError(err)
	}
	return content{file: path, size: int64(size), etag: quote(sum)}, nil
}

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// discard deletes files; the zero content has none.
func (s *store) discard(contents ...content) error {
	var errs []error
	for _, c := range contents {
		if c.file != "" {
			errs = append(errs, os.Remove(c.file))
		}
	}
	return errors.Join(errs...)
}

// protocolError returns the error that the client gets for one of reading its
// body or of writing the file.
func protocolError(err error) error {
	var known s3err.S3Error
	var file *os.PathError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		full := s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice)
		full.Description = "No space is left for objects in the folder for temporary files: free space, or set TMPDIR to another folder."
		return full
	case errors.As(err, &file):
		return err
	default:
		return s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
}

func quote(sum hash.Hash) string { return `"` + hex.EncodeToString(sum.Sum(nil)) + `"` }

// text returns what p points at, or nothing.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// keep returns a copy of what p points at that outlives the request.
func keep(p *string) string { return strings.Clone(text(p)) }

var _ backend.Backend = (*store)(nil)
