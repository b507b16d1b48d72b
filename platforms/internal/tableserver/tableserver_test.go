package tableserver_test

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/stores"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/internal/tables"
	"github.com/sebs-go/sebs/platforms/internal/tableserver"
)

// guard keeps the process groups that are registered, and the folders that ever
// were: of control groups.
type guard struct{ groups, folders sync.Map }

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

func (*guard) Command(...string) func() { return func() {} }

func (g *guard) Folder(path string) func() {
	g.folders.Store(path, true)
	return func() {}
}

// start starts a server. Where there is none, the test is left out.
func start(t *testing.T, g *guard) *tableserver.Server {
	t.Helper()
	s, err := tableserver.Start(t.Context(), g, t.Output())
	leftout.If(t, err)
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
	stores.Tables(t, func(t *testing.T) driver.Tables {
		t.Helper()
		s := start(t, &guard{})
		return connect(t, s, s.AccessKey())
	}, "run1")
}

func TestWrongAccessKeyIsDenied(t *testing.T) {
	s := start(t, &guard{})
	_, err := connect(t, s, "another").Names(t.Context())
	require.ErrorIs(t, err, driver.ErrDenied)
}

func TestStop(t *testing.T) {
	g := &guard{}
	s := start(t, g)
	pgids := g.registered()
	require.Len(t, pgids, 1)
	require.NoError(t, syscall.Kill(pgids[0], 0))
	require.NoError(t, s.Stop())
	require.NoError(t, s.Stop())
	require.Empty(t, g.registered())
	require.ErrorIs(t, syscall.Kill(-pgids[0], 0), syscall.ESRCH)
}

func TestStopTellsThatTheServerHadEnded(t *testing.T) {
	g := &guard{}
	s := start(t, g)
	require.NoError(t, syscall.Kill(-g.registered()[0], syscall.SIGKILL))
	require.Eventually(t, func() bool { return len(g.registered()) == 0 }, time.Minute, 5*time.Millisecond)
	require.ErrorContains(t, s.Stop(), "had ended: signal: killed")
}

func TestSeveralServers(t *testing.T) {
	one, two := start(t, &guard{}), start(t, &guard{})
	table := driver.Table{Name: "run1-only-here", Primary: "id"}
	require.NoError(t, connect(t, one, one.AccessKey()).Create(t.Context(), table))
	names, err := connect(t, two, two.AccessKey()).Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestItemThatIsTooLarge(t *testing.T) {
	s := start(t, &guard{})
	store := connect(t, s, s.AccessKey())
	require.NoError(t, store.Create(t.Context(), driver.Table{Name: "run1-large", Primary: "id"}))
	err := store.Put(t.Context(), "run1-large", map[string]any{"id": "a", "text": strings.Repeat("x", 400<<10)})
	require.ErrorContains(t, err, "400 KB")
}

func TestTableWithOtherKeys(t *testing.T) {
	s := start(t, &guard{})
	store := connect(t, s, s.AccessKey())
	require.NoError(t, store.Create(t.Context(), driver.Table{Name: "run1-table", Primary: "id"}))
	err := store.Create(t.Context(), driver.Table{Name: "run1-table", Primary: "other", Secondary: "sort"})
	require.ErrorContains(t, err, `exists with the keys "id" and ""`)
	_, err = store.Get(t.Context(), "run1-table", "a", "b")
	require.ErrorContains(t, err, `the secondary key "b" does not fit`)
}
