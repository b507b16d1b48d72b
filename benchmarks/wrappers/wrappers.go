// Package wrappers holds the shims between a platform and a benchmark's
// handler, as files of the languages that they are written in: a folder for
// each platform, in it one for each language, and the folder answer, in the
// same form, for what all platforms share.
//
// The package only carries the files. Which of them go into a package is said
// by the data of package dockerfiles.
package wrappers

import "embed"

// Files is this folder.
//
//go:embed all:*
var Files embed.FS
