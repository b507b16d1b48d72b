// Package network is the benchmark 020.network-benchmark: a function sends
// datagrams to a server, one when the echo of the one before has come, and
// stores when each was sent and when its echo came.
//
// The package does not judge how long the way is: the times are for whoever
// wants to.
package network

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/benchmarks/internal/roundtrips"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/harness/build"
)

//go:embed all:python all:nodejs config.json
var files embed.FS

// Benchmark is 020.network-benchmark.
var Benchmark = harness.Benchmark{
	Name:   "020.network-benchmark",
	Files:  build.Layers(files, roundtrips.Sources),
	Serves: true,
	Input:  input,
	Check:  check,
}

// rounds are how many a function stores. The most end within its time-out if a
// round takes 25 ms.
var rounds = map[harness.Size]int{
	harness.Test:  10,
	harness.Small: 100,
	harness.Large: 1000,
}

func input(ctx context.Context, size harness.Size, store *harness.Store) (any, error) {
	n, ok := rounds[size]
	if !ok {
		return nil, fmt.Errorf("unknown size %q", size)
	}
	return roundtrips.Input(ctx, store, n)
}

func check(ctx context.Context, _ harness.Size, in any, output json.RawMessage, store *harness.Store) error {
	p, ok := in.(*roundtrips.Payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var key string
	if err := inputs.Decode(output, &key); err != nil {
		return err
	}
	trips, err := p.Trips(ctx, store, key)
	if err != nil {
		return err
	}
	if len(trips) != p.Repetitions {
		return fmt.Errorf("%s has %d rounds, want %d", key, len(trips), p.Repetitions)
	}
	return nil
}
