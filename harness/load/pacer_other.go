//go:build !linux

package load

// newPacer returns a pacer on Go's timers.
func newPacer() pacer { return timerPacer{} }
