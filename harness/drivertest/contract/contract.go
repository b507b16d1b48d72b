// Package contract is the conformance suite of wrappers: the rules that the
// wrapper of a language keeps on every platform, so that answers of all of them
// can be compared (package harness/answer), each with the reason for it.
//
// Package drivertest checks them for every runtime, kind of package and trigger
// of a platform, below the name contract: -run selects them as
// Conformance/process/python-3.11/archive/http/contract/answer-keys.
//
// The package refuses to say what a platform does with sandboxes, and to
// compare times: a wrapper is quick enough if the bars say so.
package contract

import (
	"slices"
	"testing"

	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// Check checks the rules on functions of a site.
func Check(t *testing.T, on *probe.Site) {
	t.Helper()
	Rules(on.Rules()).Run(t)
}

// Rules adds the rules to an empty set of those who check them.
func Rules(set rules.Set[*probe.Session]) rules.Set[*probe.Session] {
	set.Rules = slices.Concat(answerRules, timeRules, countRules, handlerRules)
	return set
}
