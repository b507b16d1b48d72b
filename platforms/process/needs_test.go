package process_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/process"
)

// need returns the one need called what.
func need(t *testing.T, needs []driver.Need, what string) driver.Need {
	t.Helper()
	i := slices.IndexFunc(needs, func(n driver.Need) bool { return n.What == what })
	require.GreaterOrEqual(t, i, 0, "%s in %v", what, needs)
	return needs[i]
}

// TestNeeds: what the check finds is what the platform then finds.
func TestNeeds(t *testing.T) {
	needs := driver.Needs(t.Context(), process.Name)
	for _, n := range needs {
		require.NotEmpty(t, n.Found, n.What)
		require.True(t, n.OK || n.Remedy != "", "%s is not met, and there is nothing to do about it", n.What)
	}
	some := false
	data, err := dockerfiles.Data()
	require.NoError(t, err)
	for language, l := range data[process.Name] {
		for _, version := range l.Versions {
			i, err := interpreter.Find(t.Context(), language, version)
			if err != nil {
				n := need(t, needs, language)
				require.False(t, n.OK)
				require.Contains(t, strings.Split(strings.TrimPrefix(n.Found, "not found: "), ", "), version)
				continue
			}
			some = true
			n := need(t, needs, language+" "+version)
			require.True(t, n.OK)
			require.Equal(t, i.Version+"  "+i.Path, n.Found)
		}
	}
	require.Equal(t, !some, slices.ContainsFunc(needs, func(n driver.Need) bool { return !n.OK && !n.Optional }), needs)
}

// TestNeedsMissing: without the tools of a NoSQL server the check says so, and
// that the platform can do without.
func TestNeedsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	n := need(t, driver.Needs(t.Context(), process.Name), "NoSQL server")
	require.False(t, n.OK)
	require.True(t, n.Optional)
	require.Contains(t, n.Found, "dynalite: no node")
	require.Contains(t, n.Found, "install Node.js")
}
