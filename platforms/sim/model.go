package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// ModelFile is the name of the file in a benchmark's folder sim that holds its
// model. A package has it at its root, or in its folder "function".
const ModelFile = "function.json"

// Model is a function of this platform: how long its calls take, how they
// fail, what they answer. Times and failures are an exact function of Seed and
// the number of the call.
type Model struct {
	Seed uint64 `json:"seed"`

	// The time between the handler's begin and end, of a sandbox's first call
	// and of later ones.
	Cold Distribution `json:"cold"`
	Warm Distribution `json:"warm"`

	Start Duration `json:"start"` // from the call until the sandbox exists: before the request is sent
	Init  Duration `json:"init"`  // loading the module: in the first call, before the handler's begin

	Sandboxes int      `json:"sandboxes"`  // at most as many at once, further calls queue; 0: no limit
	KeepAlive Duration `json:"keep_alive"` // a sandbox that is idle for longer is gone; 0: none is

	// What services do besides cold and warm: the probability that a sandbox was
	// started a minute ahead of the call that gets it, which waits neither for
	// start nor for init, and that the process of a sandbox is gone when a
	// later call comes, and loads the module again.
	Ahead  float64 `json:"ahead"`
	Reload float64 `json:"reload"`

	Failures []Fault `json:"failures"` // the probabilities add up to at most 1

	Memory int64           `json:"memory_bytes"` // what answers say; 0: 32 MiB
	Result json.RawMessage `json:"result"`       // what the handler returns; absent: null
	Copy   string          `json:"copy"`         // return the event's value of this key instead

	Behaviour string `json:"behaviour"` // "probe": do what the event asks, see probe.go; empty: as above
}

// Fault is a failure that a call has with a probability. All causes can be had
// but cancelled, which is the client's; init concerns only cold calls.
type Fault struct {
	Cause       driver.Cause `json:"cause"`
	Probability float64      `json:"probability"`
}

// Draw is what a model says about one call.
type Draw struct {
	Cold, Warm time.Duration // between begin and end, if the call is that
	Reload     bool          // its process is gone, if it is not the sandbox's first
	Cause      driver.Cause  // empty: it succeeds
}

// Draw returns what happens to the n-th call of a function since its last
// deployment, from 0 on.
func (m *Model) Draw(n uint64) Draw {
	u := uniform(m.Seed, 2*n)
	d := Draw{Cold: m.Cold.at(u), Warm: m.Warm.at(u), Reload: uniform(m.Seed+1, 2*n) < m.Reload}
	if len(m.Failures) == 0 {
		return d
	}
	u = uniform(m.Seed, 2*n+1)
	for _, f := range m.Failures {
		if u < f.Probability {
			d.Cause = f.Cause
			break
		}
		u -= f.Probability
	}
	return d
}

// ahead returns whether the n-th sandbox was started ahead.
func (m *Model) ahead(n uint64) bool { return uniform(m.Seed+1, 2*n+1) < m.Ahead }

// uniform returns the i-th number of a stream, within 0..1 without its ends.
func uniform(seed, i uint64) float64 {
	x := mix(mix(seed+0x9e3779b97f4a7c15) + (i+1)*0x9e3779b97f4a7c15)
	return (float64(x>>11) + 0.5) / (1 << 53)
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators", 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// ParseModel decodes a model strictly: unknown keys, wrong types and parameters
// out of range are errors.
func ParseModel(data []byte) (*Model, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var m Model
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("want one JSON object and nothing after it")
	}
	if err := m.Cold.check(); err != nil {
		return nil, fmt.Errorf("cold: %w", err)
	}
	if err := m.Warm.check(); err != nil {
		return nil, fmt.Errorf("warm: %w", err)
	}
	if m.Sandboxes < 0 || m.Memory < 0 {
		return nil, errors.New("sandboxes and memory_bytes must not be negative")
	}
	if !(m.Ahead >= 0 && m.Ahead <= 1 && m.Reload >= 0 && m.Reload <= 1) {
		return nil, errors.New("want probabilities for ahead and reload")
	}
	if m.Copy != "" && m.Result != nil {
		return nil, errors.New("want only one of result and copy")
	}
	if m.Behaviour != "" && m.Behaviour != "probe" {
		return nil, fmt.Errorf("behaviour %q: want probe or nothing", m.Behaviour)
	}
	sum := 0.0
	for _, f := range m.Failures {
		if f.Cause == driver.Cancelled || !slices.Contains(driver.Causes, f.Cause) {
			return nil, fmt.Errorf("failures: cause %q: want one of %v without cancelled", f.Cause, driver.Causes)
		}
		if !(f.Probability >= 0) {
			return nil, fmt.Errorf("failures: %s: want a probability", f.Cause)
		}
		sum += f.Probability
	}
	if sum > 1+1e-9 || math.IsNaN(sum) {
		return nil, fmt.Errorf("failures: the probabilities add up to %v, more than 1", sum)
	}
	if m.Memory == 0 {
		m.Memory = 32 << 20
	}
	if m.Result == nil {
		m.Result = json.RawMessage("null")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, m.Result); err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	m.Result = compact.Bytes()
	return &m, nil
}

// readModel reads the model of the package in dir.
func readModel(dir string) (*Model, error) {
	for _, name := range []string{ModelFile, filepath.Join("function", ModelFile)} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m, err := ParseModel(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return m, nil
	}
	return nil, fmt.Errorf("%s: %w in the package: a benchmark for this platform has it in its folder sim", ModelFile, os.ErrNotExist)
}
