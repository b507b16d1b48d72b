// Package roundtrips is what the benchmarks that send datagrams to and fro have
// in common: the event, the server that answers, and the check of the times
// that a function stored.
//
// A function sends "<request id> <number>", with numbers that begin at 0 and go
// up by one, and receives the same text back; an echo that does not come in
// time is given up with its number. It stores a CSV of the rounds but the first
// that was answered, and sends "<request id> stop" if it has no more.
//
// The package refuses to judge the times themselves: a clock may differ from
// this machine's by any constant.
package roundtrips

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

// Payload is the event.
type Payload struct {
	Address     string        `json:"server-address"`
	Port        int           `json:"server-port"`
	Repetitions int           `json:"repetitions"`
	Bucket      inputs.Bucket `json:"bucket"`

	log *Log
}

// Input starts a server and returns the event that names it.
func Input(ctx context.Context, store *harness.Store, repetitions int) (*Payload, error) {
	log := NewLog()
	host, port, err := store.ServeUDP(ctx, log.Answer)
	if err != nil {
		return nil, err
	}
	bucket := inputs.Bucket{Bucket: store.Bucket(), Output: store.Output(0)}
	return &Payload{Address: host, Port: port, Repetitions: repetitions, Bucket: bucket, log: log}, nil
}

// resultName is the name of an object with a function's times: that of the
// call, and what makes it unique.
var resultName = regexp.MustCompile(`^results-([^/]+)\.[^./]+\.csv$`)

// maxCSV bounds the object with the times, in bytes.
const maxCSV = 1 << 20

// Trips returns the times that a function stored under key, in order, if they
// are possible and agree with what the server saw of the same call. What the
// server saw of a call is compared once; a second time is an error.
func (p *Payload) Trips(ctx context.Context, store *harness.Store, key string) ([]Trip, error) {
	name, ok := strings.CutPrefix(key, p.Bucket.Output+"/")
	match := resultName.FindStringSubmatch(name)
	if !ok || match == nil {
		return nil, fmt.Errorf("the output's key is %q, want %s/results-<request id>.<unique>.csv", key, p.Bucket.Output)
	}
	data, err := store.Get(ctx, key, maxCSV)
	if err != nil {
		return nil, err
	}
	trips, err := ParseCSV(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	seen := p.log.take(match[1])
	if len(seen) == 0 {
		return nil, fmt.Errorf("%s: the server has not seen the call %s, or it was compared before", key, match[1])
	}
	if err := agree(trips, seen); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return trips, nil
}

// The clocks of a function and of the server may drift apart during a call by
// this much, in ns: rounding, and what systems slew.
func tolerance(span int64) int64 { return 20_000 + span/1000 }

// agree compares a function's times with the server's: there must be one
// difference of the two clocks with which each datagram arrived after it was
// sent, both ways.
func agree(trips []Trip, seen []exchange) error {
	if len(trips) == 0 {
		return errors.New("there are no rounds")
	}
	if seen[0].number >= trips[0].ID {
		return fmt.Errorf("the server saw no round before %d: the first is not for the CSV", trips[0].ID)
	}
	low, high, i := trips[0], trips[0], 0 // the rounds that bound the difference
	var least, most int64
	for n, t := range trips {
		if n > 0 && t.Sent < trips[n-1].Received {
			return fmt.Errorf("round %d is sent before the echo of round %d is received", t.ID, trips[n-1].ID)
		}
		for i < len(seen) && seen[i].number < t.ID {
			i++
		}
		if i == len(seen) || seen[i].number != t.ID {
			return fmt.Errorf("the server has not seen round %d", t.ID)
		}
		from, to := seen[i].sent-t.Received, seen[i].received-t.Sent
		if n == 0 || from > least {
			least, low = from, t
		}
		if n == 0 || to < most {
			most, high = to, t
		}
	}
	if span := max(trips[len(trips)-1].Received-trips[0].Sent, 0); least > most+tolerance(span) {
		return fmt.Errorf("rounds %d and %d cannot both be true: the server's times contradict them by %d µs", high.ID, low.ID, (least-most)/1000)
	}
	return nil
}
