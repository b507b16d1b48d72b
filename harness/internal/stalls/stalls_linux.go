package stalls

import (
	"time"

	"golang.org/x/sys/unix"
)

// suspended returns how long the machine was suspended since it booted: the
// monotonic clock stands still then, and the clock of boot time does not.
func suspended() time.Duration {
	var monotonic, boot unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - monotonic.Nano()).Truncate(time.Millisecond)
}
