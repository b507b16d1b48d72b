package process

import (
	"context"

	"github.com/sebs-go/sebs/harness/driver"
)

var _ driver.Host = (*Platform)(nil)

// Host returns the loopback address: sandboxes have this machine's network.
func (p *Platform) Host(ctx context.Context) (listen, reach string, err error) {
	return "127.0.0.1", "127.0.0.1", ctx.Err()
}
