package results

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/driver"
)

// decoder decodes lines of invocations.jsonl.
type decoder struct {
	// numbers leaves out what statistics do not need: ids are empty, and
	// measurements valid until the next line is read.
	numbers bool

	line []byte
	at   int
	bad  bool // the line is not as simple as AppendJSON writes it
}

// decode decodes a line into v. Lines as AppendJSON writes them take a fifth of
// the time of encoding/json, which decodes all others.
func (d *decoder) decode(line []byte, v *Invocation) error {
	*v = Invocation{}
	if !d.simple(line, v) {
		*v = Invocation{}
		var old struct { // of format 1
			*Invocation
			SandboxCPU    time.Duration `json:"sandbox_cpu_ns"`
			SandboxMemory int64         `json:"sandbox_memory_bytes"`
		}
		old.Invocation = v
		if err := json.Unmarshal(line, &old); err != nil {
			return err
		}
		if old.SandboxCPU != 0 || old.SandboxMemory != 0 {
			v.Usage = &driver.Usage{CPU: old.SandboxCPU, MemoryBytes: old.SandboxMemory}
		}
	}
	if v.Start == "" && v.Sandbox != "" { // from before records had it
		v.Start = v.start()
	}
	return nil
}

// simple decodes a line if it has the known keys alone, whole numbers, and
// strings of ASCII without escapes.
func (d *decoder) simple(line []byte, v *Invocation) bool {
	d.line, d.at, d.bad = line, 0, false
	if !d.byte('{') {
		return false
	}
	for first := true; !d.bad; first = false {
		if d.byte('}') {
			return !first && d.at == len(d.line)
		}
		if !first && !d.byte(',') {
			return false
		}
		key := d.string()
		if !d.byte(':') || !d.value(key, v) {
			return false
		}
	}
	return false
}

// value decodes the value of a key. It reports whether it could.
//
//nolint:gocyclo // a key a line
func (d *decoder) value(key []byte, v *Invocation) bool {
	switch string(key) {
	case "seq":
		v.Sequence = int(d.int())
	case "block":
		v.Block = int(d.int())
	case "batch":
		v.Batch = int(d.int())
	case "request":
		v.Request = d.id()
	case "ok":
		v.OK = d.bool()
	case "counted":
		v.Counted = d.bool()
	case "checked":
		v.Checked = d.bool()
	case "uncounted":
		v.Uncounted = Uncounted(d.string())
	case "cause":
		v.Cause = driver.Cause(d.string())
	case "detail":
		v.Detail = string(d.string())
	case "intended_us":
		v.Intended = d.int()
	case "sent_us":
		v.Sent = d.int()
	case "retire_ns":
		v.Retire = time.Duration(d.int())
	case "client_ns":
		v.Client = time.Duration(d.int())
	case "queue_ns":
		v.Queue = time.Duration(d.int())
	case "dns_ns":
		v.DNS = time.Duration(d.int())
	case "connect_ns":
		v.Connect = time.Duration(d.int())
	case "tls_ns":
		v.TLS = time.Duration(d.int())
	case "send_ns":
		v.Send = time.Duration(d.int())
	case "first_byte_ns":
		v.FirstByte = time.Duration(d.int())
	case "last_byte_ns":
		v.LastByte = time.Duration(d.int())
	case "poll_ns":
		v.Poll = time.Duration(d.int())
	case "gateway":
		v.Gateway = d.bool()
	case "reused":
		v.Reused = d.bool()
	case "status":
		v.Status = int(d.int())
	case "bytes":
		v.Bytes = int(d.int())
	case "platform_request":
		v.PlatformRequest = d.id()
	case "begin_us":
		v.Begin = d.int()
	case "end_us":
		v.End = d.int()
	case "handler_ns":
		v.Handler = time.Duration(d.int())
	case "init_us":
		v.Init = d.int()
	case "boot_us":
		v.Boot = d.int()
	case "sandbox":
		v.Sandbox = d.id()
	case "cold":
		v.Cold = d.bool()
	case "start":
		v.Start = d.start()
	case "worker":
		v.Worker = d.id()
	case "worker_cold":
		v.WorkerCold = d.bool()
	case "count":
		v.Count = d.int()
	case "cpu_us":
		v.CPU = d.int()
	case "memory_bytes":
		v.Memory = d.int()
	case "measurement":
		raw := d.raw()
		if !d.numbers {
			raw = append([]byte(nil), raw...)
		}
		v.Measurement = raw
	case "usage":
		v.Usage = &driver.Usage{}
		d.bad = json.Unmarshal(d.raw(), v.Usage) != nil || d.bad
	case "sandbox_cpu_ns": // of format 1, as the next
		d.usage(v).CPU = time.Duration(d.int())
	case "sandbox_memory_bytes":
		d.usage(v).MemoryBytes = d.int()
	default:
		return false
	}
	return !d.bad
}

// usage returns the usage of a record, which it makes if there is none.
func (d *decoder) usage(v *Invocation) *driver.Usage {
	if v.Usage == nil {
		v.Usage = &driver.Usage{}
	}
	return v.Usage
}

// byte takes a byte, if it is next.
func (d *decoder) byte(c byte) bool {
	if d.at == len(d.line) || d.line[d.at] != c {
		return false
	}
	d.at++
	return true
}

// string takes a string. It is a part of the line.
func (d *decoder) string() []byte {
	if !d.byte('"') {
		d.bad = true
		return nil
	}
	for i := d.at; i < len(d.line); i++ {
		switch c := d.line[i]; {
		case c == '"':
			text := d.line[d.at:i]
			d.at = i + 1
			return text
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			d.bad = true
			return nil
		}
	}
	d.bad = true
	return nil
}

// id takes a string that statistics do not need, but for whether it is there.
func (d *decoder) id() string {
	text := d.string()
	if d.numbers && len(text) > 0 {
		return "-"
	}
	return string(text)
}

// start takes a start, without memory of its own if it is one.
func (d *decoder) start() answer.Start {
	text := d.string()
	for _, start := range answer.Starts {
		if string(text) == string(start) {
			return start
		}
	}
	return answer.Start(text)
}

// int takes a whole number.
func (d *decoder) int() int64 {
	negative := d.byte('-')
	begin, n := d.at, int64(0)
	for d.at < len(d.line) && d.line[d.at] >= '0' && d.line[d.at] <= '9' {
		n = 10*n + int64(d.line[d.at]-'0')
		d.at++
	}
	digits := d.at - begin
	if digits == 0 || digits > 18 || d.line[begin] == '0' && digits > 1 {
		d.bad = true
	}
	if negative {
		return -n
	}
	return n
}

// bool takes true or false.
func (d *decoder) bool() bool {
	for _, is := range []bool{true, false} {
		word := "false"
		if is {
			word = "true"
		}
		if rest := d.line[d.at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			d.at += len(word)
			return is
		}
	}
	d.bad = true
	return false
}

// raw takes an object or a list. It is a part of the line.
func (d *decoder) raw() []byte {
	begin, depth, quoted := d.at, 0, false
	for ; d.at < len(d.line); d.at++ {
		switch c := d.line[d.at]; {
		case quoted && c == '\\':
			d.at++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth == 0 { // at once if it is neither
			d.at++
			raw := d.line[begin:min(d.at, len(d.line))]
			d.bad = d.bad || !json.Valid(raw)
			return raw
		}
	}
	d.bad = true
	return nil
}
