package answer

import (
	"fmt"
	"time"
)

// Call is what the client knows of the call that an answer is for.
type Call struct {
	Sent   time.Time     // when it was made
	Waited time.Duration // from then to the last byte of the answer
	Served time.Duration // the same from when the request was sent: the handler ran within it
	Memory int64         // bytes that the function may have; 0: not known
	Here   int           // processors of this machine, where the sandbox is on it; 0: it is elsewhere
}

// The bounds are what cannot be exceeded, not what is usual: durations of two
// machines differ by the error of their clocks' rates, times by how far their
// clocks are apart, and memory by pages that a limit does not count.
const (
	rateError   = 1000 // one in so many
	shortest    = time.Millisecond
	clocksApart = 24 * time.Hour
	oldest      = 366 * 24 * time.Hour // a process, which may come from a snapshot
	processors  = 1024
	uncounted   = 1 << 30 // bytes that a process may have besides twice its limit

	// Of a sandbox on this machine, whose clock is the client's.
	slack         = time.Second // a step of the clock, a process that waits for a processor
	uncountedHere = 512 << 20   // files of libraries, what is had before the watchdog looks
)

// Possible returns nil, or what in the answer cannot be, as seen by the client.
func (a *Answer) Possible(c Call) error {
	within := func(d, bound time.Duration) bool { return d <= bound+bound/rateError+shortest }
	handler, init := time.Duration(a.Handler), time.Duration(a.Init)*time.Microsecond
	if !within(handler, c.Served) {
		return fmt.Errorf("handler_ns is %v, but the client had the answer after %v", handler, c.Served)
	}
	for _, t := range []struct {
		key string
		us  int64
	}{{"begin_us", a.Begin}, {"end_us", a.End}} {
		if at := time.UnixMicro(t.us); at.Before(c.Sent.Add(-clocksApart)) || at.After(c.Sent.Add(c.Waited+clocksApart)) {
			return fmt.Errorf("%s is %s, but the call was made on %s", t.key, at.UTC().Format(time.DateTime), c.Sent.UTC().Format(time.DateTime))
		}
	}
	if boot := time.UnixMicro(a.Boot); a.age() < -clocksApart || boot.Before(c.Sent.Add(-oldest)) {
		return fmt.Errorf("boot_us is %s, but the handler began on %s", boot.UTC().Format(time.DateTime), time.UnixMicro(a.Begin).UTC().Format(time.DateTime))
	}
	// Of a process that was started during the call, loading the module was a
	// part of it too.
	if a.Count == 1 && a.age() <= c.Waited-handler && !within(init, c.Waited-handler) || init > clocksApart {
		return fmt.Errorf("init_us is %v, but the client waited %v besides the handler", init, c.Waited-handler)
	}
	if cpu := time.Duration(a.CPU) * time.Microsecond; cpu/processors > c.Served+time.Second {
		return fmt.Errorf("cpu_us is %v, but the client had the answer after %v", cpu, c.Served)
	}
	if c.Memory > 0 && a.Memory > 2*c.Memory+uncounted {
		return fmt.Errorf("memory_bytes is %d, but the function may have %d", a.Memory, c.Memory)
	}
	if c.Here > 0 {
		return a.possibleHere(c)
	}
	return nil
}

// possibleHere is Possible for a sandbox on this machine.
func (a *Answer) possibleHere(c Call) error {
	begin, end, handler := time.UnixMicro(a.Begin), time.UnixMicro(a.End), time.Duration(a.Handler)
	from, to := c.Sent.Add(-slack), c.Sent.Add(c.Waited+slack)
	cpu := time.Duration(a.CPU) * time.Microsecond
	switch apart := (end.Sub(begin) - handler).Abs(); {
	case begin.Before(from) || begin.After(to):
		return fmt.Errorf("begin_us is %v after the call was made, but the client had the answer after %v, on the same machine", begin.Sub(c.Sent), c.Waited)
	case end.Before(from) || end.After(to):
		return fmt.Errorf("end_us is %v after the call was made, but the client had the answer after %v, on the same machine", end.Sub(c.Sent), c.Waited)
	case a.age() < -slack:
		return fmt.Errorf("boot_us is %v after begin_us", -a.age())
	case apart > slack+handler/10:
		return fmt.Errorf("handler_ns is %v, but from begin_us to end_us are %v", handler, end.Sub(begin))
	case cpu/time.Duration(c.Here) > c.Served+slack:
		return fmt.Errorf("cpu_us is %v, but the client had the answer after %v, and the machine has %d processors", cpu, c.Served, c.Here)
	case c.Memory > 0 && a.Memory > 2*c.Memory+uncountedHere:
		return fmt.Errorf("memory_bytes is %d, but the function may have %d", a.Memory, c.Memory)
	}
	return nil
}
