package process

import (
	"context"

	"github.com/sebs-go/sebs/harness/driver"
)

// OpenShared opens the platform as where nothing but process groups is
// allowed.
func OpenShared(ctx context.Context, run driver.Run) (*Platform, error) {
	return open(ctx, run, newWatchdog(run))
}

// Command returns how a function is started.
var Command = command
