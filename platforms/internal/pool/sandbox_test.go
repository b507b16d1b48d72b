package pool

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestCrashed(t *testing.T) {
	fn := &Function{Memory: 128, Processes: 10}
	for name, tc := range map[string]struct {
		after   Hits
		printed string
		want    driver.Failure
	}{
		"exit":      {Hits{}, "", driver.Failure{Cause: driver.Crash, Detail: "the function's process ended: exit status 3"}},
		"last line": {Hits{}, "first\nthe last line: \x1b[31mred\x00\n\n  \n", driver.Failure{Cause: driver.Crash, Detail: "the function's process ended: exit status 3: the last line: .[31mred."}},
		"memory":    {Hits{Memory: 1}, "Killed", driver.Failure{Cause: driver.Memory, Detail: "the function used more than 128 MB of memory: Killed"}},
		"java":      {Hits{}, "Terminating due to java.lang.OutOfMemoryError: Java heap space\n", driver.Failure{Cause: driver.Memory, Detail: "the function used more than 128 MB of memory: Terminating due to java.lang.OutOfMemoryError: Java heap space"}},
		"heap":      {Hits{}, "FATAL: JavaScript heap out of memory", driver.Failure{Cause: driver.Memory, Detail: "the function used more than 128 MB of memory: FATAL: JavaScript heap out of memory"}},
		"processes": {Hits{Processes: 2}, "", driver.Failure{Cause: driver.Processes, Detail: "the function started more than 10 processes and threads"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.want.Output = tc.printed
			require.Equal(t, &tc.want, fn.Crashed(Hits{}, tc.after, "exit status 3", tc.printed))
		})
	}
}
