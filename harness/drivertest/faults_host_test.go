package drivertest_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"time"
)

// hostFaults break where functions reach a server of this process.
var hostFaults = map[string]func(*fault){
	"host": func(f *fault) { // the way to the server is to another address
		f.connects("127.0.0.1", "127.0.0.2")
	},
	"host/everywhere": func(f *fault) { // others reach the server, too
		f.connects("0.0.0.0", "127.0.0.1")
	},
	"host/mixed": func(f *fault) { // something on the way answers for the server
		f.connects("127.0.0.1", "127.0.0.1")
		answer := f.answer
		f.answer = func(call request, body []byte) ([]byte, error) {
			body, err := answer(call, body)
			if call.Do == "connect" {
				body = bytes.ReplaceAll(body, []byte(call.Text), []byte("proxy"))
			}
			return body, err
		}
	},
}

// connects makes the platform a driver.Host, and its probes do the action
// connect, which models have no network for.
func (f *fault) connects(listen, reach string) {
	f.host = func() (string, string) { return listen, reach }
	f.edit(func(call request, a map[string]any) {
		if call.Do != "connect" {
			return
		}
		text, err := exchange(net.JoinHostPort(call.Host, strconv.Itoa(call.Port)), call.Text)
		if err != nil {
			a["error"] = map[string]any{"phase": "handler", "type": "Error", "message": err.Error()}
			return
		}
		a["error"], a["result"] = nil, map[string]any{"text": text}
	})
}

// exchange sends a text to a server and returns what it sends back.
func exchange(address, text string) (string, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return "", err
	}
	received, err := io.ReadAll(io.LimitReader(c, 1<<10))
	return string(received), err
}
