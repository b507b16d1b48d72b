package answer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
)

// base is an answer of a cold start that took 300 ms, of which the handler took
// 100 ms and booting and loading the module 180 ms.
func base() (answer.Answer, answer.Call) {
	sent := time.UnixMicro(1_700_000_000_000_000)
	return answer.Answer{
			Boot: sent.UnixMicro() + 10_000, Init: 150_000, Begin: sent.UnixMicro() + 190_000, End: sent.UnixMicro() + 290_000,
			Handler: 100_000_000, Sandbox: "s", Cold: true, Worker: "w", WorkerCold: true, Count: 1, CPU: 90_000, Memory: 64 << 20,
		}, answer.Call{
			Sent: sent, Waited: 300 * time.Millisecond, Served: 299 * time.Millisecond, Memory: 128 << 20,
		}
}

func TestStart(t *testing.T) {
	tests := []struct {
		name   string
		change func(*answer.Answer)
		want   answer.Start
	}{
		{"started for the call", func(*answer.Answer) {}, answer.Cold},
		{"the function's clock is years off", func(a *answer.Answer) { a.Boot -= 1e14; a.Begin -= 1e14 }, answer.Cold},
		{"its first call, an error", func(a *answer.Answer) { a.Error = &answer.Error{} }, answer.Cold},
		{"second call", func(a *answer.Answer) { a.Cold, a.WorkerCold, a.Count = false, false, 2 }, answer.Warm},
		{"second call of an old process", func(a *answer.Answer) { a.Cold, a.WorkerCold, a.Count, a.Boot = false, false, 2, a.Boot-1e9 }, answer.Warm},
		// Lambda may initialise an environment before any call; a revision of
		// Cloud Run starts an instance to check it; Azure starts hosts in stock.
		{"initialised a minute ahead", func(a *answer.Answer) { a.Boot -= 60_000_000 }, answer.Proactive},
		{"from a snapshot of last month", func(a *answer.Answer) { a.Boot -= 30 * 86400e6 }, answer.Proactive},
		{"begun to start 100 ms before the call", func(a *answer.Answer) { a.Boot -= 120_000 }, answer.Proactive},
		{"within what Linux can tell", func(a *answer.Answer) { a.Boot -= 20_000 }, answer.Cold},
		// After a crash Lambda resets the environment and keeps /tmp.
		{"loaded again after a crash", func(a *answer.Answer) { a.Cold = false }, answer.Suppressed},
		{"another process of the sandbox, started ahead", func(a *answer.Answer) { a.Cold, a.Boot = false, a.Boot-60_000_000 }, answer.Suppressed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, call := base()
			tt.change(&a)
			require.Equal(t, tt.want, a.Start(call.Waited))
		})
	}
}

