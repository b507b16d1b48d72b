package driver_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestNeeds(t *testing.T) {
	require.Empty(t, driver.Needs(t.Context(), "dice"), "a platform that registered none needs nothing")

	type key struct{}
	driver.RegisterNeeds("dice", func(ctx context.Context) []driver.Need {
		return []driver.Need{{What: "dice", Found: ctx.Value(key{}).(string), OK: true}}
	})
	got := driver.Needs(context.WithValue(t.Context(), key{}, "two"), "dice")
	require.Equal(t, []driver.Need{{What: "dice", Found: "two", OK: true}}, got)

	require.PanicsWithValue(t, "driver: needs of platform dice registered twice", func() {
		driver.RegisterNeeds("dice", func(context.Context) []driver.Need { return nil })
	})
}
