package answer

import "time"

// Start is how a call found its sandbox. Three pieces of evidence tell: whether
// the call made the sandbox's mark in its temporary folder (Cold), whether the
// process served for the first time (Count), and how old the process was when
// its handler began. That age is a difference of two times of one clock, the
// function's, and is held against a difference of two times of the client's, so
// it does not matter how far the clocks are apart.
//
//	                       the mark is new            the mark was there
//	count 1, younger       cold                       suppressed
//	count 1, older         proactive                  suppressed
//	count 2 and more       (refused by Parse)         warm
//
// Younger is a process that can have been started after the call was made: its
// age when the handler began is at most the time that the client waited besides
// the handler.
type Start string

// The starts.
const (
	Cold       Start = "cold"       // the sandbox was started for the call, which waited for all of it
	Warm       Start = "warm"       // the process had served before
	Proactive  Start = "proactive"  // the sandbox's first call, but the platform had begun to start it before the call was made: a spare one, or one started ahead
	Suppressed Start = "suppressed" // the module was loaded again in a sandbox that had served: after a crash whose temporary folder stayed, or in another process of it
)

// Starts lists all starts, in the order of reports.
var Starts = []Start{Cold, Warm, Proactive, Suppressed}

// startError is how much too old the age of a process may be told: Linux tells
// when a process started in steps of 10 ms.
const startError = 50 * time.Millisecond

// Start returns how a call found its sandbox, for which the client waited so
// long in all.
func (a *Answer) Start(waited time.Duration) Start {
	switch {
	case a.Count > 1:
		return Warm
	case !a.Cold:
		return Suppressed
	case a.age() > waited-time.Duration(a.Handler)+startError:
		return Proactive
	}
	return Cold
}

// age returns how old the process was when its handler began, by its own clock.
func (a *Answer) age() time.Duration { return time.Duration(a.Begin-a.Boot) * time.Microsecond }
