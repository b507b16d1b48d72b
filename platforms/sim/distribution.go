package sim

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Longest is the longest time that a model can have; longer draws are cut to
// it.
const Longest = time.Hour

// Duration is a time in a model, written as a string with its unit: "12.5ms".
type Duration time.Duration

// UnmarshalText parses a duration from 0 to Longest.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: want a number with a unit, as 12.5ms", text)
	}
	if v < 0 || v > Longest {
		return fmt.Errorf("duration %q: want 0s to %v", text, Longest)
	}
	*d = Duration(v)
	return nil
}

// Distribution is a known distribution of times. At most one field is set; the
// zero value is always 0.
type Distribution struct {
	Constant  Duration   `json:"constant"`
	LogNormal *LogNormal `json:"lognormal"`
	Pareto    *Pareto    `json:"pareto"`
	Mixture   []Part     `json:"mixture"`
}

// LogNormal is the distribution whose logarithm is normal with standard
// deviation Sigma.
type LogNormal struct {
	Median Duration `json:"median"`
	Sigma  float64  `json:"sigma"` // at most 3
}

// Pareto has a heavy tail: P(X > x) = (Scale/x)^Alpha for x from Scale up to
// Cap, where all that would be longer is.
type Pareto struct {
	Scale Duration `json:"scale"`
	Alpha float64  `json:"alpha"` // positive
	Cap   Duration `json:"cap"`
}

// Part is one part of a mixture, drawn with probability Weight. The weights of
// a mixture add up to 1.
type Part struct {
	Weight float64      `json:"weight"`
	Of     Distribution `json:"of"`
}

// Quantile returns the smallest time t with P(X <= t) >= p, for p within 0..1.
func (d *Distribution) Quantile(p float64) time.Duration {
	switch {
	case d.LogNormal != nil:
		z := math.Sqrt2 * math.Erfinv(2*p-1)
		return cut(float64(d.LogNormal.Median) * math.Exp(d.LogNormal.Sigma*z))
	case d.Pareto != nil:
		return min(cut(float64(d.Pareto.Scale)*math.Pow(1-p, -1/d.Pareto.Alpha)), time.Duration(d.Pareto.Cap))
	case len(d.Mixture) > 0:
		// The quantile lies between those of the parts.
		low, high := Longest, time.Duration(0)
		for i := range d.Mixture {
			q := d.Mixture[i].Of.Quantile(p)
			low, high = min(low, q), max(high, q)
		}
		for low < high {
			if mid := low + (high-low)/2; d.CDF(mid) >= p {
				high = mid
			} else {
				low = mid + 1
			}
		}
		return low
	}
	return time.Duration(d.Constant)
}

// CDF returns P(X <= t).
func (d *Distribution) CDF(t time.Duration) float64 {
	step := func(ok bool) float64 {
		if ok {
			return 1
		}
		return 0
	}
	switch {
	case t >= Longest:
		return 1
	case t < 0:
		return 0
	case d.LogNormal != nil:
		if d.LogNormal.Sigma == 0 || d.LogNormal.Median == 0 {
			return step(t >= time.Duration(d.LogNormal.Median))
		}
		z := math.Log(float64(t)/float64(d.LogNormal.Median)) / d.LogNormal.Sigma
		return (1 + math.Erf(z/math.Sqrt2)) / 2
	case d.Pareto != nil:
		if t < time.Duration(d.Pareto.Scale) || t >= time.Duration(d.Pareto.Cap) {
			return step(t >= time.Duration(d.Pareto.Cap))
		}
		return 1 - math.Pow(float64(d.Pareto.Scale)/float64(t), d.Pareto.Alpha)
	case len(d.Mixture) > 0:
		sum := 0.0
		for i := range d.Mixture {
			sum += d.Mixture[i].Weight * d.Mixture[i].Of.CDF(t)
		}
		return sum
	}
	return step(t >= time.Duration(d.Constant))
}

// at turns u, uniform within 0..1 without its ends, into a draw: the quantile
// of u, but for a mixture the one of a part, which is cheaper and distributed
// the same.
func (d *Distribution) at(u float64) time.Duration {
	for i := range d.Mixture {
		part := &d.Mixture[i]
		if u < part.Weight {
			return part.Of.at(u / part.Weight)
		}
		if u -= part.Weight; i == len(d.Mixture)-1 {
			return part.Of.at(1 - 1e-16) // rounding of the weights
		}
	}
	return d.Quantile(u)
}

// check says what is wrong with the parameters.
func (d *Distribution) check() error {
	forms := 0
	for _, set := range []bool{d.Constant != 0, d.LogNormal != nil, d.Pareto != nil, len(d.Mixture) > 0} {
		if set {
			forms++
		}
	}
	if forms > 1 {
		return errors.New("want only one of constant, lognormal, pareto and mixture")
	}
	if l := d.LogNormal; l != nil && (!(l.Sigma >= 0 && l.Sigma <= 3) || l.Median <= 0) {
		return errors.New("lognormal: want a positive median and sigma from 0 to 3")
	}
	if p := d.Pareto; p != nil && (!(p.Alpha > 0) || math.IsInf(p.Alpha, 0) || p.Scale <= 0 || p.Cap < p.Scale) {
		return errors.New("pareto: want a positive scale and alpha, and cap at least scale")
	}
	sum := 0.0
	for i := range d.Mixture {
		if w := d.Mixture[i].Weight; !(w > 0 && w <= 1) {
			return errors.New("mixture: want weights above 0")
		}
		sum += d.Mixture[i].Weight
		if err := d.Mixture[i].Of.check(); err != nil {
			return fmt.Errorf("mixture: part %d: %w", i+1, err)
		}
	}
	if len(d.Mixture) > 0 && math.Abs(sum-1) > 1e-9 {
		return fmt.Errorf("mixture: the weights add up to %v, want 1", sum)
	}
	return nil
}

// cut turns nanoseconds into a duration of at most Longest.
func cut(ns float64) time.Duration {
	if !(ns < float64(Longest)) {
		return Longest
	}
	return time.Duration(ns)
}
