package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/internal/inputpy"
)

// returned is what a call of a function gave, as a check of a folder written
// for SeBS sees it.
type returned struct {
	payload     any
	result      json.RawMessage
	measurement json.RawMessage // nil: none
	others      json.RawMessage // what was returned under other keys; nil: nothing
	languages   []string        // the function's; or all that it may be
}

// check says what is wrong with what a function returned: it calls
// validate_output, with each language until one accepts it.
func (b *sebs) check(ctx context.Context, r returned, store *Store) error {
	if !json.Valid(r.result) {
		return fmt.Errorf("the output is not JSON: %s", configExcerpt(r.result))
	}
	declared, err := b.describe(ctx)
	if err != nil {
		return err
	}
	if !declared.Validates {
		return nil
	}
	output, err := r.output()
	if err != nil {
		return err
	}
	var storage inputpy.Host
	if declared.Inputs+declared.Outputs > 0 {
		storage = &host{store: store, declared: declared}
	}
	var first error
	for _, language := range r.languages {
		wrong := b.checks.use(ctx, func(session *inputpy.Session) error {
			wrong, err := session.Validate(ctx, inputpy.Output{
				Payload: r.payload, Output: output, Language: language, Architecture: architecture(),
			}, storage)
			if err == nil && wrong != "" {
				err = errors.New(wrong)
			}
			return err
		})
		if wrong == nil || ctx.Err() != nil {
			return wrong
		}
		if first == nil {
			first = wrong
		}
	}
	if raised := (*inputpy.RaisedError)(nil); errors.As(first, &raised) {
		return errors.New(raised.Line()) // an invocation's failure has one line
	}
	return first
}

// output returns what validate_output gets: the object with the keys "result"
// and "measurement" that SeBS's handlers return. A handler may also return its
// result without that key, so the keys of a result are there as well.
func (r returned) output() (map[string]json.RawMessage, error) {
	output := map[string]json.RawMessage{}
	if bytes.TrimSpace(r.result)[0] == '{' {
		if err := json.Unmarshal(r.result, &output); err != nil {
			return nil, err
		}
	}
	if r.others != nil {
		if err := json.Unmarshal(r.others, &output); err != nil {
			return nil, err
		}
	}
	if r.measurement != nil {
		output["measurement"] = r.measurement
	}
	output["result"] = r.result
	return output, nil
}

// architecture is this machine's, by the name that SeBS has for it.
func architecture() string {
	if runtime.GOARCH == "arm64" {
		return string(driver.ARM64)
	}
	return string(driver.X64)
}

// checks keeps one session for the checks of a benchmark, which are many and
// short, while they follow each other closely.
type checks struct {
	start   func(context.Context) (*inputpy.Session, error)
	turn    chan struct{} // holds a value while a check runs; guards what follows
	session *inputpy.Session
	used    int
}

// use runs a check in the session.
func (c *checks) use(ctx context.Context, check func(*inputpy.Session) error) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.turn }()
	if c.session == nil {
		session, err := c.start(ctx)
		if err != nil {
			return err
		}
		c.session = session
	}
	err := check(c.session)
	c.used++
	if c.session.Err() != nil {
		return errors.Join(err, c.close())
	}
	used := c.used
	time.AfterFunc(idle, func() {
		c.turn <- struct{}{}
		defer func() { <-c.turn }()
		if c.used == used {
			_ = c.close() // a folder that could not be removed is the system's to clean
		}
	})
	return err
}

// close ends the session; it is called in turn.
func (c *checks) close() error {
	session := c.session
	c.session = nil
	if session == nil {
		return nil
	}
	return session.Close()
}
