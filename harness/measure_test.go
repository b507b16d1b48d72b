package harness

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/results"
	"github.com/sebs-go/sebs/platforms/sim"
)

// noise never has a narrow interval, so that cells end at their number of
// samples.
const noise = `{"seed": 1, "copy": "n", "warm": {"lognormal": {"median": "3ms", "sigma": 1}}, "cold": {"lognormal": {"median": "3ms", "sigma": 1}}}`

// measured runs a plan of cells and returns their records by the condition's
// name.
func measured(t *testing.T, p *plan, conditions ...condition) map[string][]results.Invocation {
	t.Helper()
	p.functions[0].conditions = conditions
	p.tb = t
	p.measure(t, func(ctx context.Context, _ *testing.T, cell *Cell) {
		for cell.More() {
			cell.Batch(ctx)
		}
	})
	all := map[string][]results.Invocation{}
	dirs, err := filepath.Glob(filepath.Join(p.run.folder, "*", "*", "*"))
	require.NoError(t, err)
	for _, dir := range dirs {
		records, err := results.ReadInvocations(os.DirFS(dir), "invocations.jsonl")
		require.NoError(t, err)
		all[filepath.Base(dir)] = records
	}
	return all
}

// TestInterleaved: cells take turns, one at a time, and their samples are those
// of cells that were measured alone.
func TestInterleaved(t *testing.T) {
	p := simPlan(t, noise, driver.HTTP, parameters{MaxSamples: 50, MaxTime: time.Hour}, sim.Options{})
	var conditions []condition
	for _, memory := range []int{128, 256} {
		for _, mode := range []Mode{Cold, Warm, Sequential} {
			conditions = append(conditions, condition{memory: memory, size: Test, mode: mode})
		}
	}
	cells := measured(t, p, conditions...)
	require.Len(t, cells, 6)
	type turn struct {
		cell        string
		block       int
		begin, over int64
	}
	var turns []turn
	stopped := map[string]string{}
	for _, s := range p.run.summaries() {
		stopped[fmt.Sprintf("memory=%s,size=test,mode=%s", s.Condition["memory"], s.Condition["mode"])] = fmt.Sprintf("%s %v %v", s.Stopped, s.Failures, s.Starts)
	}
	for name, records := range cells {
		counted, cold := 0, 0
		for _, v := range records {
			n := len(turns)
			if n == 0 || turns[n-1].cell != name || turns[n-1].block != v.Block {
				turns = append(turns, turn{cell: name, block: v.Block, begin: v.Sent})
				n++
			}
			turns[n-1].over = v.Sent + v.Client.Microseconds()
			if v.Counted {
				counted++
			}
			if v.Cold {
				cold++
			}
		}
		require.Equal(t, 50, counted, "%s: %s", name, stopped[name])
		if records[0].Cold && records[1].Cold {
			require.Equal(t, 50, cold, name)
		} else {
			require.Equal(t, 1, cold, "%s: another cell retired the sandbox or changed the function", name)
		}
	}
	slices.SortFunc(turns, func(a, b turn) int { return int(a.begin - b.begin) })
	seen := map[string]bool{}
	for i, turn := range turns {
		key := fmt.Sprint(turn.cell, turn.block)
		require.False(t, seen[key], "two turns in one block: %s", key)
		seen[key] = true
		if i > 0 {
			require.LessOrEqual(t, turns[i-1].over, turn.begin+1, "two cells measure at once: %v", turns)
			require.LessOrEqual(t, turns[i-1].block, turn.block, "blocks overlap: %v", turns)
		}
	}
	require.GreaterOrEqual(t, len(turns), 30)
	var places []int
	for _, s := range p.run.cells {
		places = append(places, s.place)
	}
	require.True(t, slices.IsSorted(places), "summaries are in the order of the plan: %v", places)
}

// paused calls f with each record, and whether other cells had turns between
// the batch before it and its own.
func paused(cells map[string][]results.Invocation, f func(cell string, v results.Invocation, paused bool)) {
	type record struct {
		cell string
		results.Invocation
	}
	var all []record
	for cell, records := range cells {
		for _, v := range records {
			all = append(all, record{cell, v})
		}
	}
	slices.SortFunc(all, func(a, b record) int { return cmp.Compare(a.Request, b.Request) })
	before := "" // whose the batch before was
	for i, v := range all {
		if i > 0 && (all[i-1].cell != v.cell || all[i-1].Batch != v.Batch) {
			before = all[i-1].cell
		}
		f(v.cell, v.Invocation, v.Batch > 0 && before != v.cell)
	}
}

