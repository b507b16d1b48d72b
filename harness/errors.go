package harness

import (
	"context"
	"errors"
	"slices"

	"github.com/sebs-go/sebs/harness/results"
)

// join joins errors. Of those of the results folder it keeps the first, and none
// if the run ended with one, which is told as the reason: the others are the
// same full disk.
func (r *run) join(errs ...error) error {
	var of *results.Error
	known := errors.As(context.Cause(r.ctx), &of)
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool {
		if !errors.As(err, &of) {
			return false
		}
		drop := known
		known = true
		return drop
	})...)
}
