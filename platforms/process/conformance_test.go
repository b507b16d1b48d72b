package process_test

import (
	"testing"

	"github.com/sebs-go/sebs/harness/drivertest"
	"github.com/sebs-go/sebs/platforms/process"
)

// The platform keeps the rules of every platform, with each isolation.
func TestConformance(t *testing.T) {
	for name, open := range isolations {
		t.Run(name, func(t *testing.T) {
			drivertest.Platform(t, open, drivertest.Options{Name: process.Name})
		})
	}
}
