// Package stats makes statistics of samples: summaries, the rule that ends
// sampling, and comparisons of two samples.
//
// A sample is a slice of numbers in one unit, which the caller names. No
// function modifies its arguments, and equal arguments give equal results on
// every call: where resampling is used, its seed is an argument. All functions
// are safe for concurrent use.
//
// Measurements of functions are neither normal nor symmetric, so nothing is
// assumed about their distribution except where it says so. The intervals of
// the median and of the quantiles are pairs of order statistics; each states
// the level that it has, which the binomial distribution gives exactly for
// independent values without ties, and which is a lower bound with ties. Where
// a Rule looked at the growing sample, that of the median states what the looks
// have left of it. Values that were taken at once are not independent: of a
// Sample of batches the batch is the observation. What rests on an assumption,
// as Student's interval of the mean on normal values and the bootstrap interval
// of a ratio on many, is only ever nominal. How often each interval contains
// the true value, also where its assumption does not hold, is simulated by the
// package's tests and published in coverage.md.
//
// The package refuses to drop values, to report an interval below the sample
// size that it needs, and to return anything that is not a finite number: what
// is missing is a zero Interval and a warning. It does no I/O.
package stats
