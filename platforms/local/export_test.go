package local

import (
	"context"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
)

// OpenPublished opens the platform as where containers are reached by the
// ports that the engine publishes.
func OpenPublished(ctx context.Context, run driver.Run) (*Platform, error) {
	p, err := Open(ctx, run)
	if err == nil {
		p.direct = false
	}
	return p, err
}

// Engine returns the platform's engine.
func (p *Platform) Engine() *containers.Engine { return p.engine }
