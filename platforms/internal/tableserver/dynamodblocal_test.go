package tableserver

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/stores"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/internal/tables"
)

// The second choice keeps the same rules as the first, which is chosen where
// both can be had.
func TestTablesOfDynamoDBLocal(t *testing.T) {
	p := programs[1]
	for _, tool := range []string{p.run[0], p.install[0]} {
		if err := working(t.Context(), tool); err != nil {
			leftout.If(t, fmt.Errorf("DynamoDB Local is %w: %w: apt-get install default-jdk-headless maven", driver.ErrUnavailable, err))
		}
	}
	cache, err := cacheFolder()
	require.NoError(t, err)
	dir, err := install(t.Context(), cache, p, t.Output())
	require.NoError(t, err)
	s, err := launch(t.Context(), p, dir, nobody{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })

	connect := func(access string) *tables.Store {
		store := tables.New(tables.Config{URL: s.URL(), Region: s.Region(), AccessKey: access, SecretKey: s.SecretKey(), Prefix: "run1"})
		t.Cleanup(store.Close)
		return store
	}
	stores.Tables(t, func(*testing.T) driver.Tables { return connect(s.AccessKey()) }, "run1")
	_, err = connect("another").Names(t.Context())
	require.ErrorIs(t, err, driver.ErrDenied)
	err = connect(s.AccessKey()).Create(t.Context(), driver.Table{Name: "run1-large", Primary: "id"})
	require.NoError(t, err)
	err = connect(s.AccessKey()).Put(t.Context(), "run1-large", map[string]any{"id": "a", "b": string(make([]byte, 400<<10))})
	require.ErrorContains(t, err, "400 KB")
}
