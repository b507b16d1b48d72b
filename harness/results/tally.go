package results

import (
	"fmt"
	"strings"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
)

// Tally counts the invocations of a cell.
type Tally struct {
	Attempts  int
	OK        int
	Counted   int
	Checked   int
	Uncounted map[Uncounted]int       // ok, by why they do not count
	Starts    map[answer.Start]int    // ok, by how they found their sandbox
	Wrong     map[answer.Start]int    // of those that do not count for their start
	Failures  map[driver.Cause]int    // by cause
	Examples  map[driver.Cause]string // the first failure's detail
}

// NewTally returns a tally of nothing.
func NewTally() Tally {
	return Tally{
		Uncounted: map[Uncounted]int{}, Starts: map[answer.Start]int{}, Wrong: map[answer.Start]int{},
		Failures: map[driver.Cause]int{}, Examples: map[driver.Cause]string{},
	}
}

// Add counts an invocation.
func (t *Tally) Add(v *Invocation) {
	t.Attempts++
	if v.Checked {
		t.Checked++
	}
	if !v.OK {
		t.Failures[v.Cause]++
		if t.Examples[v.Cause] == "" {
			t.Examples[v.Cause] = v.Detail
		}
		return
	}
	t.OK++
	t.Starts[v.Start]++
	if v.Counted {
		t.Counted++
		return
	}
	t.Uncounted[v.Uncounted]++
	if v.Uncounted == WrongStart {
		t.Wrong[v.Start]++
	}
}

// Why says in one line why invocations did not count.
func (t *Tally) Why() string {
	var parts []string
	for _, c := range driver.Causes {
		if n := t.Failures[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, c, plain.Line(t.Examples[c], 300)))
		}
	}
	if n := t.Uncounted[WrongStart]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of the wrong start (%s)", n, starts(t.Wrong)))
	}
	return strings.Join(parts, ", ")
}

// starts says how many calls found their sandbox how: "3 warm, 2 proactive".
func starts(n map[answer.Start]int, of ...answer.Start) string {
	if of == nil {
		of = answer.Starts
	}
	var parts []string
	for _, start := range of {
		if n[start] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[start], start))
		}
	}
	return strings.Join(parts, ", ")
}
