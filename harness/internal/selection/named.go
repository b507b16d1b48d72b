package selection

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/internal/nearest"
)

// Misnamed says on w which parts of -run and -bench match no test of the
// package, and reports whether one of them plainly was to be one. Other parts may
// name tests of another package: that is no error, as it is none of go test.
// ran: an experiment has run.
func Misnamed(ctx context.Context, w io.Writer, ran bool) bool {
	if Flag("test.list") != "" {
		return false
	}
	wrong := false
	var names []string
	for _, kind := range []string{"run", "bench"} {
		expr := Flag("test." + kind)
		alternatives := splitOutside(expr, '|')
		if expr == "" || (ran && len(alternatives) == 1) {
			continue
		}
		if names == nil {
			var err error
			if names, err = testNames(ctx); err != nil {
				fmt.Fprintf(w, "sebs: list the tests of this package: %v\n", err)
				return false
			}
		}
		for _, alternative := range alternatives {
			text, isError := unmatched("-"+kind, alternative, names)
			if text != "" {
				fmt.Fprintln(w, "sebs: "+text)
			}
			wrong = wrong || isError
		}
	}
	return wrong
}

// unmatched says that an alternative of -run or -bench matches none of the
// names, if so, and whether it is an error: it is one of them misspelt, or has
// levels, as only what selects cells has. A whole name between ^ and $ is taken
// as it is.
func unmatched(kind, alternative string, names []string) (text string, wrong bool) {
	root := splitOutside(alternative, '/')[0]
	prefixes, others := []string{"Test", "Fuzz", "Example"}, []string{"Benchmark"}
	if kind == "-bench" {
		prefixes, others = others, prefixes[:1]
	}
	re, err := regexp.Compile(rewrite(root))
	if err != nil || strings.Trim(root, "^$") == "" {
		return "", false
	}
	var short []string
	for _, name := range names {
		i := slices.IndexFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		if i < 0 {
			continue
		}
		if re.MatchString(name) {
			return "", false
		}
		short = append(short, strings.TrimPrefix(name, prefixes[i]))
	}
	word := strings.Trim(root, "^$")
	for _, p := range prefixes {
		word = strings.TrimPrefix(word, p)
	}
	meant, ok := nearest.Word(word, short)
	for _, name := range short {
		if !ok && len(word) >= 4 && strings.Contains(strings.ToLower(name), strings.ToLower(word)) {
			meant, ok = name, true
		}
	}
	text = fmt.Sprintf("%s '%s' matches no test of this package", kind, alternative)
	if ok {
		text += fmt.Sprintf(" (did you mean %q?)", meant)
	}
	text += "; it has " + listValues("", short)
	for _, name := range names {
		short, other := strings.CutPrefix(name, others[0])
		switch {
		case ok || !other || !re.MatchString(name):
			continue
		case kind == "-run":
			text += fmt.Sprintf("; %s is a benchmark: -run '^$' -bench '%s/…'", short, short)
		default:
			text += fmt.Sprintf("; %s is a test: -run '%s/…'", short, short)
		}
		break
	}
	levels := root != alternative
	anchored := strings.HasPrefix(root, "^") && strings.HasSuffix(root, "$")
	aTest := anchored && strings.HasPrefix(strings.TrimLeft(root, "^("), "Test") // maybe of another package
	return text, (levels && !aTest) || (ok && (levels || !anchored))
}

var testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)\w*$`)

// testNames returns the names of the tests of this binary.
func testNames(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, binary, "-test.list", ".").Output()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(word string) bool { return !testName.MatchString(word) }), nil
}

// Flag returns the value of a flag of this process, empty if there is none.
func Flag(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}
