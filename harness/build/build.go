// Package build turns a benchmark's sources into packages, content-addressed.
//
// Store.Package stages the sources of one language with what the platform
// adds, has the platform install and lay them out, and keeps the result under
// the digest of everything that could change it; the next call with the same
// inputs finds it there. Platforms use Install, Layout and Zip of this package
// in their Build, so that the same step is the same everywhere.
//
// A benchmark's init.sh and package.sh, and the packages that it depends on,
// run with the rights of the user while they are built. Everything else about
// a benchmark's folder is checked: names, kinds of files and sizes.
//
// The package refuses to deploy, to choose a runtime, and to keep what it
// cannot vouch for: an entry that is not exactly as it was built is built
// again.
package build

import (
	"io"
	"io/fs"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// Job is what to build, and who builds it.
type Job struct {
	Builder  driver.Builder
	Platform string       // its name: "process"
	Files    fs.FS        // the benchmark's folder: a folder for each language, init.sh, package.sh, resources
	Spec     driver.Spec  // its name, configuration and trigger do not change the package
	Anew     bool         // build it even if it is in the store, in the place of what is there
	Log      io.Writer    // lines about what is waited for or built again; nil: none
	Guard    driver.Guard // kills what scripts left if this process is killed; nil: none
}

// Result is a package of a store.
type Result struct {
	driver.Package               // its paths are absolute, and in the store
	Reused         bool          // it was in the store
	Log            string        // path of the log of its build
	Took           time.Duration // how long this call took
	Builder        string        // the tools that built it: interpreter or base image, installer
	Dependencies   []Dependency  // what is installed in it, by name and version
	Warnings       []string      // what may be wrong with it
}

// Dependency is an installed dependency at its resolved version.
type Dependency struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}
