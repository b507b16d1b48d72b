// Package leftout leaves out tests that a machine cannot run, by name and with
// what to install: the tests pass on any machine that has Go and Python with
// pip. What a machine lacks must not be confused with what is broken here, so
// only errors that match driver.ErrUnavailable leave a test out, and CI, which
// has everything, fails if any was.
package leftout

import (
	"errors"
	"flag"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/sebs-go/sebs/harness/driver"
)

// Mark begins the reason of every test that was left out.
const Mark = "left out: "

// DoesNotApply begins the reason of every rule that was skipped because what it
// is about has no such thing. Nothing is missing on this machine.
const DoesNotApply = "does not apply: "

// If leaves the test out if err says that this machine lacks something.
func If(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, driver.ErrUnavailable) {
		why, _, _ := strings.Cut(err.Error(), "\n")
		tb.Skip(Mark + why)
	}
}

// Without leaves the test out if a command fails, which the test needs:
// remedy is what to do about it.
func Without(tb testing.TB, remedy string, command ...string) {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), command[0], command[1:]...).CombinedOutput()
	if err != nil && tb.Context().Err() == nil {
		said, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		if said != "" {
			said = " (" + said + ")"
		}
		tb.Skipf("%s%s: %v%s: %s", Mark, strings.Join(command, " "), err, said, remedy)
	}
}

// Named reports whether -run names tests, rather than everything: whether it
// does not match the bare word Test.
func Named() bool {
	f := flag.Lookup("test.run")
	if f == nil || f.Value.String() == "" {
		return false
	}
	re, err := regexp.Compile(f.Value.String())
	return err == nil && !re.MatchString("Test")
}

// UnlessNamed skips a test that takes long unless -run names it, as CI does.
func UnlessNamed(tb testing.TB, why string) {
	tb.Helper()
	if !Named() {
		tb.Skipf("%s, and runs when -run names it: -run '^%s$'", why, tb.Name())
	}
}
