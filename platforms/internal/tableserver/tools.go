package tableserver

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/environment"
)

// choose returns the first program whose tools work: what runs it, and where it
// is not installed yet, what installs it.
func choose(works func(tool string) error, installed func(program) bool) (program, error) {
	var why []string
	for _, p := range programs {
		err := works(p.run[0])
		if !installed(p) {
			err = errors.Join(err, works(p.install[0]))
		}
		if err == nil {
			return p, nil
		}
		why = append(why, p.name+": "+strings.ReplaceAll(err.Error(), "\n", ", "))
	}
	return program{}, fmt.Errorf("%w (%s): install Node.js 20 or later (apt-get install nodejs npm), or a JDK 17 or later (apt-get install default-jdk-headless maven)",
		driver.ErrUnavailable, strings.Join(why, "; "))
}

// chosen returns the program to use on this machine.
func chosen(ctx context.Context) (program, error) {
	cache, err := cacheFolder()
	if err != nil {
		return program{}, err
	}
	return choose(func(tool string) error { return working(ctx, tool) }, func(p program) bool {
		digest, err := p.digest()
		return err == nil && installed(filepath.Join(cache, digest))
	})
}

// least are the versions that servers need of what runs them.
var least = map[string]int{"node": 20, "java": 17}

// patience is how long a tool may take to say its version.
const patience = 20 * time.Second

// asked remembers what the tools at these paths said.
var asked sync.Map // string -> func() error

// working returns why a tool of this machine cannot be used, or nil. It is asked
// once as long as this process lives.
func working(ctx context.Context, tool string) error {
	path, err := exec.LookPath(tool)
	if err != nil {
		return fmt.Errorf("no %s", tool)
	}
	ask, _ := asked.LoadOrStore(path, sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		return says(ctx, path, least[tool])
	}))
	return ask.(func() error)()
}

var number = regexp.MustCompile(`\d+`)

// says asks a tool for its version, and returns why it is not at least the
// given one.
func says(ctx context.Context, path string, least int) error {
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.WaitDelay = time.Second
	cmd.Env = environment.Query.Variables()
	out, err := cmd.CombinedOutput()
	said, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil {
		return fmt.Errorf("%s does not work: %w: %s", path, err, said)
	}
	if major, err := strconv.Atoi(number.FindString(said)); err != nil || major < least {
		return fmt.Errorf("%s is %q", path, said)
	}
	return nil
}
