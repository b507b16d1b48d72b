package sim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/sim"
)

func Example() {
	ctx := context.Background()
	p := sim.New(driver.Run{ID: "run1", Prefix: "demo"}, sim.Options{World: sim.NewWorld()})
	defer func() { fmt.Println("closed:", p.Close(ctx)) }()

	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { fmt.Println("removed:", os.RemoveAll(dir)) }()
	model := `{"seed":1, "start":"2ms", "warm":{"constant":"1ms"}, "copy":"sleep"}`
	if err := os.WriteFile(filepath.Join(dir, sim.ModelFile), []byte(model), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	target, err := p.Deploy(ctx, driver.Spec{
		Name: "demo-sleep", Runtime: driver.Runtime{Language: "sim", Version: "1"},
		Architecture: driver.X64, Kind: driver.Archive, Trigger: driver.HTTP, Timeout: time.Second,
	}, driver.Package{Digest: "d", Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := invoke.For(ctx, p, target)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	for range 2 {
		a, err := answer.Parse(client.Call(ctx, []byte(`{"sleep":3}`)).Reply.Body)
		fmt.Println(string(a.Result), a.Cold, a.Count, err)
	}
	// Output:
	// 3 true 1 <nil>
	// 3 false 2 <nil>
	// removed: <nil>
	// closed: <nil>
}

// caller calls a function by either trigger.
func caller(t *testing.T, ep driver.Endpoint) func(payload string) (answer.Answer, *driver.Failure) {
	t.Helper()
	parse := func(body []byte, f *driver.Failure) (answer.Answer, *driver.Failure) {
		if f != nil {
			return answer.Answer{}, f
		}
		a, err := answer.Parse(body)
		if err != nil {
			return a, &driver.Failure{Cause: driver.Protocol, Detail: err.Error()}
		}
		return a, nil
	}
	c, err := invoke.New(ep)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return func(payload string) (answer.Answer, *driver.Failure) {
		x := c.Call(t.Context(), []byte(payload))
		return parse(x.Reply.Body, x.Failure)
	}
}

// Every cause that a model can name is told as this cause, over both triggers.
func TestFailures(t *testing.T) {
	for _, trigger := range []driver.Trigger{driver.HTTP, driver.SDK} {
		for _, cause := range driver.Causes {
			if cause == driver.Cancelled {
				continue
			}
			t.Run(string(trigger)+"/"+string(cause), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := open(t, sim.Options{})
					s := spec(trigger)
					ep := deploy(t, p, s, fmt.Sprintf(`{"seed":1,"failures":[{"cause":%q,"probability":1}],"result":{"right":true}}`, cause))
					call := caller(t, ep)
					for range 3 {
						begin := time.Now()
						a, f := call(`{}`)
						switch cause {
						case driver.WrongOutput:
							require.Nil(t, f)
							require.NotContains(t, string(a.Result), "right")
						case driver.Init, driver.Handler:
							require.Nil(t, f)
							require.Equal(t, string(cause), a.Error.Phase)
						case driver.TimedOut:
							require.Equal(t, cause, f.Cause)
							require.Equal(t, s.Timeout, time.Since(begin))
						default:
							require.NotNil(t, f)
							require.Equal(t, cause, f.Cause, f.Detail)
						}
					}
				})
			})
		}
	}
}

// A failure that the sandbox does not survive makes the next call cold.
func TestSandboxAfterFailure(t *testing.T) {
	for cause, survives := range map[driver.Cause]bool{
		driver.Handler: true, driver.Protocol: true, driver.WrongOutput: true,
		driver.Crash: false, driver.Memory: false, driver.Network: false,
	} {
		t.Run(string(cause), func(t *testing.T) {
			p := open(t, sim.Options{})
			model := fmt.Sprintf(`{"seed":3,"failures":[{"cause":%q,"probability":0.5}]}`, cause)
			s := spec(driver.HTTP)
			call := caller(t, deploy(t, p, s, model))
			m := parse(t, model)
			after, cold := 0, 0
			for n := range uint64(50) {
				a, f := call(`{}`)
				if n > 0 && m.Draw(n-1).Cause == cause && m.Draw(n).Cause == "" {
					require.Nil(t, f)
					after++
					if a.Cold {
						cold++
					}
				}
			}
			require.Positive(t, after)
			require.Equal(t, survives, cold == 0)
			require.True(t, survives || cold == after)
		})
	}
}

func TestTimeoutOfSlowModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, sim.Options{})
		s := spec(driver.HTTP)
		s.Timeout = time.Second
		call := caller(t, deploy(t, p, s, `{"seed":1,"init":"600ms","cold":{"constant":"600ms"},"warm":{"constant":"600ms"}}`))
		begin := time.Now()
		_, f := call(`{}`)
		require.NotNil(t, f)
		require.Equal(t, driver.TimedOut, f.Cause)
		require.Equal(t, time.Second, time.Since(begin), "init counts")
	})
}

func TestResult(t *testing.T) {
	for _, c := range []struct{ name, model, payload, result, failure string }{
		{"constant", `{"seed":1,"result":{"a": [1, 2]}}`, `{"x":1}`, `{"a":[1,2]}`, ""},
		{"none", `{"seed":1}`, `{}`, `null`, ""},
		{"copied", `{"seed":1,"copy":"sleep"}`, `{"a":{"sleep":1},"sleep":{"deep":[1,"}"]},"z":2}`, `{"deep":[1,"}"]}`, ""},
		{"copied, missing", `{"seed":1,"copy":"sleep"}`, `{"a":{"sleep":1}}`, "", "KeyError"},
		{"no JSON", `{"seed":1,"copy":"sleep"}`, `{"sleep":`, "", "JSONDecodeError"},
		{"no object", `{"seed":1,"copy":"sleep"}`, `["sleep"]`, "", "KeyError"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, sim.Options{})
			s := spec(driver.SDK)
			a, f := caller(t, deploy(t, p, s, c.model))(c.payload)
			require.Nil(t, f)
			if c.failure != "" {
				require.Equal(t, c.failure, a.Error.Type)
				return
			}
			require.Nil(t, a.Error)
			require.Equal(t, c.result, string(a.Result))
		})
	}
}

