package endtoend_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/results"
)

// firstCall compares how long it takes until a run has its first answer, with
// everything cached, from the start of its process, with the start of the
// interpreter alone and the first answer of a server in it.
func firstCall(t *testing.T) {
	const pattern = "PerfCost/platform=process.*110.dynamic-html.*python/mode=cold"
	out, err := experiment(t, pattern, "SEBS_SAMPLES=1") // builds what is not built
	require.NoError(t, err, out)
	ours := func() time.Duration {
		folder := t.TempDir()
		begun := time.Now()
		out, err := experiment(t, pattern, "SEBS_SAMPLES=1", "SEBS_RESULTS="+folder)
		require.NoError(t, err, out)
		files, err := filepath.Glob(filepath.Join(folder, "*", "*", "*", "*", "invocations.jsonl"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		calls, err := results.ReadInvocations(os.DirFS(filepath.Dir(files[0])), filepath.Base(files[0]))
		require.NoError(t, err)
		require.NotEmpty(t, calls)
		return time.UnixMicro(calls[0].Sent).Add(calls[0].Client).Sub(begun)
	}
	theirs := func() time.Duration {
		begun := time.Now()
		cmd := exec.CommandContext(t.Context(), "python3", "testdata/bars/first.py")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		port, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		res, err := http.Post("http://127.0.0.1:"+strings.TrimSpace(port), "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		took := time.Since(begun)
		res.Body.Close()
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
		return took
	}
	// Half a second, or five times the interpreter's tenth.
	bar.Pairs{Name: "first call of a run", Limit: 5, Slack: 400 * time.Millisecond, N: 7}.Judge(t, ours, theirs)
}