// TestResumed: after a pause, the calls of the first batch of a warm or
// sequential cell do not count.
func TestResumed(t *testing.T) {
	for _, concurrency := range []int{1, 3} {
		p := simPlan(t, noise, driver.HTTP, parameters{MaxSamples: 50, MaxTime: time.Hour, Concurrency: concurrency}, sim.Options{})
		p.run.requests.Store(1e6) // so that ids sort
		cells := measured(t, p, condition{memory: 128, size: Test, mode: Warm}, condition{memory: 128, size: Test, mode: Sequential},
			condition{memory: 128, size: Test, mode: Burst})
		pauses := 0
		paused(cells, func(cell string, v results.Invocation, paused bool) {
			retires := strings.HasSuffix(cell, "mode=burst")
			require.Equal(t, paused && !retires, v.Uncounted == results.Resuming, "%s %+v", cell, v)
			if paused {
				pauses++
			}
		})
		require.Greater(t, pauses, 5)
	}
}

// TestSandboxesAreGivenUp: where sandboxes that wait would have too much memory
// together, none does, and cold answers after a pause do not count.
func TestSandboxesAreGivenUp(t *testing.T) {
	p := simPlan(t, noise, driver.HTTP, parameters{MaxSamples: 50, MaxTime: time.Hour}, sim.Options{})
	p.run.requests.Store(1e6)
	cells := measured(t, p, condition{memory: 1024, size: Test, mode: Sequential}, condition{memory: mostWarm, size: Test, mode: Warm})
	paused(cells, func(cell string, v results.Invocation, paused bool) {
		require.Equal(t, paused || v.Batch == 0, v.Cold, "%s: %+v", cell, v)
		require.Equal(t, paused, v.Uncounted == results.Resuming, "%s: %+v", cell, v)
	})
}

// TestSequentialOrder: by choice, or where a platform cannot have a function
// for each cell, cells follow one another.
func TestSequentialOrder(t *testing.T) {
	for name, p := range map[string]*plan{
		"choice":   simPlan(t, noise, driver.HTTP, parameters{MaxSamples: 50, MaxTime: time.Hour, Sequential: true}, sim.Options{}),
		"platform": simPlan(t, noise, driver.HTTP, parameters{MaxSamples: 50, MaxTime: time.Hour}, sim.Options{Sequential: "functions are dear"}),
	} {
		t.Run(name, func(t *testing.T) {
			conditions := []condition{{memory: 128, size: Test, mode: Warm}, {memory: 256, size: Test, mode: Sequential}, {memory: 256, size: Test, mode: Cold}}
			cells := measured(t, p, conditions...)
			over := int64(0)
			for _, c := range conditions {
				records := cells[c.name()]
				require.NotEmpty(t, records)
				require.LessOrEqual(t, over, records[0].Sent+1)
				for _, v := range records {
					over = v.Sent + v.Client.Microseconds()
					require.NotEqual(t, results.Resuming, v.Uncounted)
				}
			}
			functions := 0
			for range p.functions[0].on.Resources(t.Context()) {
				functions++
			}
			require.Equal(t, map[string]int{"choice": 3, "platform": 1}[name], functions)
		})
	}
}

// TestGroups: benchmarks stay whole, and no more cells are open than may be.
func TestGroups(t *testing.T) {
	base := simPlan(t, noise, driver.HTTP, parameters{}, sim.Options{}).functions[0]
	p := &plan{run: &run{}}
	add := func(benchmark string, cells, memory int) {
		fn := *base
		fn.benchmark = &Benchmark{Name: benchmark}
		fn.conditions = slices.Repeat([]condition{{memory: memory, mode: Warm}}, cells)
		p.functions = append(p.functions, &fn)
	}
	add("a", 30, 64)
	add("b", 30, 64)
	add("c", 5, 64)
	add("a", 4, 64) // in another language
	add("d", 100, 128)
	add("e", 1, 128)
	var got []string
	for _, g := range p.groups() {
		text := ""
		for _, fn := range g.functions {
			text += fmt.Sprintf("%s%d ", fn.benchmark.Name, len(fn.conditions))
		}
		got = append(got, fmt.Sprintf("%skeeps %v", text, g.keeps))
	}
	require.Equal(t, []string{"a30 a4 b30 keeps false", "c5 keeps true", "d100 keeps false", "e1 keeps true"}, got)

	p.run.params.Sequential = true
	require.Len(t, p.groups(), 6)
}
