package objectserver_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/stores"
	"github.com/sebs-go/sebs/platforms/internal/objects"
	"github.com/sebs-go/sebs/platforms/internal/objectserver"
)

// guard keeps what is registered.
type guard map[string]bool

func (g guard) Process(int) func() { panic("the object server starts no process") }

func (guard) Command(...string) func() { return func() {} }
func (g guard) Folder(path string) func() {
	g[path] = true
	return func() { delete(g, path) }
}

func start(t *testing.T) *objectserver.Server {
	t.Helper()
	s, err := objectserver.Start(t.Context(), t.TempDir(), guard{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}

func connect(t *testing.T, s *objectserver.Server, prefix string) *objects.Store {
	t.Helper()
	store, err := objects.New(objects.Config{
		URL: s.URL(), Region: s.Region(), AccessKey: s.AccessKey(), SecretKey: s.SecretKey(), Prefix: prefix,
	})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

func TestBuckets(t *testing.T) {
	stores.Buckets(t, func(t *testing.T) driver.Buckets {
		t.Helper()
		return connect(t, start(t), "run1")
	}, "run1")
}

func TestWrongSecretIsDenied(t *testing.T) {
	s := start(t)
	store, err := objects.New(objects.Config{
		URL: s.URL(), Region: s.Region(), AccessKey: s.AccessKey(), SecretKey: s.SecretKey() + "x", Prefix: "run1",
	})
	require.NoError(t, err)
	_, err = store.Names(t.Context())
	require.ErrorIs(t, err, driver.ErrDenied)
	require.ErrorIs(t, store.Create(t.Context(), "run1-bucket"), driver.ErrDenied)
}

func TestStopDeletesTheFolder(t *testing.T) {
	dir, registered := t.TempDir(), guard{}
	s, err := objectserver.Start(t.Context(), dir, registered)
	require.NoError(t, err)
	require.Len(t, registered, 1)
	require.NoError(t, s.Stop())
	require.NoError(t, s.Stop())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.Empty(t, registered)
}
