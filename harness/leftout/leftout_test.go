package leftout_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/leftout"
)

// tester keeps why a test was skipped, which ends it.
type tester struct {
	testing.TB
	why string
}

func (t *tester) Skip(args ...any)                 { t.why = fmt.Sprint(args...); runtime.Goexit() }
func (t *tester) Skipf(format string, args ...any) { t.Skip(fmt.Sprintf(format, args...)) }

// why runs a test and returns why it was skipped; empty: it went on.
func why(t *testing.T, test func(testing.TB)) string {
	t.Helper()
	fake := &tester{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		test(fake)
	}()
	<-ended
	return fake.why
}

func TestIf(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"no error":       {nil, ""},
		"another error":  {errors.New("it does not compile"), ""},
		"unsupported":    {fmt.Errorf("cobol: %w", driver.ErrUnsupported), ""},
		"unavailable":    {fmt.Errorf("g++ is %w: apt-get install g++", driver.ErrUnavailable), "left out: g++ is not available on this machine: apt-get install g++"},
		"more than said": {fmt.Errorf("npm: %w\nthe whole log: x", driver.ErrUnavailable), "left out: npm: not available on this machine"},
	} {
		require.Equal(t, tt.want, why(t, func(tb testing.TB) { tb.Helper(); leftout.If(tb, tt.err) }), name)
	}
}

func TestWithout(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "tool")
	require.NoError(t, os.WriteFile(broken, []byte("#!/bin/sh\necho no luck >&2\nexit 3\n"), 0o755))
	for name, tt := range map[string]struct {
		command []string
		want    string
	}{
		"works":   {[]string{"sh", "-c", "exit 0"}, ""},
		"missing": {[]string{"/no/such/tool"}, "left out: /no/such/tool: fork/exec /no/such/tool: no such file or directory: install it"},
		"broken":  {[]string{broken, "-v"}, "left out: " + broken + " -v: exit status 3 (no luck): install it"},
	} {
		require.Equal(t, tt.want, why(t, func(tb testing.TB) { tb.Helper(); leftout.Without(tb, "install it", tt.command...) }), name)
	}
}
