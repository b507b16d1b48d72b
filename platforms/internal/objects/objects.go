// Package objects is driver.Buckets over the S3 protocol: for every platform
// whose object store speaks it.
//
// The package refuses to start or to find a store: it is given an address and
// credentials.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/sebs-go/sebs/harness/driver"
)

// Config says where the store is and what is ours in it.
type Config struct {
	URL         string // the store as this process reaches it, "http://127.0.0.1:9000"
	FunctionURL string // the store as functions reach it; empty: URL
	Direct      bool   // without an HTTP proxy: the store is on this machine or in one of its containers
	Region      string
	AccessKey   string
	SecretKey   string
	Prefix      string // of the run; buckets are named prefix-rest
}

// The environment through which functions reach the store.
const (
	EnvURL       = "SEBS_STORAGE_URL"
	EnvRegion    = "SEBS_STORAGE_REGION"
	EnvAccessKey = "SEBS_STORAGE_ACCESS_KEY"
	EnvSecretKey = "SEBS_STORAGE_SECRET_KEY"
)

// Store is an object store reached over S3. It keeps no state but idle
// connections.
type Store struct {
	config    Config
	client    *minio.Client // as this process reaches the store
	functions *minio.Client // signs URLs with the host that functions use
	transport *http.Transport
}

var _ driver.Buckets = (*Store)(nil)

// New returns the store at config. It does not connect.
func New(config Config) (*Store, error) {
	if config.FunctionURL == "" {
		config.FunctionURL = config.URL
	}
	transport, err := minio.DefaultTransport(strings.HasPrefix(config.URL, "https://"))
	if err != nil {
		return nil, fmt.Errorf("object store %s: %w", config.URL, err)
	}
	if config.Direct {
		transport.Proxy = nil
	}
	s := &Store{config: config, transport: transport}
	if s.client, err = s.connect(config.URL); err != nil {
		return nil, fmt.Errorf("object store %s: %w", config.URL, err)
	}
	if s.functions, err = s.connect(config.FunctionURL); err != nil {
		return nil, fmt.Errorf("object store %s: %w", config.FunctionURL, err)
	}
	return s, nil
}

// connect returns a client for an address.
func (s *Store) connect(address string) (*minio.Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("the address is not of the form http://host:port")
	}
	return minio.New(u.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(s.config.AccessKey, s.config.SecretKey, ""),
		Secure:       u.Scheme == "https",
		Transport:    s.transport,
		Region:       s.config.Region,
		BucketLookup: minio.BucketLookupPath,
		MaxRetries:   3,
	})
}

// Close closes idle connections.
func (s *Store) Close() { s.transport.CloseIdleConnections() }

// Create implements driver.Buckets.
func (s *Store) Create(ctx context.Context, bucket string) error {
	err := s.client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{Region: s.config.Region})
	switch minio.ToErrorResponse(err).Code {
	case minio.BucketAlreadyOwnedByYou:
		return nil
	case minio.BucketAlreadyExists: // by some stores' word also if it is ours
		if ours, headErr := s.client.BucketExists(ctx, bucket); headErr == nil && ours {
			return nil
		}
	}
	return sentinel(err)
}

// Put implements driver.Buckets.
func (s *Store) Put(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
	if size < 0 {
		return fmt.Errorf("the size %d is negative", size)
	}
	_, err := s.client.PutObject(ctx, bucket, key, r, size, minio.PutObjectOptions{PartSize: partSize})
	return sentinel(err)
}

// partSize is from which size on an object is uploaded in parts, bytes.
const partSize = 64 << 20

// Open implements driver.Buckets.
func (s *Store) Open(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	r, _, _, err := (&minio.Core{Client: s.client}).GetObject(ctx, bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, sentinel(err)
	}
	return r, nil
}

// List implements driver.Buckets.
func (s *Store) List(ctx context.Context, bucket, prefix string) iter.Seq2[driver.Object, error] {
	return func(yield func(driver.Object, error) bool) {
		for o := range s.list(ctx, bucket, prefix) {
			if o.Err != nil {
				yield(driver.Object{}, sentinel(o.Err))
				return
			}
			if !yield(driver.Object{Key: o.Key, Size: o.Size}, nil) {
				return
			}
		}
	}
}

// list lists objects; an error is the last. The client ends its list without
// one when the context is done.
func (s *Store) list(ctx context.Context, bucket, prefix string) iter.Seq[minio.ObjectInfo] {
	return func(yield func(minio.ObjectInfo) bool) {
		for o := range s.client.ListObjectsIter(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if !yield(o) || o.Err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(minio.ObjectInfo{Err: err})
		}
	}
}

// Delete implements driver.Buckets. It deletes in batches of a thousand.
func (s *Store) Delete(ctx context.Context, bucket, prefix string) error {
	var listing error
	deleted, err := s.client.RemoveObjectsWithIter(ctx, bucket, func(yield func(minio.ObjectInfo) bool) {
		for o := range s.list(ctx, bucket, prefix) {
			if o.Err != nil {
				listing = o.Err
				return
			}
			if !yield(o) {
				return
			}
		}
	}, minio.RemoveObjectsOptions{})
	if err != nil {
		return sentinel(err)
	}
	for result := range deleted {
		if result.Err != nil {
			return fmt.Errorf("object %s: %w", result.ObjectName, sentinel(result.Err))
		}
	}
	if listing == nil {
		listing = ctx.Err()
	}
	return sentinel(listing)
}

// Presign implements driver.Buckets.
func (s *Store) Presign(ctx context.Context, bucket, key string, expires time.Duration) (string, error) {
	u, err := s.functions.PresignedGetObject(ctx, bucket, key, expires, nil)
	if err != nil {
		return "", sentinel(err)
	}
	return u.String(), nil
}

// Names implements driver.Buckets.
func (s *Store) Names(ctx context.Context) ([]string, error) {
	all, err := s.client.ListBuckets(ctx)
	if err != nil {
		return nil, sentinel(err)
	}
	var names []string
	for _, b := range all {
		if strings.HasPrefix(b.Name, s.config.Prefix+"-") {
			names = append(names, b.Name)
		}
	}
	return names, nil
}

// Remove implements driver.Buckets.
func (s *Store) Remove(ctx context.Context, bucket string) error {
	err := s.Delete(ctx, bucket, "")
	if err == nil {
		err = sentinel(s.client.RemoveBucket(ctx, bucket))
	}
	if errors.Is(err, driver.ErrNotFound) {
		return nil
	}
	return err
}

// Access implements driver.Buckets.
func (s *Store) Access() driver.Access {
	return driver.Access{
		EnvURL:       s.config.FunctionURL,
		EnvRegion:    s.config.Region,
		EnvAccessKey: s.config.AccessKey,
		EnvSecretKey: s.config.SecretKey,
	}
}

// sentinel makes an error of the store match the driver's sentinel that it
// means.
func sentinel(err error) error {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.Code {
	case minio.NoSuchBucket, minio.NoSuchKey, "NotFound":
		return fmt.Errorf("%w: %w", driver.ErrNotFound, err)
	case minio.AccessDenied, "SignatureDoesNotMatch", "InvalidAccessKeyId":
		return fmt.Errorf("%w: %w", driver.ErrDenied, err)
	}
	return err
}
