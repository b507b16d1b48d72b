package process

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/objects"
	"github.com/sebs-go/sebs/platforms/internal/objectserver"
)

// stores are the object store and the NoSQL store, each started when it is
// first used. Safe for concurrent use.
type stores struct {
	mu      sync.Mutex
	closed  bool
	server  *objectserver.Server
	buckets *objects.Store
}

// Buckets returns the object store, a server in this process.
func (p *Platform) Buckets(ctx context.Context) (driver.Buckets, error) {
	s := &p.stores
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.buckets != nil {
		return s.buckets, nil
	}
	server, err := objectserver.Start(ctx, p.run.Dir, p.run.Guard)
	if err != nil {
		return nil, err
	}
	buckets, err := objects.New(objects.Config{
		URL:       server.URL(),
		Region:    server.Region(),
		AccessKey: server.AccessKey(),
		SecretKey: server.SecretKey(),
		Prefix:    p.run.Prefix,
	})
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	s.server, s.buckets = server, buckets
	return buckets, nil
}

// Tables returns the NoSQL store.
func (p *Platform) Tables(context.Context) (driver.Tables, error) {
	return nil, fmt.Errorf("NoSQL store: %w", driver.ErrUnavailable)
}

// started returns the stores that were started, nil for one that was not.
func (s *stores) started() (driver.Buckets, driver.Tables) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b driver.Buckets
	if s.buckets != nil {
		b = s.buckets
	}
	return b, nil
}

// resources lists the buckets and tables of a run.
func (s *stores) resources(ctx context.Context, run driver.Run) iter.Seq2[driver.Resource, error] {
	return func(yield func(driver.Resource, error) bool) {
		b, t := s.started()
		list := func(kind string, names func(context.Context) ([]string, error)) bool {
			all, err := names(ctx)
			if err != nil {
				return yield(driver.Resource{}, err)
			}
			for _, n := range all {
				if !yield(driver.Resource{Kind: kind, Name: n, Run: run.ID, Expiry: run.Expiry}, nil) {
					return false
				}
			}
			return true
		}
		if b != nil && !list("bucket", b.Names) {
			return
		}
		if t != nil {
			list("table", t.Names)
		}
	}
}

// remove deletes a bucket or a table.
func (s *stores) remove(ctx context.Context, r driver.Resource) error {
	b, t := s.started()
	switch {
	case r.Kind == "bucket" && b != nil:
		return b.Remove(ctx, r.Name)
	case r.Kind == "table" && t != nil:
		return t.Remove(ctx, r.Name)
	case r.Kind == "bucket" || r.Kind == "table":
		return nil
	}
	return fmt.Errorf("resources of the kind %s: %w", r.Kind, driver.ErrUnsupported)
}

// close stops what was started.
func (s *stores) close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var err error
	if s.buckets != nil {
		s.buckets.Close()
		err = s.server.Stop()
		s.server, s.buckets = nil, nil
	}
	return err
}
