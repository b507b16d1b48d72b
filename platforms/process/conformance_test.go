package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/harness/leftout"
	"github.com/sebs-go/sebs/platforms/process"
)

// The platform keeps the rules of every platform also where it has nothing but
// process groups, in every language. With the isolation of this machine, the test
// of all linked platforms shows it.
func TestConformance(t *testing.T) {
	leftout.UnlessNamed(t, "it takes minutes")
	dir, err := packages()
	require.NoError(t, err)
	drivertest.Platform(t, isolations["shared"], drivertest.Options{Name: process.Name, Packages: dir})
}
