package harness

import (
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/nearest"
	"github.com/sebs-go/sebs/harness/results"
)

// What code passes in is checked where it enters: names become parts of test
// names, paths and lines of bench.txt, and numbers become limits of sandboxes.

// conditionKeys are the keys of every condition, in their order.
var conditionKeys = []string{"memory", "size", "mode"}

// benchmarkName is what a benchmark, and so its folder, may be called: it
// becomes part of the names of functions, tables, objects, tests and folders.
var benchmarkName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$`)

// checkBenchmarks says what is wrong with the benchmarks of an experiment.
func checkBenchmarks(all []Benchmark) error {
	if len(all) == 0 {
		return errors.New("the experiment has no benchmarks: pass benchmarks.All, or a slice with your own")
	}
	seen := map[string]bool{}
	for i, b := range all {
		switch {
		case b.Name == "":
			return fmt.Errorf("benchmark %d of the experiment has no name: set Name to its folder's", i)
		case !benchmarkName.MatchString(b.Name):
			return fmt.Errorf("benchmark %q: a name has letters, digits and any of . _ -, a letter or digit first, 64 at most, as 210.thumbnailer: rename it", b.Name)
		case seen[b.Name]:
			return fmt.Errorf("benchmark %s is there twice: remove one, or rename it", b.Name)
		case b.Files == nil:
			return fmt.Errorf("benchmark %s: Files is nil: set it to the benchmark's folder, an embed.FS or os.DirFS", b.Name)
		case b.Input == nil:
			return fmt.Errorf("benchmark %s: Input is nil: write a function that returns the event, for example map[string]any{}", b.Name)
		case b.Check == nil:
			return fmt.Errorf("benchmark %s: Check is nil: write a function that says what is wrong with an output, or wrong answers would be timings", b.Name)
		}
		seen[b.Name] = true
	}
	return nil
}

// aliases are names that people have for languages.
var aliases = map[string]string{
	"py": "python", "python3": "python", "node": "nodejs", "node.js": "nodejs", "javascript": "nodejs", "js": "nodejs",
	"golang": "go", "c++": "cpp", "cxx": "cpp", "jvm": "java",
}

// checkLanguages refuses a language that no platform has and that is a known
// one misspelt. Others are languages that are not there, and left out.
func (b *Benchmark) checkLanguages(known []string) error {
	if b.folder != nil { // SeBS has languages of its own
		return nil
	}
	c, err := b.config()
	if err != nil {
		return err
	}
	for _, l := range c.Languages {
		if slices.Contains(known, l.Name) {
			continue
		}
		meant, ok := aliases[l.Name]
		if !ok || !slices.Contains(known, meant) {
			meant, ok = nearest.Word(l.Name, known)
		}
		if ok {
			return fmt.Errorf("benchmark %s: config.json: no platform linked here has the language %q (did you mean %q?); they have %s",
				b.Name, l.Name, meant, strings.Join(known, ", "))
		}
	}
	return nil
}

// buildTags returns the tags with which this binary was built.
func buildTags() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-tags" })
	if i < 0 {
		return nil
	}
	return strings.Split(info.Settings[i].Value, ",")
}

// checkTags refuses a build tag that is nearly one that links a platform, and
// returns what to tell of others: without such a tag another platform is
// measured than was meant.
func checkTags(built, linking, linked []string) (note string, err error) {
	var others []string
	for _, tag := range built {
		if tag == "" || slices.Contains(linking, tag) {
			continue
		}
		if meant, ok := nearest.Word(tag, linking); ok {
			return "", fmt.Errorf("-tags %s links no platform (did you mean %q?); there are %s", tag, meant, strings.Join(linking, ", "))
		}
		others = append(others, tag)
	}
	if len(others) == 0 || len(linking) == 0 || slices.ContainsFunc(built, func(tag string) bool { return slices.Contains(linking, tag) }) {
		return "", nil
	}
	return fmt.Sprintf("-tags %s links no platform: this is %s; there are %s",
		strings.Join(others, ","), strings.Join(linked, ", "), strings.Join(linking, ", ")), nil
}

// checkAllTags is checkTags for what tells of all platforms that were meant: that
// none links one is an error, and those that do not beside others are told.
func checkAllTags(built, linking, linked []string) (note string, err error) {
	if note, err = checkTags(built, linking, linked); err == nil && note != "" {
		err = errors.New(note)
	}
	others := slices.DeleteFunc(slices.Clone(built), func(tag string) bool { return tag == "" || slices.Contains(linking, tag) })
	if err != nil || len(others) == 0 || len(linking) == 0 {
		return "", err
	}
	return fmt.Sprintf("-tags %s links no platform; there are %s", strings.Join(others, ","), strings.Join(linking, ", ")), nil
}

var axisName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// check says what is wrong with what an experiment declares.
func (c Conditions) check() error {
	for _, mb := range c.Memory {
		if mb < minMemory || mb > maxMemory {
			return fmt.Errorf("conditions: Memory %d is not from %d to %d MB; nil is the benchmark's own", mb, minMemory, maxMemory)
		}
	}
	for _, s := range c.Sizes {
		if !slices.Contains(Sizes, s) {
			return fmt.Errorf("conditions: unknown size %q%s; there are %s", s, nearest.Hint(string(s), words(Sizes)), list(Sizes))
		}
	}
	for _, m := range c.Modes {
		if !slices.Contains(Modes, m) {
			return fmt.Errorf("conditions: unknown mode %q%s; there are %s", m, nearest.Hint(string(m), words(Modes)), list(Modes))
		}
	}
	if c.Bound < 0 {
		return fmt.Errorf("conditions: Bound %s is negative; 0 is the time of SEBS_SAMPLES", c.Bound)
	}
	err := errors.Join(distinct("Memory", c.Memory), distinct("Sizes", c.Sizes), distinct("Modes", c.Modes))
	if err != nil {
		return err
	}
	const most = 10_000
	if n := c.combinations(); n > most {
		return fmt.Errorf("conditions: %d cells for each function, %d at most: list fewer values", n, most)
	}
	taken := slices.Concat(results.FunctionKeys, conditionKeys)
	for _, axis := range c.Axes {
		if err := axis.check(); err != nil {
			return err
		}
		if slices.Contains(taken, axis.Name) {
			return fmt.Errorf("conditions: axis %s: a cell's name has that key already: give the axis another name", axis.Name)
		}
		taken = append(taken, axis.Name)
	}
	return nil
}

// combinations returns how many cells each function has, or many.
func (c Conditions) combinations() int {
	n := max(1, len(c.Memory)) * max(1, len(c.Sizes)) * max(1, len(c.Modes))
	for _, axis := range c.Axes {
		if n *= max(1, len(axis.Values)); n > 1<<30 {
			break
		}
	}
	return n
}

// check says what is wrong with an axis.
func (a Axis) check() error {
	if !axisName.MatchString(a.Name) {
		return fmt.Errorf("conditions: axis %q: want a lower-case letter, then letters, digits and any of _ -, 40 at most", a.Name)
	}
	if len(a.Values) == 0 {
		return fmt.Errorf("conditions: axis %s has no values: list them, or remove it", a.Name)
	}
	for _, v := range a.Values {
		bad := strings.ContainsFunc(v, func(r rune) bool {
			return strings.ContainsRune("/\\,=\"\uFFFD", r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
		})
		if v == "" || len(v) > 64 || bad {
			return fmt.Errorf(`conditions: axis %s: value %q: want 1 to 64 bytes that can be printed, without blanks and / \ , = "`, a.Name, v)
		}
	}
	return distinct("axis "+a.Name, a.Values)
}

