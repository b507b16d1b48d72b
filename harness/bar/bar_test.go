package bar_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
)

// TestBars is what the test below runs in a child: of times that are known,
// one holds, one holds by its slack, one falls short.
func TestBars(t *testing.T) {
	bar.Named(t)
	constant := func(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
	t.Run("holds", func(t *testing.T) {
		bar.Pairs{Name: "same", Limit: 1.1, N: 10}.Judge(t, constant(time.Millisecond), constant(time.Millisecond))
	})
	t.Run("slack", func(t *testing.T) {
		bar.Pairs{Name: "slack", Limit: 1.1, Slack: time.Millisecond, N: 10}.Judge(t, constant(2*time.Millisecond), constant(time.Millisecond))
	})
	t.Run("short", func(t *testing.T) {
		bar.Pairs{Name: "twice", Limit: 1.1, N: 10}.Judge(t, constant(2*time.Millisecond), constant(time.Millisecond))
	})
	t.Run("number", func(t *testing.T) { bar.AtLeast(t, "rate", 99, 100, "/s") })
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name  string
		run   string
		fails bool
		want  string
	}{
		{"unnamed", ".", false, "bars run when -run names them"},
		{"holds", "^TestBars$/holds", false, "ratio 1.000 [1.000, 1.000]  limit 1.10x  holds"},
		{"slack", "^TestBars$/slack", false, "limit 1.10x or +1ms  holds"},
		{"short", "^TestBars$/short", true, "ratio 2.000 [2.000, 2.000]  limit 1.10x  falls short"},
		{"number", "^TestBars$/number", true, "limit at least 100 /s  falls short"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", tt.run, "-test.skip", "TestVerdicts").CombinedOutput()
			require.Equal(t, tt.fails, err != nil, string(out))
			require.Contains(t, string(out), tt.want)
		})
	}
}
