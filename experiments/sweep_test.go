package experiments_test

import (
	"testing"

	"github.com/sebs-go/sebs/harness"
)

// TestSweep deletes what killed runs left on this machine, and on the linked
// platforms what is expired or what SEBS_PREFIX names: make sweep.
func TestSweep(t *testing.T) { harness.Sweep(t) }