// The request's id comes back, whatever is in it.
func FuzzRequestID(f *testing.F) {
	p := open(f, sim.Options{})
	call := deploy(f, p, spec(driver.SDK), `{"seed":1}`).Invoke
	f.Add([]byte(`{"request-id":"a"}`))
	f.Add([]byte(`{"a":{"request-id":"b"},"request-id" : "c\"\\\u00e9" , "z":[{}]}`))
	f.Add([]byte(`{"request-id":7}`))
	f.Add([]byte(`{"`))
	f.Add([]byte(` [1] `))
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := call(t.Context(), payload)
		require.NoError(t, err)
		a, err := answer.Parse(r.Body)
		require.NoError(t, err)
		if a.Error != nil {
			require.False(t, json.Valid(payload))
			return
		}
		var event map[string]json.RawMessage
		if json.Unmarshal(payload, &event) != nil || strings.Contains(string(payload), `\`) || strings.Count(string(payload), "request-id") > 1 {
			return // keys with escapes and repeated keys are nobody's
		}
		var want string
		if json.Unmarshal(event["request-id"], &want) != nil {
			want = ""
		}
		require.Equal(t, want, a.Request)
	})
}

// Calls at once by many goroutines and retirements between them disturb no
// call, and every sandbox counts its own calls.
func TestConcurrentInvoke(t *testing.T) {
	for _, trigger := range []driver.Trigger{driver.HTTP, driver.SDK} {
		t.Run(string(trigger), func(t *testing.T) {
			p := open(t, sim.Options{})
			s := spec(trigger)
			call := caller(t, deploy(t, p, s, `{"seed":1,"sandboxes":4,"copy":"n"}`))
			type serving struct {
				sandbox string
				count   int64
			}
			var mu sync.Mutex
			served := map[serving]bool{}
			var wg sync.WaitGroup
			for g := range 4 {
				wg.Go(func() {
					for i := range 500 {
						want := fmt.Sprint(1000*g + i)
						a, f := call(`{"n":` + want + `}`)
						mu.Lock()
						if f != nil || string(a.Result) != want || a.Cold != (a.Count == 1) || served[serving{a.Sandbox, a.Count}] {
							t.Errorf("call %s: %+v, %v", want, a, f)
						}
						served[serving{a.Sandbox, a.Count}] = true
						mu.Unlock()
						if trigger == driver.SDK && i%50 == g {
							if err := p.Retire(t.Context(), s.Name); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			wg.Wait()
			require.Len(t, served, 2000)
		})
	}
}

// Nothing of a platform runs on after Close.
func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	p := sim.New(driver.Run{ID: "r", Prefix: "ab", Log: io.Discard}, sim.Options{World: sim.NewWorld()})
	c, err := invoke.New(deploy(t, p, spec(driver.HTTP), `{"seed":1}`))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { c.Call(context.Background(), []byte(`{}`)) })
	}
	wg.Wait()
	b, err := p.Buckets(t.Context())
	require.NoError(t, err)
	require.NoError(t, b.Create(t.Context(), "ab-b"))
	require.NoError(t, b.Put(t.Context(), "ab-b", "k", strings.NewReader("x"), 1))
	_, err = b.Presign(t.Context(), "ab-b", "k", time.Minute)
	require.NoError(t, err)
	require.NoError(t, p.Close(t.Context()))
	for n := 0; runtime.NumGoroutine() > before; n++ { // those that have ended are about to go
		require.Less(t, n, 10_000, "goroutines run on")
		time.Sleep(time.Millisecond)
	}
}

func TestDeployRefuses(t *testing.T) {
	p := open(t, sim.Options{})
	dir := t.TempDir()
	_, err := p.Build(t.Context(), dir, spec(driver.HTTP), io.Discard)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "function.json")

	require.NoError(t, os.MkdirAll(filepath.Join(dir, "function"), 0o755))
	path := filepath.Join(dir, "function", sim.ModelFile)
	require.NoError(t, os.WriteFile(path, []byte(`{"sead":1}`), 0o644))
	_, err = p.Build(t.Context(), dir, spec(driver.HTTP), io.Discard)
	require.ErrorContains(t, err, "sead")

	require.NoError(t, os.WriteFile(path, []byte(`{"seed":1}`), 0o644))
	pkg, err := p.Build(t.Context(), dir, spec(driver.HTTP), io.Discard)
	require.NoError(t, err)
	require.Equal(t, driver.Package{Kind: driver.Archive, Dir: "."}, pkg)
	pkg.Dir = dir
	for name, change := range map[string]func(*driver.Spec){
		"architecture": func(s *driver.Spec) { s.Architecture = "z80" },
		"kind":         func(s *driver.Spec) { s.Kind = driver.Image },
		"trigger":      func(s *driver.Spec) { s.Trigger = "mail" },
		"runtime":      func(s *driver.Spec) { s.Runtime.Version = "2" },
	} {
		s := spec(driver.HTTP)
		change(&s)
		_, err := p.Deploy(t.Context(), s, pkg)
		require.ErrorIs(t, err, driver.ErrUnsupported, name)
	}
	s := spec(driver.HTTP)
	s.Name = "ab-" + strings.Repeat("x", 61)
	_, err = p.Deploy(t.Context(), s, pkg)
	require.ErrorContains(t, err, "64 bytes, more than 63")
}

// TestExpiry: what runs of one prefix deploy is kept until the last expiry of
// them all, also where nothing else differs.
func TestExpiry(t *testing.T) {
	world, start := sim.NewWorld(), time.Now().UTC()
	for _, run := range []struct{ keep, want time.Duration }{{time.Second, time.Second}, {time.Hour, time.Hour}, {time.Minute, time.Hour}} {
		p := sim.New(driver.Run{ID: "r", Prefix: "ab", Expiry: start.Add(run.keep)}, sim.Options{World: world})
		deploy(t, p, spec(driver.HTTP), `{"seed":1}`)
		b, err := p.Buckets(t.Context())
		require.NoError(t, err)
		require.NoError(t, b.Create(t.Context(), "ab-bucket"))
		tables, err := p.Tables(t.Context())
		require.NoError(t, err)
		require.NoError(t, tables.Create(t.Context(), driver.Table{Name: "ab-table", Primary: "id"}))
		listed := 0
		for r, err := range p.Resources(t.Context()) {
			require.NoError(t, err)
			require.Equal(t, start.Add(run.want), r.Expiry, "%s %s", r.Kind, r.Name)
			require.Equal(t, "r", r.Run)
			listed++
		}
		require.Equal(t, 3, listed)
		require.NoError(t, p.Close(t.Context()))
	}
}
