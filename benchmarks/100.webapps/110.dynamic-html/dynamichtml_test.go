package dynamichtml

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/benchtest"
	"github.com/sebs-go/sebs/harness"
)

func TestFolder(t *testing.T) { benchtest.Folder(t, Benchmark) }

// TestCheck rejects wrong outputs, and accepts right ones.
func TestCheck(t *testing.T) {
	right := page(1000, 1000000)
	in := payload{Username: username, Length: 1000}
	for _, c := range []struct {
		name string
		page string
		want string // in the error; empty: accepted
	}{
		{"right", right, ""},
		{"right, all in one line", strings.ReplaceAll(right, "\n", ""), ""},
		{"right output of a smaller size", page(10, 1000000), "lists 10 numbers, want 1000"},
		{"right output of a larger size", page(100000, 1000000), "lists 100000 numbers, want 1000"},
		{"one number too few", strings.Replace(right, "<li>", "", 1), "lists 999 numbers"},
		{"another user", strings.Replace(right, username, "other", 1), "Welcome testname!"},
		{"template not rendered", strings.Replace(right, username, "{{username}}", 1), "Welcome testname!"},
		{"no time", strings.Replace(right, "generated at: 20", "generated at: ", 1), "when it was generated"},
		{"an impossible time", strings.Replace(right, "2026-02-03", "2026-02-30", 1), "time"},
		{"cut off", right[:len(right)-10], "no end"},
		{"items without numbers", strings.Replace(right, "<li>", "<li>x", 1), "want a number"},
		{"an empty item", strings.Replace(right, "</ul>", "<li></li></ul>", 1), "lists 1001"},
		{"an item that is not closed", strings.Replace(right, "</li>", "", 1), "want a number"},
		{"a number out of range", strings.Replace(right, "<li>", "<li>1000000", 1), "want a number"},
		{"a negative number", strings.Replace(right, "<li>", "<li>-", 1), "want a number"},
		{"numbers from 0 to 99", page(1000, 100), "not uniform"},
		{"equal numbers", page(1000, 1), "all equal"},
		{"empty", "", "Welcome"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Benchmark.Check(t.Context(), harness.Small, in, benchtest.JSON(t, c.page), nil)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
	for _, output := range []string{`null`, `{"result": "x"}`, `3`, ``} {
		require.Error(t, Benchmark.Check(t.Context(), harness.Small, in, json.RawMessage(output), nil), output)
	}
	for _, size := range harness.Sizes {
		in := benchtest.Input(t, Benchmark, size, nil)
		output := benchtest.JSON(t, page(lengths[size], limit))
		require.NoError(t, Benchmark.Check(t.Context(), size, in, output, nil))
	}
}

// page is what a handler renders: count numbers below a limit.
func page(count, limit int) string {
	random := rand.New(rand.NewPCG(110, uint64(count)))
	var b strings.Builder
	b.WriteString("<html>\n<h1>Welcome testname!</h1>\n<p>Data generated at: 2026-02-03 04:05:06!</p>\n<ul>\n")
	for range count {
		fmt.Fprintf(&b, "<li>%d</li>\n", random.IntN(limit))
	}
	b.WriteString("</ul>\n</html>\n")
	return b.String()
}

// FuzzCheckNumbers checks lists that functions may send: only one with as many
// numbers passes.
func FuzzCheckNumbers(f *testing.F) {
	f.Add("<li>1</li><li>999999</li>", 2)
	f.Add("<li>1</li><li>1</li>", 2)
	f.Add("<li><li></li>", 2)
	f.Add("", 0)
	f.Fuzz(func(t *testing.T, page string, count int) {
		if checkNumbers(page, count) != nil {
			return
		}
		require.Equal(t, count, strings.Count(page, "<li>"))
		require.GreaterOrEqual(t, strings.Count(page, "</li>"), count)
	})
}
