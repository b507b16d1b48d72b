package experiments_test

import (
	"testing"

	"github.com/sebs-go/sebs/harness"
)

// TestUsage asks the platforms of a run again for what they tell late of its
// calls: make usage.
func TestUsage(t *testing.T) { harness.Usage(t) }
