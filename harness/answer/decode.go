package answer

import "encoding/json"

// decode decodes an answer as wrappers write it: one object of the contract's
// keys, each at most once, plain strings and integers. It does what
// json.Unmarshal does, without reflection, and for a tenth of its cost, as it
// is part of the time between calls. For anything else, right or wrong, it
// reports false, and the standard decoder has the say. Result and Measurement
// are parts of body.
func decode(body []byte, a *Answer) bool {
	s := scanner{data: body}
	if !s.take('{') {
		return false
	}
	var seen uint32
	for {
		key, ok := s.text()
		if !ok || !s.take(':') {
			return false
		}
		member := -1
		switch string(key) {
		case "request":
			member, ok = 0, s.string(&a.Request)
		case "platform_request":
			member, ok = 1, s.string(&a.PlatformRequest)
		case "begin_us":
			member, ok = 2, s.integer(&a.Begin)
		case "end_us":
			member, ok = 3, s.integer(&a.End)
		case "handler_ns":
			member, ok = 4, s.integer(&a.Handler)
		case "init_us":
			member, ok = 5, s.integer(&a.Init)
		case "boot_us":
			member, ok = 6, s.integer(&a.Boot)
		case "sandbox":
			member, ok = 7, s.string(&a.Sandbox)
		case "cold":
			member, ok = 8, s.bool(&a.Cold)
		case "worker":
			member, ok = 9, s.string(&a.Worker)
		case "worker_cold":
			member, ok = 10, s.bool(&a.WorkerCold)
		case "count":
			member, ok = 11, s.integer(&a.Count)
		case "cpu_us":
			member, ok = 12, s.integer(&a.CPU)
		case "memory_bytes":
			member, ok = 13, s.integer(&a.Memory)
		case "result":
			member, ok = 14, s.raw(&a.Result)
		case "measurement":
			member, ok = 15, s.raw(&a.Measurement)
		case "error":
			member, ok = 16, s.word("null")
		case "others":
			member, ok = 17, s.raw(&a.Others)
		}
		if member < 0 || !ok || seen&(1<<member) != 0 {
			return false
		}
		seen |= 1 << member
		if s.take(',') {
			continue
		}
		return s.take('}') && s.space() == len(body)
	}
}

// scanner reads JSON from the beginning of data on. Its methods report whether
// they found what they look for, after white space.
type scanner struct {
	data []byte
	at   int
}

// space skips white space.
func (s *scanner) space() int {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
			continue
		}
		break
	}
	return s.at
}

func (s *scanner) take(c byte) bool {
	if s.space() == len(s.data) || s.data[s.at] != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) word(w string) bool {
	if end := s.space() + len(w); end <= len(s.data) && string(s.data[s.at:end]) == w {
		s.at = end
		return true
	}
	return false
}

// text takes a string of ASCII without escapes.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for i := s.at; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			text := s.data[s.at:i]
			s.at = i + 1
			return text, true
		case c == '\\' || c < ' ' || c >= 0x80:
			return nil, false
		}
	}
	return nil, false
}

func (s *scanner) string(v *string) bool {
	text, ok := s.text()
	*v = string(text)
	return ok
}

// integer takes an integer of at most 18 digits.
func (s *scanner) integer(v *int64) bool {
	sign := int64(1)
	if s.take('-') {
		sign = -1
	}
	begin := s.space()
	if sign < 0 && s.data[begin-1] != '-' { // white space behind the sign
		return false
	}
	n := int64(0)
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' && s.at-begin < 18 {
		n = 10*n + int64(s.data[s.at]-'0')
		s.at++
	}
	*v = sign * n
	digits := s.at - begin
	// What goes on behind, as a fraction, is neither a comma nor a brace.
	return digits == 1 || digits > 1 && s.data[begin] != '0'
}

func (s *scanner) bool(v *bool) bool {
	if s.word("true") {
		*v = true
		return true
	}
	return s.word("false")
}

// raw takes any value.
func (s *scanner) raw(v *json.RawMessage) bool {
	begin, depth, quoted := s.space(), 0, false
	for ; s.at < len(s.data); s.at++ {
		c := s.data[s.at]
		switch {
		case quoted && c == '\\':
			s.at++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && (c == ',' || c == '}'):
			end := s.at
			for end > begin && (s.data[end-1] == ' ' || s.data[end-1] == '\t' || s.data[end-1] == '\r' || s.data[end-1] == '\n') {
				end--
			}
			*v = s.data[begin:end:end]
			return json.Valid(*v)
		}
	}
	return false
}
