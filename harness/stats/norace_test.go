//go:build !race

package stats

// raceDetector reports whether the tests run under the race detector, which
// makes them many times slower.
const raceDetector = false
