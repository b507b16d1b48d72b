package stores_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/stores"
	"github.com/sebs-go/sebs/platforms/sim"
)

// creations is a ledger that checks that nothing was created before.
type creations struct {
	t       *testing.T
	service *sim.Platform
	all     []driver.Resource
	err     error
}

func (c *creations) Record(r driver.Resource) error {
	for have, err := range c.service.Resources(c.t.Context()) {
		require.NoError(c.t, err)
		require.NotEqual(c.t, r.Name, have.Name, "it was created before it was recorded")
	}
	if c.err == nil {
		c.all = append(c.all, r)
	}
	return c.err
}

// TestFixed: what a process created in a service is listed and removed by
// another one that has used nothing.
func TestFixed(t *testing.T) {
	world := sim.NewWorld()
	fixed := func(prefix string) (*stores.Stores, *creations) {
		of := run
		of.Prefix = prefix
		service := sim.New(of, sim.Options{World: world})
		t.Cleanup(func() { require.NoError(t, service.Close(context.Background())) })
		ledger := &creations{t: t, service: service}
		of.Ledger = ledger
		b, err := service.Buckets(t.Context())
		require.NoError(t, err)
		tables, err := service.Tables(t.Context())
		require.NoError(t, err)
		return stores.Fixed(of, b, tables), ledger
	}
	create := func(s *stores.Stores, prefix string) error {
		b, err := s.Buckets(t.Context())
		require.NoError(t, err)
		tables, err := s.Tables(t.Context())
		require.NoError(t, err)
		if err := b.Create(t.Context(), prefix+"-b"); err != nil {
			return err
		}
		return tables.Create(t.Context(), driver.Table{Name: prefix + "-t", Primary: "id"})
	}
	first, ledger := fixed("r1")
	require.NoError(t, create(first, "r1"))
	require.Equal(t, []driver.Resource{
		{Kind: "bucket", Name: "r1-b", Run: run.ID, Expiry: run.Expiry},
		{Kind: "table", Name: "r1-t", Run: run.ID, Expiry: run.Expiry},
	}, ledger.all)
	require.Equal(t, ledger.all, listed(t, first))
	require.NoError(t, first.Close())
	other, _ := fixed("r12")
	require.NoError(t, create(other, "r12"))

	sweep, _ := fixed("r1")
	left := []driver.Resource{{Kind: "bucket", Name: "r1-b"}, {Kind: "table", Name: "r1-t"}}
	require.Equal(t, left, listed(t, sweep))
	require.ErrorIs(t, sweep.Remove(t.Context(), driver.Resource{Kind: "bucket", Name: "r12-b"}), driver.ErrNotOurs)
	for range 2 {
		for _, r := range left {
			require.NoError(t, sweep.Remove(t.Context(), r))
		}
		require.Empty(t, listed(t, sweep))
	}
	require.Len(t, listed(t, other), 2, "another run's")

	full, ledger := fixed("r3")
	ledger.err = errStart
	require.ErrorIs(t, create(full, "r3"), errStart)
	require.Empty(t, listed(t, full), "what is not recorded is not created")
}

// TestFixedMissing: a service may have one of the two.
func TestFixedMissing(t *testing.T) {
	s := stores.Fixed(run, nil, nil)
	_, err := s.Buckets(t.Context())
	require.ErrorIs(t, err, driver.ErrUnsupported)
	_, err = s.Tables(t.Context())
	require.ErrorIs(t, err, driver.ErrUnsupported)
	require.Empty(t, listed(t, s))
	require.NoError(t, s.Close())
}
