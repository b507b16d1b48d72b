package experiments_test

import (
	"testing"

	"github.com/sebs-go/sebs/harness"
)

// TestDoctor checks what the linked platforms need of this machine and says
// what to do about each thing missing: make doctor.
func TestDoctor(t *testing.T) { harness.Doctor(t) }
