package pool

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// spec returns a specification that testFunctions can do.
func spec(name string) driver.Spec {
	return driver.Spec{
		Name: name, Runtime: driver.Runtime{Language: "python", Version: "3.11"},
		Kind: driver.Archive, Architecture: driver.X64, Trigger: driver.HTTP,
	}
}

// testFunctions returns functions of a run with the prefix ours, and what
// deploys one with an identity and tells when it gets a sandbox.
func testFunctions(t *testing.T) (*Functions, func(name, identity string) (driver.Endpoint, error), *[]string) {
	t.Helper()
	p := New(1<<20, 100, 0)
	f := NewFunctions(driver.Run{ID: "r1", Prefix: "ours"}, driver.Features{
		Runtimes: []driver.Runtime{{Language: "python", Version: "3.11"}},
		Kinds:    []driver.Kind{driver.Archive}, Architectures: []driver.Architecture{driver.X64},
		Triggers: []driver.Trigger{driver.HTTP}, MaxName: 12,
	}, p)
	started := &[]string{}
	return f, func(name, identity string) (driver.Endpoint, error) {
		target, err := f.Deploy(t.Context(), spec(name), func() (*Function, error) {
			return &Function{Name: name, Identity: identity, New: func() Sandbox {
				*started = append(*started, identity)
				return newBox()
			}}, nil
		})
		if err != nil {
			return driver.Endpoint{}, err
		}
		return f.Endpoint(t.Context(), target)
	}, started
}

// call dials and hangs up.
func call(t *testing.T, e driver.Endpoint) error {
	t.Helper()
	c, err := e.Dial(t.Context(), "tcp", "unused")
	if err != nil {
		require.Nil(t, c, "no connection comes with an error")
		return err
	}
	return c.Close()
}

func TestFunctionsAreReplacedWhenTheyDiffer(t *testing.T) {
	f, deploy, started := testFunctions(t)
	e, err := deploy("ours-a", "one")
	require.NoError(t, err)
	require.Equal(t, "http://ours-a/", e.URL)
	require.NoError(t, call(t, e))
	_, err = deploy("ours-a", "one")
	require.NoError(t, err)
	require.NoError(t, call(t, e))
	_, err = deploy("ours-a", "two")
	require.NoError(t, err)
	require.NoError(t, call(t, e), "the endpoint is of the name")
	require.Equal(t, "one", (*started)[0])
	require.Equal(t, "two", (*started)[len(*started)-1])
	require.NoError(t, f.Close(t.Context()))
}

func TestFunctionsRefuse(t *testing.T) {
	_, deploy, started := testFunctions(t)
	_, err := deploy("theirs-a", "one")
	require.ErrorIs(t, err, driver.ErrNotOurs)
	_, err = deploy("ours-a-very-long-name", "one")
	require.EqualError(t, err, "the name ours-a-very-long-name has more than 12 bytes")
	require.Empty(t, *started)

	f, _, _ := testFunctions(t)
	other := spec("ours-a")
	other.Kind = driver.Image
	_, err = f.Deploy(t.Context(), other, func() (*Function, error) { return nil, errors.New("it was built") })
	require.ErrorIs(t, err, driver.ErrUnsupported)
	broken := errors.New("no such folder")
	_, err = f.Deploy(t.Context(), spec("ours-a"), func() (*Function, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, f.Retire(t.Context(), "ours-a"), driver.ErrNotFound, "what failed is not deployed")
}

func TestFunctionsEnd(t *testing.T) {
	f, deploy, _ := testFunctions(t)
	for _, name := range []string{"ours-b", "ours-a"} {
		_, err := deploy(name, "one")
		require.NoError(t, err)
	}
	e, err := deploy("ours-a", "one")
	require.NoError(t, err)
	names := func() (all []string) {
		for r := range f.Resources() {
			require.Equal(t, KindFunction, r.Kind)
			require.Equal(t, "r1", r.Run)
			all = append(all, r.Name)
		}
		return all
	}
	require.Equal(t, []string{"ours-a", "ours-b"}, names())
	require.NoError(t, f.Remove(t.Context(), "ours-a"))
	require.NoError(t, f.Remove(t.Context(), "ours-a"), "there is nothing left to do")
	require.Equal(t, []string{"ours-b"}, names())
	require.ErrorIs(t, call(t, e), driver.ErrNotFound)

	e, err = deploy("ours-b", "one")
	require.NoError(t, err)
	require.NoError(t, f.Close(t.Context()))
	require.Empty(t, names())
	require.ErrorIs(t, call(t, e), driver.ErrNotFound)
	_, err = deploy("ours-b", "one")
	require.ErrorIs(t, err, ErrClosed)
}
