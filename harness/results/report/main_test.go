package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain is the command itself where a test runs this program so.
func TestMain(m *testing.M) {
	if os.Getenv("REPORT_COMMAND") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestNoRun: without a run the command says what names one.
func TestNoRun(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"nothing":       {nil, "usage: report results/<run>\n"},
		"no latest run": {[]string{""}, "report: no run yet: RUN=results/<run> names one\n"},
		"no folder":     {[]string{"none"}, "report: none: open run.json: no such file or directory: name the folder of a run, results/<time>-<id>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], tt.args...)
			cmd.Env = append(os.Environ(), "REPORT_COMMAND=1")
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), tt.want)
		})
	}
}
