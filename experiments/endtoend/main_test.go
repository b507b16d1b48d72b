package endtoend_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	_ "github.com/sebs-go/sebs/benchmarks" // what is run: the go command's cache of test results is to know it
	_ "github.com/sebs-go/sebs/platforms"
)

// folder is where experiments are, and where they run.
const folder = ".."

// compiled compiles the experiments, once, with the tags of this test.
var compiled = sync.OnceValues(func() (string, error) {
	sources, err := filepath.Glob(folder + "/*.go")
	if err != nil || len(sources) == 0 {
		return "", fmt.Errorf("no experiments in %s: %w", folder, err)
	}
	for _, source := range sources { // and so the cache knows them too
		if _, err := os.ReadFile(source); err != nil {
			return "", err
		}
	}
	binary := filepath.Join(temporary, "experiments.test")
	args := []string{"test", "-c", "-o", binary}
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-tags" || s.Key == "-race" {
			args = append(args, s.Key+"="+s.Value)
		}
	}
	if out, err := exec.Command("go", append(args, folder)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the experiments: %w\n%s", err, out)
	}
	return binary, nil
})

// temporary is the folder of the compiled experiments.
var temporary string

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "endtoend-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	if err := os.RemoveAll(temporary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// command returns a command that runs experiments as `go test -v -run pattern`
// would.
func command(t *testing.T, pattern string) *exec.Cmd {
	t.Helper()
	binary, err := compiled()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), binary, "-test.v", "-test.run", pattern)
	cmd.Dir = folder
	return cmd
}

// experiment runs experiments and returns what they print.
func experiment(t *testing.T, pattern string, env ...string) (string, error) {
	t.Helper()
	cmd := command(t, pattern)
	cmd.Env = append(os.Environ(), "CI=true", "SEBS_RESULTS="+t.TempDir())
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
