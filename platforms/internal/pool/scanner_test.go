package pool

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScanner(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
	for name, tc := range map[string]struct {
		text string
		want scanned
	}{
		"answer":      {ok, scanned{length: 3, complete: true}},
		"empty":       {"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", scanned{complete: true}},
		"failure":     {"HTTP/1.1 200 OK\r\nSebs-Error: 1\r\nContent-Length: 1\r\n\r\nx", scanned{length: 1, failed: true, complete: true}},
		"incomplete":  {ok[:len(ok)-1], scanned{length: 3}},
		"excess":      {ok + "d", scanned{length: 3, complete: true, excess: true}},
		"no length":   {"HTTP/1.1 200 OK\r\n\r\nabc", scanned{}},
		"two lengths": {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 3\r\n\r\nabc", scanned{length: 3, complete: true}},
		"negative":    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", scanned{}},
		"chunked":     {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", scanned{}},
		"nonsense":    {"this is no answer\r\n\r\n" + ok, scanned{}},
		"endless":     {strings.Repeat("x", headMost+1), scanned{}},
	} {
		t.Run(name, func(t *testing.T) {
			var s scanner
			require.Equal(t, tc.want, s.next([]byte(tc.text)))

			// Byte by byte it is the same.
			var sum scanned
			s.reset()
			for _, b := range []byte(tc.text) {
				r := s.next([]byte{b})
				sum.length = max(sum.length, r.length)
				sum.failed = sum.failed || r.failed
				sum.complete = sum.complete || r.complete
				sum.excess = sum.excess || r.excess
			}
			require.Equal(t, tc.want, sum)
		})
	}
}

func TestScannerIsUsedAgain(t *testing.T) {
	var s scanner
	for range 3 {
		s.reset()
		require.False(t, s.next([]byte("HTTP/1.1 200 OK\r\nContent-Le")).complete)
		require.False(t, s.next([]byte("ngth: 5\r\n\r\nab")).complete)
		require.True(t, s.next([]byte("cde")).complete)
	}
}

// FuzzScanner compares with the standard library: what that reads as a whole
// answer with nothing behind it ends for the scanner too.
func FuzzScanner(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), 5)
	f.Add([]byte("HTTP/1.1 200 OK\r\nSebs-Error: 1\r\n\r\n"), 20)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		var s scanner
		cut = min(max(cut, 0), len(text))
		first := s.next(text[:cut])
		second := s.next(text[cut:])
		complete := first.complete || second.complete
		excess := first.excess || second.excess || (first.complete && cut < len(text))
		if !complete {
			return
		}
		r := bufio.NewReader(bytes.NewReader(text))
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return // the client refuses it
		}
		n, err := io.Copy(io.Discard, res.Body)
		if err != nil || n != res.ContentLength || res.ContentLength == 0 {
			return // no body by its status
		}
		if rest := r.Buffered() > 0; rest != excess {
			t.Errorf("bytes behind the answer: %v for the standard library, %v for the scanner", rest, excess)
		}
	})
}
