// Package platforms links the platforms that the build tags name: a file for
// each, with one tag and one blank import, and nothing else. Import it blank
// in a test package; without a tag it links process, with several tags
// several.
//
// The platforms themselves carry no tags, so that vetting, linting, their own
// tests, and any program that imports one directly, always see them.
package platforms
