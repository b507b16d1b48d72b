package build

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/environment"
)

// maxInit is how long one init.sh may take; some download resources.
const maxInit = 15 * time.Minute

// maxWentWrong bounds what is told of an init.sh.
const maxWentWrong = 5

// initScript is a run of an init.sh.
//
// SeBS runs it wherever SeBS was started, so most name their own files by the
// place of the script, which is a private copy here, and the package's by their
// first argument. Others have relative paths. They mean the package's folder,
// where the files of the script's language are too; a copy of one of them to
// where it is already does nothing.
type initScript struct {
	name    string // its path in the benchmark's folder
	dir     string // the package's folder
	scratch string // the copy of the benchmark's folder
	job     Job
}

//go:embed init.bash
var watchInit []byte

// run runs the script, once. A script mostly goes on after a command that
// failed, and what it was to fetch is then missing: failed says which did,
// although the script ended well.
func (i initScript) run(ctx context.Context, log io.Writer) (failed []string, err error) {
	record := i.scratch + ".record"
	watch := i.scratch + ".bash"
	if err := errors.Join(os.WriteFile(watch, watchInit, 0o600), os.WriteFile(record, nil, 0o600)); err != nil {
		return nil, err
	}
	err = script{
		name: i.name,
		args: []string{
			"-c", `BASH_ENV="$0" exec bash "$@"`, watch,
			filepath.Join(i.scratch, filepath.FromSlash(i.name)), i.dir, "false", string(i.job.Spec.Architecture),
		},
		dir:  i.dir,
		env:  environment.Install.Variables("SEBS_RECORD=" + record),
		most: maxInit, guard: i.job.Guard,
	}.run(ctx, log)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(record)
	if err != nil {
		return nil, err
	}
	if failed = wentWrong(string(text)); len(failed) > 0 {
		failed = []string{fmt.Sprintf("%s went on after what failed, so that something may be missing: %s", i.name, strings.Join(failed, "; "))}
	}
	return failed, nil
}

// wentWrong reads the record that init.bash makes: a line for each command that
// failed and each fetch. A fetch that failed does not count if a later one of
// the same file succeeded.
func wentWrong(record string) []string {
	var failed, fetched []string
	lines := strings.Split(strings.TrimSpace(record), "\n")
	slices.Reverse(lines)
	for _, line := range lines {
		part := strings.SplitN(line, "\t", 4)
		if len(part) < 4 {
			continue // cut short
		}
		kind, place, status, what := part[0], part[1], part[2], strings.Join(strings.Fields(part[3]), " ")
		text := fmt.Sprintf("line %s: %s (exit status %s)", place, what, status)
		switch {
		case kind == "fetch" && status == "0":
			fetched = append(fetched, lastPart(what))
		case kind == "fetch" && slices.Contains(fetched, lastPart(what)), slices.Contains(failed, text):
		default:
			failed = append(failed, text)
		}
	}
	slices.Reverse(failed)
	if over := len(failed) - maxWentWrong; over > 0 {
		failed = append(failed[:maxWentWrong], fmt.Sprintf("and %d more", over))
	}
	return failed
}

// lastPart returns what is behind the last slash: of an address, the file.
func lastPart(what string) string { return what[strings.LastIndexAny(what, "/ ")+1:] }
