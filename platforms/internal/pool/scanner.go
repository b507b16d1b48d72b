package pool

import (
	"bytes"
	"net/textproto"
	"strconv"
)

// headMost bounds the head of an answer. One that is longer is none.
const headMost = 64 << 10

// scanner finds the end of an HTTP answer in the bytes of a connection. It
// knows heads with a Content-Length, as the shims write them; anything else
// never ends, so that the call's time limit holds.
type scanner struct {
	head  []byte // of an answer whose head is incomplete
	left  int64  // bytes of the body still to come
	state scanState
}

type scanState int

const (
	inHead scanState = iota
	inBody
	complete
	nonsense
)

// scanned is what the next bytes of a connection brought.
type scanned struct {
	length   int64 // of the answer's body, if its head ended here
	failed   bool  // the head says that the answer is a function's failure
	complete bool  // the answer ended with the last of the bytes, or before
	excess   bool  // there were bytes after the end
}

// reset expects another answer.
func (s *scanner) reset() { *s = scanner{head: s.head[:0]} }

// next takes the bytes that were read.
func (s *scanner) next(b []byte) (r scanned) {
	if s.state == inHead {
		before := len(s.head)
		text := b
		if before > 0 {
			s.head = append(s.head, b...)
			text = s.head
		}
		end := bytes.Index(text, []byte("\r\n\r\n"))
		if end < 0 {
			if before == 0 {
				s.head = append(s.head, b...)
			}
			if len(s.head) > headMost {
				s.state = nonsense
			}
			return r
		}
		length, failed, ok := parseHead(text[:end])
		if !ok {
			s.state = nonsense
			return r
		}
		s.state, s.left, r.length, r.failed = inBody, length, length, failed
		b = b[end+4-before:]
	}
	if s.state == inBody {
		n := min(int64(len(b)), s.left)
		s.left -= n
		b = b[n:]
		if s.left == 0 {
			s.state = complete
			r.complete = true
		}
	}
	r.excess = s.state == complete && len(b) > 0
	return r
}

// parseHead returns the length of the body after a head, and whether it is
// that of a function's failure.
func parseHead(head []byte) (length int64, failed, ok bool) {
	length = -1
	lines := bytes.Split(head, []byte("\r\n"))
	if !bytes.HasPrefix(lines[0], []byte("HTTP/1.")) {
		return 0, false, false
	}
	for _, line := range lines[1:] {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch textproto.CanonicalMIMEHeaderKey(string(name)) {
		case "Content-Length":
			n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			if err != nil || n < 0 {
				return 0, false, false
			}
			length = n
		case "Sebs-Error":
			failed = true
		case "Transfer-Encoding":
			return 0, false, false
		}
	}
	return length, failed, length >= 0
}
