package experiments_test

import (
	"testing"

	"github.com/sebs-go/sebs/harness"
	_ "github.com/sebs-go/sebs/platforms" // those that the build tags name
)

func TestMain(m *testing.M) { harness.Main(m) }
