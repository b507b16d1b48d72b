package experiments_test

import (
	"testing"

	"github.com/sebs-go/sebs/harness"
)

// TestSweep lists what killed runs left on the linked platforms and deletes
// what is expired, or what SEBS_PREFIX names: make sweep.
func TestSweep(t *testing.T) { harness.Sweep(t) }
