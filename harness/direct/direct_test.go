package direct_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/direct"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

type nothing struct{}

func (nothing) Record(driver.Resource) error { return nil }
func (nothing) Process(int) func()           { return func() {} }
func (nothing) Command(...string) func()     { return func() {} }
func (nothing) Folder(string) func()         { return func() {} }

func TestDirect(t *testing.T) {
	run := driver.Run{ID: "rdirect", Prefix: "rdirect", Ledger: nothing{}, Guard: nothing{}, Dir: t.TempDir(), Log: io.Discard}
	open := sim.New(run, sim.Options{World: sim.NewWorld()})
	t.Cleanup(func() { require.NoError(t, open.Close(context.Background())) })
	packages, err := build.OpenStore(t.TempDir())
	require.NoError(t, err)
	p := &direct.Platform{Platform: open, Name: "sim", Prefix: run.Prefix, Packages: packages}
	files := fstest.MapFS{"sim/function.json": {Data: []byte(`{"seed": 1, "start": "1ms", "init": "1ms", "cold": {"lognormal": {"median": "1ms", "sigma": 0.1}}, "warm": {"lognormal": {"median": "1ms", "sigma": 0.1}}}`)}}
	spec := driver.Spec{Benchmark: "010.sleep", Runtime: open.Features().Runtimes[0], Memory: 128}

	f, err := p.Deploy(t.Context(), files, spec)
	require.NoError(t, err)
	defer f.Close()
	a, x, err := direct.Call(t.Context(), f.Client, []byte(`{"request-id": "r1", "sleep": 0}`))
	require.NoError(t, err)
	require.Nil(t, a.Error)
	require.Equal(t, "r1", a.Request)
	require.Positive(t, x.Total)

	again, err := p.Deploy(t.Context(), files, spec)
	require.NoError(t, err)
	defer again.Close()
	require.True(t, again.Built.Reused)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, x, err = direct.Call(cancelled, f.Client, []byte(`{}`))
	var failure *driver.Failure
	require.True(t, errors.As(err, &failure))
	require.Equal(t, failure, x.Failure)

	spec.Runtime.Language = "cobol"
	_, err = p.Deploy(t.Context(), files, spec)
	require.ErrorIs(t, err, driver.ErrUnsupported)
}
