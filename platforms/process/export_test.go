package process

import (
	"context"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// OpenShared opens the platform as where nothing but process groups is
// allowed.
func OpenShared(_ context.Context, run driver.Run) (*Platform, error) {
	return open(run, newWatchdog(run))
}

// Command returns how a function is started.
func Command(i interpreter.Interpreter) []string {
	return languages[i.Language].command(i, started{})
}

// CommandIn returns how a function whose code is in a folder is started.
func CommandIn(i interpreter.Interpreter, root string) []string {
	return languages[i.Language].command(i, started{root: root})
}
