// Package endtoend tests whole runs, as users start them: the tests of package
// experiments, compiled and run with folders of SeBS, without tools, with secrets
// around them, with few files, killed and swept.
//
// It has no code of its own, and refuses to look inside: what a run prints, writes
// and leaves is all that it sees.
package endtoend
