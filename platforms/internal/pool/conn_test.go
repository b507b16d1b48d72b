package pool

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// TestAnswerAfterTheLimit: an answer that comes after the function's time limit
// is none, even if its sandbox could not be stopped before it was sent, or the
// test did not run in between.
func TestAnswerAfterTheLimit(t *testing.T) {
	for took, inTime := range map[time.Duration]bool{900 * time.Millisecond: true, 1100 * time.Millisecond: false, time.Minute: false} {
		synctest.Test(t, func(t *testing.T) {
			p := New(1<<20, 100, 0)
			w := newBox()
			near, far := net.Pipe() // which no kill closes
			w.wire = func() (net.Conn, net.Conn, error) { return near, nil, nil }
			c, err := p.Dial(t.Context(), &Function{Name: "f", Timeout: time.Second, New: func() Sandbox { return w }})
			require.NoError(t, err)
			go func() {
				_, err := http.ReadRequest(bufio.NewReader(far))
				require.NoError(t, err)
				time.Sleep(took)
				_, err = io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				require.NoError(t, err)
			}()
			_, err = io.WriteString(c, "POST / HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\n\r\n")
			require.NoError(t, err)
			answer := make([]byte, 100)
			n, err := c.Read(answer)
			if inTime {
				require.NoError(t, err)
				require.Contains(t, string(answer[:n]), "{}")
			} else {
				require.Zero(t, n)
				require.Equal(t, &driver.Failure{Cause: driver.TimedOut, Detail: "the function took longer than 1s"}, err)
			}
			require.NoError(t, c.Close())
		})
	}
}
