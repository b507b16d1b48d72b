package probe

import (
	"errors"
	"fmt"

	"github.com/sebs-go/sebs/harness/driver"
)

// The functions below say what a rule needs of a platform: nil, or why the rule
// does not apply.

// Sandboxes needs connections that are sandboxes.
func Sandboxes(s *Session) error {
	if !s.Sandbox {
		return errors.New("connections lead to a service, which chooses the sandbox itself")
	}
	return nil
}

// Remote needs a service whose functions outlive the process that deployed them.
func Remote(s *Session) error {
	if s.Sandbox {
		return errors.New("connections are sandboxes, and functions end with the platform")
	}
	return nil
}

// MemoryLimits needs functions that are held to their memory.
func MemoryLimits(s *Session) error {
	if !s.Features().MemoryLimits {
		return errors.New("functions are not held to their memory")
	}
	return nil
}

// ProcessLimits needs functions that are held to a number of processes.
func ProcessLimits(s *Session) error {
	if !s.Features().ProcessLimits {
		return errors.New("functions are not held to a number of processes")
	}
	return nil
}

// Tells needs a trigger whose failures say that they have a cause.
func Tells(c driver.Cause) func(*Session) error {
	return func(s *Session) error {
		if !s.Features().Tells(s.Spec.Trigger, c) {
			return fmt.Errorf("calls by the trigger %s do not tell the cause %s from others", s.Spec.Trigger, c)
		}
		return nil
	}
}
