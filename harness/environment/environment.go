// Package environment says what child processes get of this process's
// environment: for each kind of child a list of the variables that may pass,
// and the values that it has on every machine. All children of the project are
// started with one of these lists, so that a variable of the user's shell
// changes a result only if it is meant to.
//
// The package refuses to pass anything because it is not known to be harmful.
package environment

import (
	"os"
	"slices"
	"strings"
)

// Child is a kind of child process.
type Child struct {
	Name   string   // for people
	passes []string // names of variables; one that ends in * stands for all that begin so
	sets   []string // "NAME=value", the same on every machine
}

// Variables returns the environment of a child: what passes of this process's
// environment, then what the child has on every machine, then own. Of several
// values of a variable only the last is there.
func (c Child) Variables(own ...string) []string { return c.variables(os.Environ(), own) }

func (c Child) variables(environ, own []string) []string {
	var all []string
	for _, entry := range environ {
		if name, _, ok := strings.Cut(entry, "="); ok && matches(name, c.passes) {
			all = append(all, entry)
		}
	}
	all = slices.Concat(all, c.sets, own)
	last := map[string]int{}
	for i, entry := range all {
		name, _, _ := strings.Cut(entry, "=")
		last[name] = i
	}
	var kept []string
	for i, entry := range all {
		if name, _, _ := strings.Cut(entry, "="); last[name] == i {
			kept = append(kept, entry)
		}
	}
	return kept
}

// matches reports whether a variable is one of names.
func matches(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		if prefix, ok := strings.CutSuffix(n, "*"); ok {
			return strings.HasPrefix(name, prefix)
		}
		return name == n
	})
}

// Withheld returns the names of this process's variables that would change
// what is built or measured and that reach no child that they are meant for,
// sorted.
func Withheld() []string { return withheld(os.Environ()) }

func withheld(environ []string) []string {
	var names []string
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if ok && value != "" && matches(name, telling) && !matches(name, harmless) && !matches(name, Install.passes) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