// distinct refuses a list that is empty without being nil, or has a value
// twice.
func distinct[T comparable](what string, values []T) error {
	if values != nil && len(values) == 0 {
		return fmt.Errorf("conditions: %s is empty: leave it nil, or list values", what)
	}
	if len(values) > maxValues {
		return fmt.Errorf("conditions: %s has %d values, %d at most", what, len(values), maxValues)
	}
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return fmt.Errorf("conditions: %s: %v is there twice: remove one", what, v)
		}
	}
	return nil
}

// overridden says which parameters that are set an experiment does not use.
func (c Conditions) overridden(p parameters) []string {
	var all []string
	if c.Memory != nil && p.Memory != nil {
		all = append(all, "SEBS_MEMORY is not used: the experiment's Conditions set Memory")
	}
	if c.Sizes != nil && p.Sizes != nil {
		all = append(all, "SEBS_SIZE is not used: the experiment's Conditions set Sizes")
	}
	if p.Concurrency > 0 && !slices.ContainsFunc(c.modes(), func(m Mode) bool { return m != Sequential }) {
		all = append(all, "SEBS_CONCURRENCY is not used: the experiment's only mode is sequential")
	}
	return all
}

// words returns values as strings.
func words[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// list returns values for a sentence.
func list[T ~string](values []T) string { return strings.Join(words(values), ", ") }

// languages returns the languages of platforms' runtimes, each once.
func languages(runtimes []driver.Runtime) []string {
	var all []string
	for _, r := range runtimes {
		if !slices.Contains(all, r.Language) {
			all = append(all, r.Language)
		}
	}
	return all
}
