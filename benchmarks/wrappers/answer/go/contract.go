package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// contract is the answer's object but for what the handler returned.
type contract struct {
	Request         string   `json:"request"`
	PlatformRequest string   `json:"platform_request"`
	Begin           int64    `json:"begin_us"`
	End             int64    `json:"end_us"`
	Handler         int64    `json:"handler_ns"`
	Init            int64    `json:"init_us"`
	Boot            int64    `json:"boot_us"`
	Sandbox         string   `json:"sandbox"`
	Cold            bool     `json:"cold"`
	Worker          string   `json:"worker"`
	WorkerCold      bool     `json:"worker_cold"`
	Count           int64    `json:"count"`
	CPU             int64    `json:"cpu_us"`
	Memory          int64    `json:"memory_bytes"`
	Error           *failure `json:"error"`

	result, measurement []byte // JSON; nil: null
}

// failure is why a handler failed.
type failure struct {
	Phase   string `json:"phase"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

// take encodes what a handler returned: an object's members result and
// measurement, or the whole as the result.
func (a *contract) take(returned any) (err error) {
	if m, ok := returned.(map[string]any); ok {
		result, ok := m["result"]
		if !ok {
			result = m
		}
		if a.result, err = marshal(result); err != nil {
			return err
		}
		if m["measurement"] != nil {
			a.measurement, err = marshal(m["measurement"])
		}
	} else {
		if a.result, err = marshal(returned); err != nil {
			return err
		}
		if a.result[0] == '{' {
			var parts struct {
				Result      json.RawMessage `json:"result"`
				Measurement json.RawMessage `json:"measurement"`
			}
			if err := json.Unmarshal(a.result, &parts); err != nil {
				return err
			}
			if parts.Result != nil {
				a.result = parts.Result
			}
			a.measurement = parts.Measurement
		}
	}
	if err == nil && len(a.measurement) > 0 && a.measurement[0] != '{' && string(a.measurement) != "null" {
		return errors.New("the measurement is not an object")
	}
	return err
}

// marshal encodes a value as it is, without what HTML or JavaScript would need,
// as the other languages do.
func marshal(v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok && !json.Valid(raw) {
		return nil, errors.New("what the handler returned is not JSON")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	text := plain(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	if !utf8.Valid(text) { // of a value that encodes itself
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	if tooDeep(text) {
		return nil, errors.New("the value is nested too deeply for JSON")
	}
	return text, nil
}

// tooDeep says whether JSON is nested more deeply than its readers follow.
func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > 1000 {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// plain replaces the escapes that package encoding/json writes and JSON does not
// demand: of two characters that JavaScript once could not read, and of what
// stands for bytes that are no UTF-8.
func plain(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u202`)) && !bytes.Contains(text, []byte(`\ufffd`)) {
		return text
	}
	kept := text[:0]
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			kept = append(kept, text[i])
		case bytes.HasPrefix(text[i:], []byte(`\u2028`)):
			kept = append(kept, "\u2028"...)
			i += 5
		case bytes.HasPrefix(text[i:], []byte(`\u2029`)):
			kept = append(kept, "\u2029"...)
			i += 5
		case bytes.HasPrefix(text[i:], []byte(`\ufffd`)):
			kept = append(kept, "\uFFFD"...)
			i += 5
		default: // an escape of two characters, or the beginning of a longer one
			kept = append(kept, text[i], text[i+1])
			i++
		}
	}
	return kept
}

var null = []byte("null")

// encode returns the whole answer. Long results are not copied.
func (a *contract) encode() Call {
	head, err := marshal(a)
	if err != nil { // it has nothing that cannot be encoded
		panic(err)
	}
	if a.result == nil {
		a.result = null
	}
	if a.measurement == nil {
		a.measurement = null
	}
	head = append(head[:len(head)-1], `,"measurement":`...)
	head = append(head, a.measurement...)
	head = append(head, `,"result":`...)
	return Call{Body: [][]byte{head, a.result, []byte("}")}, Failed: a.Error != nil}
}
