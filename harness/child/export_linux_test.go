package child

import (
	"errors"
	"testing"

	"github.com/sebs-go/sebs/harness/controlgroup"
)

// TryGroup says why this process cannot make control groups, or returns nil.
func TryGroup() error {
	folder, err := controlgroup.Make("sebs-child-try")
	if err == nil {
		err = controlgroup.Remove(folder)
	}
	return err
}

// WithoutGroups has children found by their environment until the test ends.
func WithoutGroups(t *testing.T) {
	t.Helper()
	before := makeGroup
	makeGroup = func(string) (string, error) { return "", errors.New("without") }
	t.Cleanup(func() { makeGroup = before })
}