func TestPossible(t *testing.T) {
	tests := []struct {
		name   string
		change func(*answer.Answer, *answer.Call)
		want   string // part of the error; empty: possible
	}{
		{"right", func(*answer.Answer, *answer.Call) {}, ""},
		{"clocks an hour apart", func(a *answer.Answer, _ *answer.Call) { a.Boot += 3600e6; a.Begin += 3600e6; a.End += 3600e6 }, ""},
		{"clock set back during the call", func(a *answer.Answer, _ *answer.Call) { a.End -= 900_000 }, ""},
		{"clock set back since it booted", func(a *answer.Answer, _ *answer.Call) { a.Boot += 7200e6 }, ""},
		{"rates differ by 0.05 %", func(a *answer.Answer, c *answer.Call) {
			c.Served = 100 * time.Second
			c.Waited = c.Served
			a.Handler = 100_050e6
		}, ""},
		{"initialised ahead", func(a *answer.Answer, _ *answer.Call) { a.Boot -= 60_000_000; a.Init = 20_000_000 }, ""},
		{"from a snapshot", func(a *answer.Answer, _ *answer.Call) { a.Boot -= 90 * 86400e6 }, ""},
		{"sixteen processors", func(a *answer.Answer, _ *answer.Call) { a.CPU = 16 * a.CPU }, ""},
		{"throttled", func(a *answer.Answer, _ *answer.Call) { a.CPU = 0 }, ""},
		{"pages of a file", func(a *answer.Answer, _ *answer.Call) { a.Memory = 1 << 30 }, ""},
		{"memory without a limit", func(a *answer.Answer, c *answer.Call) { a.Memory, c.Memory = 64<<30, 0 }, ""},

		{"handler longer than the call", func(a *answer.Answer, _ *answer.Call) { a.Handler = 302e6 }, "handler_ns is 302ms, but the client had the answer after 299ms"},
		{"handler of years", func(a *answer.Answer, _ *answer.Call) { a.Handler = 9e17 }, "handler_ns"},
		{"handler longer than the request was out", func(a *answer.Answer, c *answer.Call) { c.Served = 90 * time.Millisecond }, "handler_ns"},
		{"begin in another century", func(a *answer.Answer, _ *answer.Call) { a.Begin += 1e14; a.End += 1e14 }, "begin_us is 2027-01-15 08:00:00, but the call was made on 2023-11-14 22:13:20"},
		{"begin in the past", func(a *answer.Answer, _ *answer.Call) { a.Begin = 1 }, "begin_us"},
		{"end days later", func(a *answer.Answer, _ *answer.Call) { a.End += 3 * 86400e6 }, "end_us"},
		{"boot in 1970", func(a *answer.Answer, _ *answer.Call) { a.Boot = 1 }, "boot_us is 1970-01-01"},
		{"boot in the future", func(a *answer.Answer, _ *answer.Call) { a.Boot += 2 * 86400e6 }, "boot_us"},
		{"init longer than the call", func(a *answer.Answer, _ *answer.Call) { a.Init = 250_000 }, "init_us is 250ms, but the client waited 200ms besides the handler"},
		{"init of weeks", func(a *answer.Answer, _ *answer.Call) { a.Count, a.Cold, a.Init = 2, false, 1e13 }, "init_us"},
		{"CPU time of years", func(a *answer.Answer, _ *answer.Call) { a.CPU = 1e14 }, "cpu_us"},
		{"a million times the memory", func(a *answer.Answer, _ *answer.Call) { a.Memory = 9e17 }, "memory_bytes is 900000000000000000, but the function may have 134217728"},
		{"right, on this machine", func(_ *answer.Answer, c *answer.Call) { c.Here = 1 }, ""},
		{"two processors here, ticks of 10 ms", func(a *answer.Answer, c *answer.Call) { c.Here, a.CPU, a.Boot = 2, 620_000, a.Boot-10_000 }, ""},
		{"a step of the clock here", func(a *answer.Answer, c *answer.Call) { c.Here = 1; a.Begin += 900_000 }, ""},
		{"libraries here", func(a *answer.Answer, c *answer.Call) { c.Here, a.Memory = 1, 600<<20 }, ""},
		{"begin a minute ago here", func(a *answer.Answer, c *answer.Call) { c.Here = 1; a.Begin -= 60e6 }, "begin_us is -59.81s after"},
		{"end a minute later here", func(a *answer.Answer, c *answer.Call) { c.Here = 1; a.End += 60e6 }, "end_us is 1m0.29s after"},
		{"boot after begin here", func(a *answer.Answer, c *answer.Call) { c.Here, a.Count, a.Cold = 1, 2, false; a.Boot += 3e6 }, "boot_us is 2.82s after begin_us"},
		{"another interval here", func(a *answer.Answer, c *answer.Call) { c.Here, c.Waited = 1, 5*time.Second; a.End += 3e6 }, "handler_ns is 100ms, but from begin_us to end_us are 3.1s"},
		{"CPU time of ten processors here", func(a *answer.Answer, c *answer.Call) { c.Here, a.CPU = 2, 13e6 }, "the machine has 2 processors"},
		{"six times the memory here", func(a *answer.Answer, c *answer.Call) { c.Here, a.Memory = 1, 6*c.Memory+1 }, "memory_bytes"},

		{"ten times the memory", func(a *answer.Answer, c *answer.Call) { c.Memory = 512 << 20; a.Memory = 10 * c.Memory }, "memory_bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, call := base()
			tt.change(&a, &call)
			err := a.Possible(call)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}
