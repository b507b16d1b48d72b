package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/sim"
)

const instant = `{"seed":1, "result":{"ok":true}}`

// A call through the platform's own API.
func BenchmarkInvoke(b *testing.B) {
	p := open(b, sim.Options{})
	call := deploy(b, p, spec(driver.SDK), instant).Invoke
	payload := []byte(`{"request-id":"0123456789abcdef","n":1}`)
	b.ReportAllocs()
	for b.Loop() {
		reply, err := call(b.Context(), payload)
		require.NoError(b, err)
		_ = reply
	}
}

// A call over HTTP by the harness's client, with its answer parsed.
func BenchmarkCall(b *testing.B) {
	p := open(b, sim.Options{})
	client, err := invoke.New(deploy(b, p, spec(driver.HTTP), instant))
	require.NoError(b, err)
	defer client.Close()
	payload := []byte(`{"request-id":"0123456789abcdef","n":1}`)
	b.ReportAllocs()
	for b.Loop() {
		x := client.Call(b.Context(), payload)
		require.Nil(b, x.Failure)
		_, err := answer.Parse(x.Reply.Body)
		require.NoError(b, err)
	}
}
