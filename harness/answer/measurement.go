package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The bounds of a measurement, which is kept as it is, a part of a line that
// others read.
const (
	MaxMeasurement = 64 << 10 // bytes
	MaxDepth       = 16       // of objects and lists in each other
	MaxValues      = 1024     // keys and elements, at any depth
)

// readable returns what is wrong with a measurement, which is valid JSON, for
// other readers of JSON.
func readable(raw json.RawMessage) error {
	if len(raw) > MaxMeasurement {
		return fmt.Errorf("has %d bytes, more than %d", len(raw), MaxMeasurement)
	}
	if !utf8.Valid(raw) {
		return errors.New("is not UTF-8")
	}
	if err := bounded(raw); err != nil || len(raw) == 0 {
		return err
	}
	if string(raw) == "null" {
		return nil
	}
	s := scanner{data: raw}
	return s.readable()
}

// bounded returns how a measurement is nested too deeply or has too much in it.
func bounded(raw json.RawMessage) error {
	depth, deepest, values, quoted := 0, 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			values++ // its first, if any
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		case c == ',':
			values++
		}
	}
	if deepest > MaxDepth {
		return fmt.Errorf("is %d levels deep, more than %d", deepest, MaxDepth)
	}
	if values > MaxValues {
		return fmt.Errorf("has %d values, more than %d", values, MaxValues)
	}
	return nil
}

// readable returns what is wrong with the next value of valid JSON that is not
// deep: some readers refuse a line with half a character or a number that no
// double holds, and they differ about a key that an object has twice.
func (s *scanner) readable() error {
	switch s.data[s.space()] {
	case '{':
		return s.readableObject()
	case '[':
		s.at++
		for !s.take(']') {
			if err := s.readable(); err != nil {
				return err
			}
			s.take(',')
		}
	case '"':
		_, err := s.readableText()
		return err
	default:
		begin := s.at
		for s.at < len(s.data) && (s.data[s.at] >= '0' && s.data[s.at] <= '9' || s.data[s.at] >= 'A' && s.data[s.at] <= 'z' && s.data[s.at] != ']' || s.data[s.at] == '.' || s.data[s.at] == '-' || s.data[s.at] == '+') {
			s.at++
		}
		token := string(s.data[begin:s.at])
		if _, err := strconv.ParseFloat(token, 64); errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("has the number %s, which is beyond a double", excerpt([]byte(token)))
		}
	}
	return nil
}

func (s *scanner) readableObject() error {
	s.take('{')
	seen := map[string]bool{}
	for !s.take('}') {
		key, err := s.readableText()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("has the key %q twice", excerpt([]byte(key)))
		}
		seen[key] = true
		s.take(':')
		if err := s.readable(); err != nil {
			return err
		}
		s.take(',')
	}
	return nil
}

// readableText takes a string and returns what it means.
func (s *scanner) readableText() (string, error) {
	begin, escaped, high := s.space(), false, false
	for s.at++; s.at < len(s.data) && s.data[s.at] != '"'; s.at++ {
		unit := uint64(0)
		if s.data[s.at] == '\\' {
			escaped = true
			if s.at++; s.data[s.at] == 'u' {
				unit, _ = strconv.ParseUint(string(s.data[s.at+1:s.at+5]), 16, 16)
				s.at += 4
			}
		}
		low := unit >= 0xdc00 && unit < 0xe000
		if high != low {
			return "", errHalf
		}
		high = unit >= 0xd800 && unit < 0xdc00
	}
	s.at++
	if high {
		return "", errHalf
	}
	raw := s.data[begin:s.at]
	if !escaped {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err
}

var errHalf = errors.New(`has half a character: an escape of \ud800 to \udfff without its other half`)
