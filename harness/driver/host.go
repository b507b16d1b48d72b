package driver

import "context"

// Host is implemented by platforms whose functions can reach a server of this
// process, for benchmarks that measure the way between the two.
type Host interface {
	// Host returns the IP address on which such a server must listen, and the
	// host, an address or a name, under which functions reach it. The address
	// is never the unspecified one: nobody else must reach the server, as far as
	// the machine can see to that. Both stay the same until Close. Where this
	// machine does not allow it, the error matches ErrUnsupported and says why.
	Host(ctx context.Context) (listen, reach string, err error)
}
