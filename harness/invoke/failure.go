package invoke

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Failure turns the error of a call into its failure: the driver's own word if
// it has one, else what the context says, else the network's.
func Failure(ctx context.Context, err error) *driver.Failure {
	var f *driver.Failure
	if errors.As(err, &f) {
		return f
	}
	switch cause := ctx.Err(); {
	case errors.Is(cause, context.DeadlineExceeded):
		return &driver.Failure{Cause: driver.TimedOut, Detail: "no answer before the client's deadline"}
	case cause != nil:
		return &driver.Failure{Cause: driver.Cancelled, Detail: context.Cause(ctx).Error()}
	}
	return &driver.Failure{Cause: driver.Network, Detail: err.Error()}
}

// noAnswer explains an end of the connection before the answer.
func noAnswer(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the connection was closed without an answer")
	}
	return err
}

// malformed makes what is not the driver's word or the network's a failure of
// protocol.
func malformed(err error) error {
	var f *driver.Failure
	var ne net.Error
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the connection was closed in the middle of the answer")
	}
	if errors.As(err, &f) || errors.As(err, &ne) || errors.Is(err, syscall.ECONNRESET) {
		return err
	}
	return &driver.Failure{Cause: driver.Protocol, Detail: "read the answer: " + err.Error()}
}

// alive reports whether an idle connection can still be used. A connection
// over the network that was closed or was sent anything meanwhile cannot, nor
// one that is old; connections of a driver's own dialer have no age.
func alive(cn *conn, network bool) bool {
	if a, ok := cn.raw.(interface{ Alive() bool }); ok {
		return a.Alive()
	}
	if network && time.Since(cn.used) > idleLimit {
		return false
	}
	sc, ok := cn.raw.(syscall.Conn)
	if !ok {
		if t, tls := cn.raw.(interface{ NetConn() net.Conn }); tls {
			sc, ok = t.NetConn().(syscall.Conn)
		}
	}
	if !ok {
		return true
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK)
		return true
	})
	return err == nil && quiet
}
