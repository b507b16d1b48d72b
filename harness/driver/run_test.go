package driver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestOwns(t *testing.T) {
	run := driver.Run{Prefix: "ab"}
	for name, want := range map[string]bool{
		"ab": true, "ab-": true, "ab-f": true, "ab-abc": true,
		"": false, "a": false, "abc": false, "abc-f": false, "b-ab": false, "AB-f": false,
	} {
		require.Equal(t, want, run.Owns(name), name)
	}
	require.False(t, driver.Run{}.Owns("-f"), "without a prefix nothing is ours")
}
