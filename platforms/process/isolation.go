package process

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// isolation is what keeps sandboxes apart on this machine.
type isolation interface {
	// enter puts the calling thread, which is its own, into a new sandbox with
	// the private folder dir.
	enter(dir string, fn *function) (jail, error)
	environment(dir string) []string
	private() bool    // each sandbox has a /tmp of its own
	describe() string // for people, and for the record of a run
	close() error
}

// processLimit is how many processes and threads a sandbox may have.
const processLimit = 256

// descriptorLimit is how many files each process of a sandbox may have open,
// which is as many as on AWS Lambda.
const descriptorLimit = 1024

// onOwnThread runs f on a thread that nothing else uses before it ends with f.
// It does not wait. It is never the process's first thread, which cannot end
// and stands for the process in /proc.
func onOwnThread(f func()) {
	go func() {
		runtime.LockOSThread() // without the unlock the thread ends with its goroutine
		if !firstThread() {
			f()
			return
		}
		elsewhere := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(elsewhere)
			f()
		}()
		<-elsewhere
		runtime.UnlockOSThread()
	}()
}

// memoryFor returns how many MB all sandboxes may have together: three
// quarters of what the machine has free.
func memoryFor(free int64) int64 { return max(free/4*3>>20, 1) }

// What this process opens for itself, and for each sandbox: its socket, its
// output, its counters, and connections to the stores.
const (
	filesForRun     = 32
	filesForSandbox = 8
)

// sandboxesFor returns how many sandboxes there may be at once, by the number
// of files that this process may open.
func sandboxesFor() int {
	files := maxFiles()
	return int(min(max((files-min(files, filesForRun))/filesForSandbox, 1), 1000))
}

// maxFiles returns how many files this process may open.
func maxFiles() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fewFiles
	}
	return limit.Cur
}
