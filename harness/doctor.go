package harness

import (
	"testing"

	"github.com/sebs-go/sebs/harness/internal/doctor"
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
	params, results := maintenance(t, "the check of this machine")
	doctor.Check(t, doctor.Options{Cache: params.Cache, Results: results, Settings: settingNeeds})
}
