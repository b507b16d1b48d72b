package doctor

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// unsynchronised is the kernel's state of a clock that no time service keeps.
const unsynchronised = 5 // TIME_ERROR

// clockSynchronised says whether a time service keeps the time of day, as the
// kernel knows it.
func clockSynchronised() (found string, ok bool) {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return fmt.Sprintf("not known whether it is synchronised: adjtimex: %v", err), false
	}
	if state == unsynchronised {
		return "not synchronised", false
	}
	return fmt.Sprintf("synchronised, off by at most %v", time.Duration(t.Maxerror)*time.Microsecond), true
}

// clockSource returns what the kernel's clock is made of, empty if unknown.
func clockSource() string {
	text, _ := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	return strings.TrimSpace(string(text))
}
