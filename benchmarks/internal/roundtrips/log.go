package roundtrips

import (
	"bytes"
	"container/list"
	"strconv"
	"sync"
	"time"
)

// Bounds of what a log keeps.
const (
	maxNumber    = 9999    // of a datagram: calls have fewer
	maxID        = 128     // bytes of a request id
	maxExchanges = 1 << 20 // of all calls together, 24 bytes each
	maxCalls     = 1 << 14
)

// Log answers the datagrams of functions and remembers, for each call, when it
// did so. It forgets the oldest calls when it has too many. Safe for concurrent
// use.
type Log struct {
	mu        sync.Mutex
	calls     map[string]*list.Element // by request id
	order     *list.List               // of *call, the oldest first
	exchanges int
}

// call is what is known of one call.
type call struct {
	request   string
	exchanges []exchange // numbers go up
	stopped   bool
}

// exchange is when a datagram was received and answered, in Unix nanoseconds.
type exchange struct {
	number         int
	received, sent int64
}

// NewLog returns an empty log.
func NewLog() *Log {
	return &Log{calls: map[string]*list.Element{}, order: list.New()}
}

// Answer returns a datagram as it is, or nil if it is nothing that a function
// under way would send.
func (l *Log) Answer(datagram []byte) []byte {
	received := time.Now().UnixNano()
	request, rest, ok := bytes.Cut(datagram, []byte(" "))
	if !ok || len(request) == 0 || len(request) > maxID {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.calls[string(request)]
	if string(rest) == "stop" {
		if e != nil {
			e.Value.(*call).stopped = true
		}
		return nil
	}
	number, err := strconv.Atoi(string(rest))
	if err != nil || number < 0 || number > maxNumber {
		return nil
	}
	if e == nil {
		e = l.order.PushBack(&call{request: string(request)})
		l.calls[string(request)] = e
	}
	c := e.Value.(*call)
	if c.stopped {
		return nil
	}
	// A network may deliver a datagram twice, and late: the first counts.
	if n := len(c.exchanges); n == 0 || number > c.exchanges[n-1].number {
		l.exchanges++
		for (l.exchanges > maxExchanges || l.order.Len() > maxCalls) && l.order.Front() != e {
			l.remove(l.order.Front())
		}
		c.exchanges = append(c.exchanges, exchange{number, received, time.Now().UnixNano()})
	}
	return datagram
}

// take returns what was seen of a call, and forgets it; nil if there is nothing.
func (l *Log) take(request string) []exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.calls[request]
	if e == nil {
		return nil
	}
	l.remove(e)
	return e.Value.(*call).exchanges
}

// remove forgets a call. The caller holds the lock.
func (l *Log) remove(e *list.Element) {
	c := l.order.Remove(e).(*call)
	delete(l.calls, c.request)
	l.exchanges -= len(c.exchanges)
}
