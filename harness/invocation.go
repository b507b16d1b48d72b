package harness

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/plain"
	"github.com/sebs-go/sebs/harness/results"
)

// Invocation is one call: its record, and what is not recorded.
type Invocation struct {
	results.Invocation

	at       time.Time       // Sent, on the monotonic clock too
	stalled  time.Duration   // of the call, in which the test stood still
	result   json.RawMessage // of the answer, until it was checked
	others   json.RawMessage // the same of what was returned beside it
	resuming bool            // it was made because of a pause before it
	output   string          // what its sandbox printed, if it ended without an answer
}

// Result returns what the handler returned, as JSON; nil if the call failed.
// It is not part of the record.
func (v Invocation) Result() json.RawMessage { return v.result }

// fail records the cause of a failed call.
func (v *Invocation) fail(err error) {
	v.OK, v.Counted = false, false
	f := &driver.Failure{Cause: driver.Protocol, Detail: err.Error()}
	errors.As(err, &f)
	v.Cause, v.Detail, v.output = f.Cause, plain.Line(f.Detail, 500), f.Output
}
