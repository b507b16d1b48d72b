package drivertest

import (
	"context"
	"io"
	"maps"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/contract"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
	"github.com/sebs-go/sebs/harness/drivertest/probe"
)

// RuleNames returns the names of all rules of platforms and of wrappers.
func RuleNames() []string {
	var names []string
	for _, r := range append(functionRules, platformRules...) {
		names = append(names, r.Name)
	}
	for _, r := range contract.Rules(rules.Set[*probe.Session]{}).Rules {
		names = append(names, r.Name)
	}
	return names
}

// Verdicts checks all rules for functions of one form. Each has the platform to
// itself, so that a broken one breaks no other rule than it must. Packages are
// kept in the folder dir.
func Verdicts(ctx context.Context, open driver.OpenFunc, o Options, on probe.Target, dir string) (rules.Verdicts, error) {
	lab, err := probe.NewLab(open, o.Name, dir, o.Timeout, io.Discard)
	if err != nil {
		return rules.Verdicts{}, err
	}
	apart := lab.Apart(on, driver.Pace{}, len(RuleNames()))
	v := o.set(append(functionRules, platformRules...), apart).Verdicts(ctx)
	of := contract.Rules(apart).Verdicts(ctx)
	maps.Copy(v.Broken, of.Broken)
	maps.Copy(v.Unclean, of.Unclean)
	maps.Copy(v.Inapplicable, of.Inapplicable)
	return v, nil
}
