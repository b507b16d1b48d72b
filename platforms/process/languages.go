package process

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/sebs-go/sebs/platforms/internal/interpreter"
)

// language is how functions of one language are started.
type language struct {
	command func(i interpreter.Interpreter, f started) []string // how a function is started in the folder of its code
	env     func(f started) []string                            // variables of the function; nil: none
}

// started is what of a function its command depends on.
type started struct {
	root   string // the folder of its code
	memory int    // its limit, MB; 0: none
}

// languages are the languages of this platform, in the order of their listing.
var languages = map[string]language{
	"python": {
		command: func(i interpreter.Interpreter, _ started) []string {
			// Without the machine's own packages, and without writing compiled
			// files into the package.
			return []string{i.Path, "-S", "-B", "-c", "import handler; handler.main()"}
		},
	},
	"nodejs": {
		command: func(i interpreter.Interpreter, _ started) []string { return []string{i.Path, "handler.cjs"} },
	},
	"java": {
		command: func(i interpreter.Interpreter, f started) []string {
			// The compiler and the collector are those that suit short lives,
			// as on clouds.
			command := []string{i.Path,
				"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError", "-Dfile.encoding=UTF-8"}
			if f.memory > 0 {
				command = append(command, fmt.Sprintf("-Xmx%dm", interpreter.JavaHeap(f.memory)))
			}
			if major, err := strconv.Atoi(i.Runtime().Version); err == nil && major > 22 {
				command = append(command, "--sun-misc-unsafe-memory-access=allow") // without it the wrapper causes a warning
			}
			return append(command, "-cp", "classes:function:lib/*", "sebs.Handler")
		},
	},
	"go": {
		command: func(_ interpreter.Interpreter, f started) []string {
			return []string{filepath.Join(f.root, "handler")}
		},
		env: func(f started) []string {
			if f.memory <= 0 {
				return nil
			}
			return []string{fmt.Sprintf("GOMEMLIMIT=%dMiB", f.memory*9/10)} // the collector works harder before the limit is met
		},
	},
	"cpp": {
		command: func(_ interpreter.Interpreter, f started) []string {
			return []string{filepath.Join(f.root, "handler")}
		},
	},
}

// names are the languages of this platform, in the order of their listing.
var names = []string{"python", "nodejs", "java", "go", "cpp"}
