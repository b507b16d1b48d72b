//go:build !linux

package doctor

// clockSynchronised says that this system does not tell.
func clockSynchronised() (found string, ok bool) {
	return "not known whether it is synchronised", false
}

// clockSource returns nothing: it is not known.
func clockSource() string { return "" }
