//go:build !linux

package stalls

import "time"

// suspended returns how long the machine was suspended since it booted, which
// is not known here.
func suspended() time.Duration { return 0 }
