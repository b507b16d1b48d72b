package harness

import (
	"os"
	"testing"

	"github.com/sebs-go/sebs/harness/internal/doctor"
	"github.com/sebs-go/sebs/harness/internal/selection"
)

// Doctor checks what the harness and each linked platform need of this machine,
// builds and calls a function in each language, and prints what it found, with
// what to do about each thing missing. The test fails if something is missing
// without which a platform cannot work, or if a language is there whose function
// cannot be built and called. Like an experiment it runs only if -run names its
// test; its sub-tests are the functions: -run TestDoctor/process/cpp. Nothing is
// left but what package managers cache, and images on platforms that use them.
func Doctor(t *testing.T) {
	t.Helper()
	sel, err := selection.New(t.Name(), "-run", selection.Flag("test.run"), "")
	if err != nil {
		t.Fatal(err)
	}
	if !sel.Named() {
		t.Skipf("the check of this machine runs when -run names it: -run '^%s$'", t.Name())
	}
	if err := uncached(); err != nil {
		t.Fatal(err)
	}
	params, err := readParameters(os.Getenv, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	results, err := params.resultsFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	doctor.Check(t, doctor.Options{Cache: params.Cache, Results: results, Settings: settingNeeds})
}
