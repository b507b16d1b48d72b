package tableserver_test

import (
	"os/exec"
	"sync"
	"testing"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/platforms/internal/tables"
	"github.com/sebs-go/sebs/platforms/internal/tableserver"
	"github.com/stretchr/testify/require"
)

// guard keeps the process groups that are registered.
type guard struct{ groups sync.Map }

func (g *guard) Process(pgid int) func() {
	g.groups.Store(pgid, true)
	return func() { g.groups.Delete(pgid) }
}

// registered returns the process groups.
func (g *guard) registered() (pgids []int) {
	for pgid := range g.groups.Range {
		pgids = append(pgids, pgid.(int))
	}
	return pgids
}

func (g *guard) Folder(string) func() { panic("the table server makes no folder") }

// start starts dynalite. Without npm on this machine there is nothing to test.
func start(t *testing.T, g *guard) *tableserver.Server {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed: install Node.js to have the NoSQL server tested")
	}
	s, err := tableserver.Start(t.Context(), g, t.Output())
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

func connect(t *testing.T, s *tableserver.Server, access string) *tables.Store {
	t.Helper()
	store := tables.New(tables.Config{
		URL: s.URL(), Region: s.Region(), AccessKey: access, SecretKey: s.SecretKey(), Prefix: "run1",
	})
	t.Cleanup(store.Close)
	return store
}

func TestTables(t *testing.T) {
	drivertest.Tables(t, func(t *testing.T) driver.Tables {
		s := start(t, &guard{})
		return connect(t, s, s.AccessKey())
	}, "run1")
}
