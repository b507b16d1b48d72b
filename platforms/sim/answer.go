package sim

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// record is what the answer to one call is made of.
type record struct {
	*sandbox
	cold       bool
	event      []byte // valid JSON, or nil
	init       time.Duration
	begin, end time.Time
	phase      string
	handled    handled
}

// append appends the answer of the functions' contract to b. It is written out
// by hand, because a model may have nothing else to do a hundred thousand
// times a second.
func (r *record) append(b []byte) []byte {
	b = append(b, `{"request":`...)
	if id := member(r.event, "request-id"); len(id) > 1 && id[0] == '"' {
		b = append(b, id...)
	} else {
		b = append(b, `""`...)
	}
	b = append(b, `,"platform_request":"","begin_us":`...)
	b = strconv.AppendInt(b, r.begin.UnixMicro(), 10)
	b = append(b, `,"end_us":`...)
	b = strconv.AppendInt(b, r.begin.UnixMicro()+r.end.Sub(r.begin).Microseconds(), 10)
	b = append(b, `,"handler_ns":`...)
	b = strconv.AppendInt(b, r.end.Sub(r.begin).Nanoseconds(), 10)
	first := r.count == 1
	b = append(b, `,"init_us":`...)
	b = strconv.AppendInt(b, r.init.Microseconds(), 10)
	b = append(b, `,"boot_us":`...)
	b = strconv.AppendInt(b, r.boot.UnixMicro(), 10)
	b = append(b, `,"sandbox":"`...)
	b = append(b, r.id...)
	b = append(b, `","cold":`...)
	b = strconv.AppendBool(b, r.cold)
	b = append(b, `,"worker":"`...)
	b = append(b, r.id...)
	b = strconv.AppendInt(b, -int64(r.process), 10) // with a dash before it
	b = append(b, `","worker_cold":`...)
	b = strconv.AppendBool(b, first)
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, r.count, 10)
	b = append(b, `,"cpu_us":0,"memory_bytes":`...)
	b = strconv.AppendInt(b, max(r.model.Memory, r.peak), 10)
	h := &r.handled
	if h.kind != "" {
		b = append(b, `,"result":null,"measurement":null,"error":{"phase":"`...)
		b = append(b, r.phase...)
		b = append(b, `","type":`...)
		b = appendString(b, h.kind)
		b = append(b, `,"message":`...)
		b = appendString(b, h.message)
		return append(b, `}}`...)
	}
	b = append(b, `,"result":`...)
	b = append(b, h.result...)
	b = append(b, `,"measurement":`...)
	if h.measurement == nil {
		b = append(b, `null`...)
	} else {
		b = append(b, h.measurement...)
	}
	return append(b, `,"error":null}`...)
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // strings can always be encoded
		return append(b, `""`...)
	}
	return append(b, quoted...)
}

// member returns the value of a key of a JSON object, or nil if it has none or
// data is something else. data must be valid JSON; a key that is written with
// escapes is not found.
func member(data []byte, key string) []byte {
	i := space(data, 0)
	if i == len(data) || data[i] != '{' {
		return nil
	}
	for i = space(data, i+1); i < len(data) && data[i] == '"'; i = space(data, i+1) {
		name := data[i+1 : value(data, i)-1]
		i = space(data, i+len(name)+2)
		if i == len(data) { // only if data is invalid
			return nil
		}
		i = space(data, i+1) // behind the colon
		end := value(data, i)
		if string(name) == key {
			return data[i:end]
		}
		if i = space(data, end); i == len(data) || data[i] != ',' {
			return nil
		}
	}
	return nil
}

// value returns where the value that begins at data[i] ends.
func value(data []byte, i int) int {
	depth := 0
	for ; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return min(i+1, len(data))
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			} else if depth < 0 {
				return i
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(data)
}

// space returns the first place from i on that is not white space.
func space(data []byte, i int) int {
	for i < len(data) && bytes.IndexByte([]byte(" \t\r\n"), data[i]) >= 0 {
		i++
	}
	return min(i, len(data))
}
