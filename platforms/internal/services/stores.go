package services

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/objects"
	"github.com/sebs-go/sebs/platforms/internal/tables"
	"github.com/sebs-go/sebs/platforms/internal/tableserver"
)

// The images of services. SEBS_IMAGES names others.
const (
	MinIO    = "minio/minio:RELEASE.2025-04-22T22-12-26Z"
	ScyllaDB = "scylladb/scylla:6.2.3"
	registry = "registry:2.8.3"
	node     = "node:20.19.3-slim-bookworm" // runs dynalite
)

const region = "us-east-1"

// secret returns a new credential: what it is good for, and 26 random letters
// and digits.
func secret(what string) string { return what + rand.Text() }

// Buckets starts MinIO, with credentials of its own.
func (p Place) Buckets(ctx context.Context) (driver.Buckets, func() error, error) {
	access, key := "SEBS"+rand.Text()[:16], secret("")
	s, err := p.start(ctx, request{
		name: "minio", image: MinIO, port: "9000",
		env:     map[string]string{"MINIO_ROOT_USER": access, "MINIO_ROOT_PASSWORD": key, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"},
		command: []string{"server", "/data"},
		volume:  "/data",
		ready:   answers("/minio/health/ready", http.StatusOK),
	})
	if err != nil {
		return nil, nil, err
	}
	store, err := objects.New(objects.Config{
		URL: "http://" + s.Address, FunctionURL: "http://" + s.Internal, Direct: true, Region: region,
		AccessKey: access, SecretKey: key, Prefix: p.Run.Prefix,
	})
	if err != nil {
		return nil, nil, errors.Join(err, s.Stop())
	}
	return store, func() error { store.Close(); return s.Stop() }, nil
}

// Tables starts ScyllaDB with its DynamoDB API, Alternator. It checks no
// credentials: the run's network and loopback are all that reach it. Where its
// image cannot be had, dynalite stands in, which checks the access key alone;
// it is installed in a container into the folder cache once. used says which of
// the two it is.
func (p Place) Tables(ctx context.Context, cache string) (store driver.Tables, stop func() error, used string, err error) {
	access, key := "SEBS"+rand.Text()[:16], secret("")
	used = ScyllaDB
	s, err := p.start(ctx, request{
		name: "scylla", image: ScyllaDB, port: "8000",
		command: []string{
			"--alternator-port", "8000", "--alternator-write-isolation", "always", "--alternator-enforce-authorization", "0",
			"--smp", "1", "--memory", "750M", "--overprovisioned", "1", "--developer-mode", "1",
		},
		volume: "/var/lib/scylla",
		ready:  answers("/", http.StatusOK),
	})
	if errors.Is(err, driver.ErrUnavailable) {
		reason, _, _ := strings.Cut(err.Error(), ";")
		fmt.Fprintf(p.Run.Log, "dynalite stands in for ScyllaDB: %s\n", reason)
		used = tableserver.Dynalite + " (" + reason + ")"
		s, err = p.dynalite(ctx, cache, access)
	}
	if err != nil {
		return nil, nil, "", err
	}
	t := tables.New(tables.Config{
		URL: "http://" + s.Address, FunctionURL: "http://" + s.Internal, Direct: true, Region: region,
		AccessKey: access, SecretKey: key, Prefix: p.Run.Prefix,
	})
	return t, func() error { t.Close(); return s.Stop() }, used, nil
}

// dynalite starts dynalite in a container of Node.js.
func (p Place) dynalite(ctx context.Context, cache, access string) (*Service, error) {
	dir, err := tableserver.Installed(ctx, cache, func(dir string) error {
		tools, err := p.Engine.Tools(ctx, "local", driver.Runtime{Language: "nodejs", Version: "20"}, p.Engine.Architecture(), p.Run.Log)
		if err != nil {
			return err
		}
		return tools.Install(ctx, p.Run, dir, "", p.Run.Log)
	})
	if err != nil {
		return nil, fmt.Errorf("install dynalite: %w", err)
	}
	return p.start(ctx, request{
		name: "dynalite", image: node, port: "8000",
		env:     map[string]string{tableserver.EnvAccessKey: access, tableserver.EnvAddress: "0.0.0.0:8000"},
		command: []string{"node", "/server/server.js"},
		user:    "65534:65534",
		lent:    map[string]string{dir: "/server"},
		ready:   answers("/", http.StatusBadRequest), // the key is missing
	})
}

// Registry starts a registry of images that this machine's engine can push to
// without credentials. Its images go with it. Address is "127.0.0.1:port".
func (p Place) Registry(ctx context.Context) (*Service, error) {
	p.Network, p.Direct = "", false // the engine, and not functions, must reach it
	return p.start(ctx, request{
		name: "registry", image: registry, port: "5000", volume: "/var/lib/registry",
		ready: answers("/v2/", http.StatusOK),
	})
}
