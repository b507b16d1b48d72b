// Package function is the conformance suite's probe: a function that does what
// the event asks.
package function

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Event says what to do.
type Event = map[string]any

// ProbeError is the error that an event asks for.
type ProbeError struct{ Message string }

func (e *ProbeError) Error() string { return e.Message }

// Init fails if the environment asks for it.
func Init() error {
	if os.Getenv("PROBE_INIT") == "raise" {
		return errors.New("PROBE_INIT asks for it")
	}
	return nil
}

// Handler does what the event asks.
func Handler(event Event) (any, error) {
	entered := time.Now()
	if event["do"] == "inside" { // how long the handler took by its own clock
		return Event{"inside_ns": time.Since(entered).Nanoseconds()}, nil
	}
	action, ok := actions[fmt.Sprint(event["do"])]
	if !ok {
		return nil, fmt.Errorf("no action %v", event["do"])
	}
	return action(event)
}

var actions = map[string]func(Event) (any, error){
	"echo":           echo,
	"length":         func(e Event) (any, error) { return Event{"length": len(text(e, "value"))}, nil },
	"sleep":          sleep,
	"hang":           hang,
	"raise":          func(e Event) (any, error) { return nil, &ProbeError{text(e, "message")} },
	"exit":           func(Event) (any, error) { os.Exit(3); return nil, nil },
	"allocate":       allocate,
	"spawn":          spawn,
	"leave":          leave,
	"exhaust":        exhaust,
	"nest":           nest,
	"leftovers":      leftovers,
	"write":          write,
	"list":           list,
	"print":          say,
	"fill":           func(e Event) (any, error) { return Event{"filler": strings.Repeat("x", number(e, "bytes"))}, nil },
	"unserialisable": func(Event) (any, error) { return Event{"value": func() {}}, nil },
	"corrupt":        corrupt,
	"measure": func(Event) (any, error) {
		return Event{"result": Event{"n": 1}, "measurement": Event{"compute_us": 123}}, nil
	},
	"facts":   facts,
	"connect": connect,
}

// connect sends a text to a server and returns what it sends back.
func connect(e Event) (any, error) {
	address := net.JoinHostPort(text(e, "host"), strconv.Itoa(number(e, "port")))
	dialer := net.Dialer{Timeout: 5 * time.Second}
	server, err := dialer.DialContext(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	if err := server.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(server, text(e, "text")); err != nil {
		return nil, err
	}
	if err := server.(*net.TCPConn).CloseWrite(); err != nil {
		return nil, err
	}
	received, err := io.ReadAll(io.LimitReader(server, 1<<20))
	return Event{"text": string(received)}, err
}

func text(e Event, key string) string { s, _ := e[key].(string); return s }

func number(e Event, key string) int { f, _ := e[key].(float64); return int(f) }

func temporary() string {
	if dir := os.Getenv("TMPDIR"); dir != "" {
		return dir
	}
	return "/tmp"
}

func echo(e Event) (any, error) {
	answer := Event{"value": e["value"], "environment": nil}
	if value, ok := os.LookupEnv(text(e, "environment")); ok {
		answer["environment"] = value
	}
	return answer, nil
}

func sleep(e Event) (any, error) {
	time.Sleep(time.Duration(number(e, "ms")) * time.Millisecond)
	return Event{"slept": number(e, "ms")}, nil
}

func hang(Event) (any, error) {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	for {
		time.Sleep(time.Hour)
	}
}

func allocate(e Event) (any, error) {
	block := make([]byte, number(e, "mb")<<20)
	for i := 0; i < len(block); i += 4096 { // touch each page
		block[i] = 1
	}
	runtime.KeepAlive(block)
	return Event{"mb": len(block) >> 20}, nil
}

func spawn(e Event) (any, error) {
	for range number(e, "processes") {
		if err := exec.Command("sleep", "600."+text(e, "marker")).Start(); err != nil { //nolint:noctx // it is to be left
			return nil, err
		}
	}
	return Event{"processes": number(e, "processes")}, nil
}

// leave leaves a process that reads and prints whatever it inherits.
func leave(e Event) (any, error) {
	child := exec.Command("sh", "-c", "cat; cat <&3; echo left; exec sleep 600."+text(e, "marker")) //nolint:noctx // it is to be left
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	return Event{}, child.Start()
}

// exhaust opens files until no more may be, and leaves them open.
func exhaust(e Event) (any, error) {
	opened := 0
	for ; opened < number(e, "most"); opened++ {
		if _, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0); err != nil {
			break
		}
	}
	return Event{"opened": opened}, nil
}

func nest(e Event) (any, error) {
	var value any
	for range number(e, "depth") {
		value = []any{value}
	}
	return Event{"value": value}, nil
}

// leftovers counts the visible processes that spawn left with this marker.
func leftovers(e Event) (any, error) {
	wanted, count := []string{"sleep", "600." + text(e, "marker")}, 0
	if _, err := os.Stat("/proc/self"); err == nil {
		found, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			line, err := os.ReadFile(name)
			if err == nil && slices.Equal(strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"), wanted) {
				count++
			}
		}
		return Event{"processes": count}, nil
	}
	listed, err := exec.Command("ps", "-axo", "args").Output() //nolint:noctx // a handler has no context
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(listed)) {
		if slices.Equal(strings.Fields(line), wanted) {
			count++
		}
	}
	return Event{"processes": count}, nil
}

func write(e Event) (any, error) {
	err := os.WriteFile(filepath.Join(temporary(), text(e, "name")), []byte(text(e, "text")), 0o600)
	return Event{"name": e["name"]}, err
}

func list(Event) (any, error) {
	entries, err := os.ReadDir(temporary())
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return Event{"names": names}, err
}

// say prints on both streams.
func say(e Event) (any, error) {
	line := text(e, "text") + "\n"
	lines := strings.Repeat(line, number(e, "bytes")/len(line)+1)
	fmt.Fprint(os.Stdout, lines)
	fmt.Fprint(os.Stderr, lines)
	return Event{"printed": e["bytes"]}, nil
}

// corrupt writes nonsense into every socket that the process has.
func corrupt(Event) (any, error) {
	for fd := 3; fd < 256; fd++ {
		var s syscall.Stat_t
		if syscall.Fstat(fd, &s) == nil && s.Mode&syscall.S_IFMT == syscall.S_IFSOCK {
			_, _ = syscall.Write(fd, []byte("this is no answer\r\n\r\n")) // fails for one that listens
		}
	}
	return Event{}, nil
}

func facts(e Event) (any, error) {
	keys := []string{}
	for key := range e {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	variant, err := os.ReadFile(filepath.Join(filepath.Dir(program), "function", "variant.txt"))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return Event{"keys": keys, "cwd": cwd, "variant": strings.TrimSpace(string(variant))}, err
}
