package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/objects"
	"github.com/sebs-go/sebs/platforms/internal/objectserver"
	"github.com/sebs-go/sebs/platforms/internal/stores"
	"github.com/sebs-go/sebs/platforms/internal/tables"
	"github.com/sebs-go/sebs/platforms/internal/tableserver"
)

// NewStores returns stores of this machine: an object store that is a server in
// this process, and a NoSQL store that is a child process, installed when it is
// first used on this machine. Where that cannot be had, the error of Tables
// matches driver.ErrUnavailable. None is started yet.
func NewStores(run driver.Run) *stores.Stores {
	return stores.New(run,
		func(ctx context.Context) (driver.Buckets, func() error, error) { return startBuckets(ctx, run) },
		func(ctx context.Context) (driver.Tables, func() error, error) { return startTables(ctx, run) })
}

// CheckModules says which of the modules this machine cannot have, with an
// error that matches driver.ErrUnavailable. It looks for the tools of those that
// are named alone.
func CheckModules(ctx context.Context, modules []driver.Module) error {
	if !slices.Contains(modules, driver.NoSQL) {
		return nil
	}
	if err := tableserver.Available(ctx); err != nil {
		return fmt.Errorf("module %s: %w", driver.NoSQL, err)
	}
	return nil
}

func startBuckets(ctx context.Context, run driver.Run) (driver.Buckets, func() error, error) {
	server, err := objectserver.Start(ctx, run.Dir, run.Guard)
	if err != nil {
		return nil, nil, err
	}
	store, err := objects.New(objects.Config{
		URL:       server.URL(),
		Region:    server.Region(),
		AccessKey: server.AccessKey(),
		SecretKey: server.SecretKey(),
		Prefix:    run.Prefix,
	})
	if err != nil {
		return nil, nil, errors.Join(err, server.Stop())
	}
	return store, func() error { store.Close(); return server.Stop() }, nil
}

func startTables(ctx context.Context, run driver.Run) (driver.Tables, func() error, error) {
	server, err := tableserver.Start(ctx, run.Guard, run.Log)
	if err != nil {
		return nil, nil, err
	}
	store := tables.New(tables.Config{
		URL:       server.URL(),
		Region:    server.Region(),
		AccessKey: server.AccessKey(),
		SecretKey: server.SecretKey(),
		Prefix:    run.Prefix,
	})
	return store, func() error { store.Close(); return server.Stop() }, nil
}
