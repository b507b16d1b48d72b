package sim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// objectServer serves presigned URLs on loopback. It starts with the first of
// them.
type objectServer struct {
	mu     sync.Mutex
	server *http.Server
	base   string
	signed map[string]signed // by the secret in the URL
	closed bool
}

// signed is an object that a URL gives access to.
type signed struct {
	world       *World
	bucket, key string
	expires     time.Time
}

// presign returns a URL from which the object can be read for a while.
func (o *objectServer) presign(ctx context.Context, w *World, bucket, key string, expires time.Duration) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return "", errClosed
	}
	if o.server == nil {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return "", fmt.Errorf("serve presigned URLs: %w", err)
		}
		o.base, o.signed = "http://"+l.Addr().String(), map[string]signed{}
		o.server = &http.Server{Handler: o, ReadHeaderTimeout: 10 * time.Second}
		go func(s *http.Server) { _ = s.Serve(l) }(o.server) // ends with close
	}
	secret := rand.Text()
	o.signed[secret] = signed{world: w, bucket: bucket, key: key, expires: time.Now().Add(expires)}
	return o.base + (&url.URL{Path: "/" + secret + "/" + key}).String(), nil
}

// ServeHTTP answers GET and HEAD of a presigned URL.
func (o *objectServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secret, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	o.mu.Lock()
	s, ok := o.signed[secret]
	o.mu.Unlock()
	if !ok || key != s.key || time.Now().After(s.expires) || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		http.Error(w, "the URL is not signed, has expired, or does not allow the method", http.StatusForbidden)
		return
	}
	s.world.mu.Lock()
	var data []byte
	if b := s.world.buckets[s.bucket]; b != nil {
		data, ok = b.objects[s.key]
	} else {
		ok = false
	}
	s.world.mu.Unlock()
	if !ok {
		http.Error(w, "the object does not exist", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) // a client that went away is no error of ours
	}
}

// close stops the server.
func (o *objectServer) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if o.server == nil {
		return nil
	}
	err := o.server.Close()
	o.server = nil
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
