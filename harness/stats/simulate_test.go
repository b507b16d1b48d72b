package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// population is a distribution whose true mean and quantiles are known.
type population struct {
	name     string
	draw     func(*rand.Rand) float64
	quantile func(p float64) float64
	mean     float64
}

func logNormal(name string, sigma float64) population {
	return population{
		name:     name,
		draw:     func(r *rand.Rand) float64 { return math.Exp(sigma * r.NormFloat64()) },
		quantile: func(p float64) float64 { return math.Exp(sigma * distuv.UnitNormal.Quantile(p)) },
		mean:     math.Exp(sigma * sigma / 2),
	}
}

func normal(name string, mean, sd float64) population {
	return population{
		name:     name,
		draw:     func(r *rand.Rand) float64 { return mean + sd*r.NormFloat64() },
		quantile: func(p float64) float64 { return mean + sd*distuv.UnitNormal.Quantile(p) },
		mean:     mean,
	}
}

var exponential = population{
	name:     "exponential",
	draw:     (*rand.Rand).ExpFloat64,
	quantile: func(p float64) float64 { return -math.Log1p(-p) },
	mean:     1,
}

// bimodal is four fifths fast calls and one fifth slow ones.
var bimodal = population{
	name: "bimodal",
	draw: func(r *rand.Rand) float64 {
		if r.Float64() < 0.8 {
			return 10 + r.NormFloat64()
		}
		return 30 + 3*r.NormFloat64()
	},
	quantile: func(p float64) float64 {
		fast, slow := distuv.Normal{Mu: 10, Sigma: 1}, distuv.Normal{Mu: 30, Sigma: 3}
		low, high := 0.0, 100.0
		for range 100 {
			middle := (low + high) / 2
			if 0.8*fast.CDF(middle)+0.2*slow.CDF(middle) < p {
				low = middle
			} else {
				high = middle
			}
		}
		return (low + high) / 2
	},
	mean: 0.8*10 + 0.2*30,
}

// correlated returns draws of batches of ten, of which any two values have the
// given correlation on the scale of a normal distribution, and singly the
// distribution of what make makes of one.
func correlated(correlation float64, makeOf func(z float64) float64) func(*rand.Rand, []float64) {
	return func(r *rand.Rand, batch []float64) {
		shared := math.Sqrt(correlation) * r.NormFloat64()
		for i := range batch {
			batch[i] = makeOf(shared + math.Sqrt(1-correlation)*r.NormFloat64())
		}
	}
}

// batched is a population of batches of ten values.
type batched struct {
	name     string
	draw     func(*rand.Rand, []float64)
	quantile func(p float64) float64 // of values
	mean     float64
}

// batches returns the populations of batches that are simulated.
func batches() []batched {
	var all []batched
	for _, correlation := range []float64{0.3, 0.7} {
		n, l := normal("normal", 100, 10), logNormal("log-normal 0.5", 0.5)
		all = append(all,
			batched{fmt.Sprintf("normal, %v", correlation), correlated(correlation, func(z float64) float64 { return 100 + 10*z }), n.quantile, n.mean},
			batched{fmt.Sprintf("log-normal 0.5, %v", correlation), correlated(correlation, func(z float64) float64 { return math.Exp(0.5 * z) }), l.quantile, l.mean})
	}
	return all
}

// pareto has a finite variance, and no moments from 2.5 on.
var pareto = population{
	name:     "Pareto, shape 2.5",
	draw:     func(r *rand.Rand) float64 { return math.Exp(r.ExpFloat64() / 2.5) },
	quantile: func(p float64) float64 { return math.Pow(1-p, -1/2.5) },
	mean:     2.5 / 1.5,
}

// tally counts, by column, what happened in repetitions of an experiment.
type tally []float64

// simulate repeats an experiment and returns the mean of each column. trial
// makes a function that runs one repetition and adds to the columns, with a
// source of randomness and scratch memory of its own. The repetitions are cut
// into chunks with a source each, so that the result does not depend on the
// number of processors.
func simulate(repetitions, columns int, seed uint64, trial func(*rand.Rand) func(tally)) tally {
	const chunks = 50
	results := make([]tally, chunks)
	work := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for chunk := range work {
				run, result := trial(rand.New(rand.NewPCG(seed, uint64(chunk)))), make(tally, columns)
				for range repetitions / chunks {
					run(result)
				}
				results[chunk] = result
			}
		})
	}
	for chunk := range chunks {
		work <- chunk
	}
	close(work)
	workers.Wait()
	mean := make(tally, columns)
	for _, result := range results {
		for i, v := range result {
			mean[i] += v / float64(repetitions/chunks*chunks)
		}
	}
	return mean
}

// count adds 1 to a column if the interval contains the true value.
func (t tally) count(column int, i Interval, truth float64) {
	if i.Low <= truth && truth <= i.High {
		t[column]++
	}
}

// fill draws a sample and sorts it.
func (p population) fill(r *rand.Rand, values []float64) {
	for i := range values {
		values[i] = p.draw(r)
	}
	slices.Sort(values)
}

func TestPopulationsAreWhatTheySay(t *testing.T) {
	// The simulations stand on the true values: check them against draws.
	const n = 400_000
	for i, p := range []population{normal("normal", 100, 10), logNormal("log-normal", 0.5), exponential, bimodal, pareto} {
		values := make([]float64, n)
		p.fill(rand.New(rand.NewPCG(11, uint64(i))), values)
		mean, err := Mean(values, 0.9999)
		if err != nil {
			t.Fatal(err)
		}
		if !(mean.Interval.Low <= p.mean && p.mean <= mean.Interval.High) {
			t.Errorf("%s: mean %v, drawn %+v", p.name, p.mean, mean)
		}
		for _, q := range []float64{0.25, 0.5, 0.75, 0.9, 0.95, 0.99} {
			below, _ := slices.BinarySearch(values, p.quantile(q))
			if math.Abs(float64(below)/n-q) > 4*math.Sqrt(q*(1-q)/n) {
				t.Errorf("%s: %v of the draws are below the %v-quantile", p.name, float64(below)/n, q)
			}
		}
	}
}
