package machine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/internal/machine"
)

func TestRecipe(t *testing.T) {
	language, err := dockerfiles.Lookup("process", "python")
	require.NoError(t, err)
	leftout.Without(t, "install Python", "python3", "--version")
	found := interpreter.Available(t.Context(), "python", language.Versions)
	require.NotEmpty(t, found)
	s := driver.Spec{Runtime: found[0].Runtime(), Kind: driver.Archive, Architecture: driver.X64, Trigger: driver.HTTP, Memory: 128, Modules: []driver.Module{driver.Storage}}
	features := driver.Features{
		Runtimes: []driver.Runtime{s.Runtime, {Language: "cobol", Version: "74"}}, Kinds: []driver.Kind{s.Kind},
		Architectures: []driver.Architecture{s.Architecture}, Triggers: []driver.Trigger{s.Trigger},
	}
	b, err := machine.NewBuilder("process", features, driver.Run{})
	require.NoError(t, err)
	recipe, err := b.Recipe(t.Context(), s)
	require.NoError(t, err)
	require.Nil(t, recipe.Fetch, "this machine has what it has")
	require.Contains(t, recipe.Files, "handler.py")
	require.Contains(t, recipe.Files, "storage.py")
	installer, err := dockerfiles.InstallerDigest("python")
	require.NoError(t, err)
	require.Equal(t, found[0].String()+", installer "+installer, recipe.Builder)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Recipe(cancelled, s)
	require.ErrorIs(t, err, context.Canceled, "also where the interpreter is known")
	s.Runtime = features.Runtimes[1]
	_, err = b.Recipe(t.Context(), s)
	require.ErrorIs(t, err, driver.ErrUnsupported)
}
