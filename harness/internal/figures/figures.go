// Package figures writes numbers as people read them. It refuses to write what
// a program is to read again.
package figures

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Duration returns nanoseconds with three significant digits.
func Duration(ns float64) string {
	d := math.Abs(ns)
	switch {
	case d == 0:
		return "0"
	case d < 999.5:
		return fmt.Sprintf("%.3g ns", ns)
	case d < 999.5e3:
		return fmt.Sprintf("%.3g µs", ns/1e3)
	case d < 999.5e6:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	case d < 999.5e9:
		return fmt.Sprintf("%.3g s", ns/1e9)
	}
	return time.Duration(ns).Round(time.Second).String()
}

// Bytes returns a number of bytes in the unit that suits it.
func Bytes(n float64) string {
	switch {
	case n < 1e3:
		return fmt.Sprintf("%.0f B", n)
	case n < 999.5e3:
		return fmt.Sprintf("%.3g kB", n/1e3)
	case n < 999.95e6:
		return fmt.Sprintf("%.1f MB", n/1e6)
	}
	return fmt.Sprintf("%.2f GB", n/1e9)
}

// Plural returns a number with a noun: "1 answer", "2 answers", "2 batches".
func Plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ch"):
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
