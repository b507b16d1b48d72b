package stats

import "math"

// walk is how many of n independent values are below their median, among the
// samples whose interval has contained it at every look so far. Each further
// value is below it or not with equal probability, whatever the distribution:
// a random walk, of which the probabilities are known exactly.
type walk struct {
	n      int
	first  int       // the lowest count that is possible
	p      []float64 // of the counts first, first+1, …
	missed float64   // probability of a sample whose interval missed at a look
}

// start is the walk of no values.
func start() walk { return walk{p: []float64{1}} }

// look returns the walk at n values, after a look at the narrowest interval
// with symmetric ranks that lets the probability of a miss at any look so far
// be at most miss. The level of the ranks is the probability of no miss at any
// look: what the interval has, whichever look ends the sampling. No ranks if
// there are too few values.
func (w walk) look(n int, miss float64) (walk, ranks) {
	w = w.advance(n)
	last := len(w.p) - 1
	lost := 0 // counts at each end at which the interval misses
	for w.first+lost < n/2 && w.missed+w.p[lost]+w.p[last-lost] <= miss {
		w.missed += w.p[lost] + w.p[last-lost]
		lost++
	}
	w.first, w.p = w.first+lost, w.p[lost:len(w.p)-lost]
	if w.first == 0 {
		return w, ranks{}
	}
	return w, ranks{low: w.first, high: n + 1 - w.first, level: 1 - w.missed}
}

// advance returns the walk at n values without a look.
func (w walk) advance(n int) walk {
	first, steps := fairCounts(n - w.n)
	next := walk{n: n, first: w.first + first, p: make([]float64, len(w.p)+len(steps)-1), missed: w.missed}
	for i, p := range w.p {
		for k, q := range steps {
			next.p[i+k] += p * q
		}
	}
	return next
}

// fairCounts returns the probabilities of first, first+1, … heads of n fair
// coins, without the counts beyond ten standard deviations: they have less than
// 1e-22.
func fairCounts(n int) (first int, p []float64) {
	reach := int(5*math.Sqrt(float64(n))) + 1
	first = max(0, n/2-reach)
	p = make([]float64, n-2*first+1)
	middle := n / 2
	total, _ := math.Lgamma(float64(n + 1))
	below, _ := math.Lgamma(float64(middle + 1))
	above, _ := math.Lgamma(float64(n - middle + 1))
	p[middle-first] = math.Exp(total - below - above - float64(n)*math.Ln2)
	for k := middle; k > first; k-- {
		p[k-1-first] = p[k-first] * float64(k) / float64(n-k+1)
	}
	for k := middle; k < n-first; k++ {
		p[k+1-first] = p[k-first] * float64(n-k) / float64(k+1)
	}
	return first, p
}
