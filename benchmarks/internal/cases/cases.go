// Package cases is what the tests of handlers (package benchmarks) have to know
// of a benchmark beside its Input and Check: what its languages need not agree
// on, and what its handlers must refuse. Each benchmark declares its own, in
// cases.go of its folder.
package cases

import (
	"crypto/sha256"
	"fmt"
	"maps"
)

// Cases are those of one benchmark. The zero value asks for the most: that all
// languages return the same, and read every key of the event.
type Cases struct {
	// Compared of the outcomes of two languages, besides the keys of the
	// measurement and its download_size.
	Result func(result any) any              // what must be the same of the result, decoded; nil: all of it
	Object func(content []byte) (any, error) // the same of the object that the result's key names; nil: nothing
	Sizes  []string                          // keys of the measurement whose values must be the same

	Zero      []string // times and sizes of the measurement that are 0
	Unread    []string // keys of the event that no handler reads, as paths: "object.key"
	Fractions []string // keys whose values need not be whole numbers

	// Bad adds events that handlers must refuse although their keys and types
	// are right, and unusual ones that they must serve. nil: there are none.
	Bad func(e Events)

	// MaxPackage is how many MB the package in Python 3.11 may have when it is
	// unpacked; 0: any number.
	MaxPackage float64
}

// Events collects events, each the benchmark's own with one value changed. A
// path names the value: "object.key"; 0 is the first element of a list. A step
// that fails fails the test.
type Events interface {
	// Add adds an event that must be refused with an error that contains tells.
	Add(path string, value any, tells string)

	// AddObjects adds an event for each of the contents, for an empty object
	// and for none: its value at path names such an object among the inputs of
	// a set, and the error must contain that name. value makes the value of the
	// name; nil: it is the name.
	AddObjects(path string, set int, contents map[string][]byte, value func(name string) any)

	// AddUsual adds an event that must be served; the key in its result names
	// an object of this content.
	AddUsual(name, path string, value any, content []byte)

	// Object returns the object among the inputs of a set that the event names
	// at a path.
	Object(path string, set int) []byte

	// Put stores an object among the inputs of a set.
	Put(set int, name string, content []byte)

	// Presigned returns the URL of an object among the inputs of set 0, which
	// need not be there.
	Presigned(name string) string

	// ClosedPort returns a port of this machine on which nobody listens.
	ClosedPort() int

	// CutOff returns the URL of a server that sends less than it announces.
	CutOff() string
}

// Nothing compares nothing of a result.
func Nothing(any) any { return nil }

// Without leaves keys of an object out.
func Without(keys ...string) func(any) any {
	return func(result any) any {
		object, ok := result.(map[string]any)
		if !ok {
			return result
		}
		object = maps.Clone(object)
		for _, key := range keys {
			delete(object, key)
		}
		return object
	}
}

// Digest compares contents byte by byte.
func Digest(content []byte) (any, error) { return fmt.Sprintf("%x", sha256.Sum256(content)), nil }

// Noise is text that is no picture, model or sequence.
var Noise = []byte(noise())

func noise() (text string) {
	for range 100 {
		text += "neither a picture nor a model\n"
	}
	return text
}
