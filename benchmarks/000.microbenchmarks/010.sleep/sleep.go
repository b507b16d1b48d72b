// Package sleep is the benchmark 010.sleep: a function that does nothing for a
// given time. It shows what a platform adds to a call, and how it treats calls
// that take long without working.
//
// The package cannot see whether the function really slept: the times that
// the wrapper measured around the handler say that.
package sleep

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python all:nodejs all:java all:go all:cpp all:sim config.json
var files embed.FS

// Benchmark is 010.sleep. On the platform sim it is a model, which waits by
// itself and not for the time that the event says.
var Benchmark = harness.Benchmark{
	Name:  "010.sleep",
	Files: files,
	Input: input,
	Check: check,
}

// durations are in seconds. A sample takes tens of calls, so the longest is a
// second; the shortest is still well above the resolution of timers.
var durations = map[harness.Size]float64{
	harness.Test:  0.01,
	harness.Small: 0.1,
	harness.Large: 1,
}

// payload is the event.
type payload struct {
	Sleep float64 `json:"sleep"`
}

func input(_ context.Context, size harness.Size, _ *harness.Store) (any, error) {
	seconds, ok := durations[size]
	if !ok {
		return nil, fmt.Errorf("unknown size %q", size)
	}
	return payload{seconds}, nil
}

func check(_ context.Context, _ harness.Size, in any, output json.RawMessage, _ *harness.Store) error {
	p, ok := in.(payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var seconds *float64
	if err := inputs.Decode(output, &seconds); err != nil {
		return err
	}
	if seconds == nil || *seconds != p.Sleep {
		return fmt.Errorf("the output is %s, want %v", output, p.Sleep)
	}
	return nil
}
