package figures

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDuration(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "0", 12: "12 ns", 999.6: "1 µs", 1234: "1.23 µs", 999_600: "1 ms", 20_400_000: "20.4 ms", 1.5e9: "1.5 s", 7.2e12: "2h0m0s",
	} {
		require.Equal(t, want, Duration(ns))
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0 B", 999: "999 B", 1000: "1 kB", 216_000: "216 kB", 999_600: "1.0 MB", 5_240_000: "5.2 MB", 999_960_000: "1.00 GB", 2.5e9: "2.50 GB",
	} {
		require.Equal(t, want, Bytes(n))
	}
}

func TestPlural(t *testing.T) {
	require.Equal(t, "1 batch", Plural(1, "batch"))
	require.Equal(t, "2 batches", Plural(2, "batch"))
	require.Equal(t, "0 calls", Plural(0, "call"))
}
