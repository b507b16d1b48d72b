// Package objectserver is an S3 server inside this process, for functions
// that run on this machine: on loopback, with generated credentials that it
// checks, and with its objects in a folder that it deletes.
//
// The protocol (signatures, presigned URLs, ranges, chunked and multipart
// uploads) is versitygw's. The store behind it is this package's own, because
// versitygw's changes the working directory of the process, keeps an object's
// key as a path, so that "a" and "a/b" exclude each other, and needs a file
// system with extended attributes.
//
// The package refuses to keep anything beyond Stop, to listen beyond
// loopback, and to have what a benchmark does not need: versions, policies,
// tags, locks and encryption are answered as not implemented.
package objectserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"

	"github.com/sebs-go/sebs/harness/driver"
)

// region is what clients sign with.
const region = "us-east-1"

// The server's bounds. Requests beyond maxRequests at once are refused, so it
// is more than the calls that a burst makes.
const (
	maxConnections = 65536
	maxRequests    = 16384
	maxParts       = 10000
)

// patience is how long a server may take to answer once it is bound, and to
// end once it is shut down.
const patience = 10 * time.Second

// Server is a running S3 server.
type Server struct {
	address string
	access  string
	secret  string

	api     *s3api.S3ApiServer
	served  chan error // receives once, when serving has ended
	dir     string
	release func()
	stop    sync.Once
	stopErr error
}

// Start starts a server that keeps its objects in a new folder below dir. The
// folder is registered with guard. Several servers may run in one process.
func Start(ctx context.Context, dir string, guard driver.Guard) (*Server, error) {
	folder, err := os.MkdirTemp(dir, "objects-")
	if err != nil {
		return nil, fmt.Errorf("start the object store: %w", err)
	}
	s := &Server{
		access:  "SEBS" + rand.Text()[:16],
		secret:  rand.Text() + rand.Text(),
		dir:     folder,
		release: guard.Folder(folder),
	}
	if err := s.serve(ctx); err != nil {
		err = errors.Join(fmt.Errorf("start the object store: %w", err), os.RemoveAll(folder))
		s.release()
		return nil, err
	}
	return s, nil
}

// serve starts serving on a free port of loopback and returns once the port
// answers. versitygw takes a port number, not a listener, so a number that was
// free may be taken before it is bound; then another is tried.
func (s *Server) serve(ctx context.Context) error {
	const attempts = 20
	var last error
	for range attempts {
		address, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		bound := make(chan struct{})
		api, err := s3api.New(newStore(s.dir),
			middlewares.RootUserConfig{Access: s.access, Secret: s.secret}, region,
			auth.NewIAMServiceSingle(auth.Account{Access: s.access, Secret: s.secret, Role: auth.RoleAdmin}),
			nil, nil, nil, nil,
			s3api.WithQuiet(),
			s3api.WithKeepAlive(),
			s3api.WithConcurrencyLimiter(maxConnections, maxRequests),
			s3api.WithMpMaxParts(maxParts),
			s3api.WithMiddleware("/", closeAfterChunks),
			s3api.WithMiddleware("/", keepEncoding),
			s3api.WithOnListen(func() { close(bound) }),
		)
		if err != nil {
			return err
		}
		served := make(chan error, 1)
		s.address, s.api, s.served = address, api, served
		go func() { served <- api.ServeMultiPort([]string{address}) }()
		select {
		case <-bound:
			if err := s.answers(ctx); err != nil {
				return errors.Join(err, s.end())
			}
			return nil
		case err := <-served:
			if !errors.Is(err, syscall.EADDRINUSE) {
				return err
			}
			last = err
		case <-ctx.Done():
			// What is still to be bound is shut down as soon as it is.
			go func() {
				select {
				case <-bound:
					_ = s.answers(context.WithoutCancel(ctx))
					_ = s.end() // the caller is told of its context
				case err := <-served:
					_ = err // that it was not bound no longer matters
				}
			}()
			return ctx.Err()
		}
	}
	return fmt.Errorf("no free port on 127.0.0.1 after %d attempts: %w", attempts, last)
}

// answers returns once the server has answered a request, whatever the answer.
// It is bound some time before it serves, and a shutdown in between would be
// lost.
func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL(), http.NoBody)
	if err != nil {
		return err
	}
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the server on its own port: %w", err)
	}
	return answer.Body.Close()
}

// end shuts the server down and waits until it serves no more.
func (s *Server) end() error {
	select {
	case err := <-s.served: // it ended by itself, so there is a reason
		return errors.Join(err, s.api.ShutDown())
	default:
	}
	err := s.api.ShutDown()
	select {
	case closed := <-s.served:
		_ = closed // says only that its listener was closed
	case <-time.After(patience):
		err = errors.Join(err, fmt.Errorf("the server still listens on %s after %v", s.address, patience))
	}
	return err
}

// closeAfterChunks closes the connection of a request whose length is not
// known beforehand. versitygw reads such a body without its last bytes, which
// would be taken for the next request.
func closeAfterChunks(ctx fiber.Ctx) error {
	if ctx.Request().Header.ContentLength() < 0 {
		ctx.Response().Header.SetConnectionClose()
	}
	return ctx.Next()
}

// keepEncoding hands on how the keys of a listing are to be written, which
// versitygw does not.
func keepEncoding(ctx fiber.Ctx) error {
	if ctx.Query("encoding-type") == string(types.EncodingTypeUrl) {
		ctx.RequestCtx().SetUserValue(encoded{}, true)
	}
	return ctx.Next()
}

// freeAddress returns an address of loopback whose port is free now.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// URL returns the server's address, "http://127.0.0.1:40001".
func (s *Server) URL() string { return "http://" + s.address }

// Region returns the region that requests are signed for.
func (s *Server) Region() string { return region }

// AccessKey returns the access key of the only account.
func (s *Server) AccessKey() string { return s.access }

// SecretKey returns the secret key of the only account.
func (s *Server) SecretKey() string { return s.secret }

// Stop stops serving, lets requests in flight end for some seconds, and
// deletes the folder. A second Stop does nothing.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		s.stopErr = errors.Join(s.end(), os.RemoveAll(s.dir))
		s.release()
	})
	if s.stopErr != nil {
		return fmt.Errorf("stop the object store: %w", s.stopErr)
	}
	return nil
}
