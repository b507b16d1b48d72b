package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

// Installer says how to install the dependencies of a staged folder on this
// machine.
type Installer struct {
	Runtime      driver.Runtime
	Architecture driver.Architecture
	Platform     string       // "process"
	Env          []string     // the tools: "PYTHON=/usr/bin/python3.11", "NODE=...", "NPM=...", "PATH=..."
	Guard        driver.Guard // kills the installation if this process is killed; nil: the kernel does, as far as it can
}

// maxInstall is how long one installation may take.
const maxInstall = time.Hour

// Install runs the language's installer of package dockerfiles in dir, with
// the tools of this machine: it installs what the manifest names, runs the
// benchmark's package.sh and compiles. The user's settings of registries,
// proxies and certificates apply; nothing else of the environment does. What the tools print goes to log, and its last lines are
// in the error of an installation that failed. When ctx is done, every process
// of the installation is killed. If the installer finds that a tool or a library
// of this machine is missing or does not work, the error matches
// driver.ErrUnavailable and says in one line what and what to do.
func Install(ctx context.Context, dir string, in Installer, log io.Writer) error {
	text, err := dockerfiles.Installer(in.Runtime.Language)
	if err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("install %s: %w", in.Runtime, err)
	}
	// SeBS's scripts know the platform in capitals and the version by a name
	// of the language's own.
	own := append([]string{
		"FUNCTION_DIR=" + dir,
		"PLATFORM=" + strings.ToUpper(in.Platform),
		"TARGET_ARCHITECTURE=" + string(in.Architecture),
		"VERSION=" + in.Runtime.Version,
		strings.ToUpper(in.Runtime.Language) + "_VERSION=" + in.Runtime.Version,
	}, in.Env...)
	name := in.Runtime.Language + "_installer.sh"
	err = script{
		name: name,
		args: []string{"-c", string(text), name},
		dir:  dir,
		env:  environment.Install.Variables(own...),
		most: maxInstall, guard: in.Guard,
	}.run(ctx, log)
	if why, ok := unavailable(err); ok {
		return fmt.Errorf("install %s: %w: %s", in.Runtime, driver.ErrUnavailable, why)
	}
	if err != nil {
		return fmt.Errorf("install %s: %w", in.Runtime, err)
	}
	return nil
}

// unavailable returns what an installer found to be missing on this machine: it
// ends with this status, and its last line begins with this mark.
func unavailable(err error) (why string, ok bool) {
	const status, mark = 69, "not available: "
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != status {
		return "", false
	}
	text := err.Error()
	return strings.CutPrefix(text[strings.LastIndexByte(text, '\n')+1:], mark)
}
