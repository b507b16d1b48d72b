package build

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
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
// first argument. Others have relative paths, to either: so it runs in a folder
// with the files of both, and what it makes there is added to the package.
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
	folder := i.scratch + ".work"
	before, err := i.lay(folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
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
		dir:  folder,
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
	return failed, i.collect(folder, before)
}

// lay fills the folder with copies of the package's files, and of the script's
// own that have other names, and returns what is there.
func (i initScript) lay(folder string) (map[string]fs.FileInfo, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	for _, from := range []string{i.dir, filepath.Join(i.scratch, filepath.FromSlash(path.Dir(i.name)))} {
		copies := tree{fsys: os.DirFS(from)}
		err := walkFiles(from, func(name string, info fs.FileInfo) error {
			to := filepath.Join(folder, name)
			if exists(to) || !info.Mode().IsRegular() {
				return nil
			}
			return copies.copy(source{path: filepath.ToSlash(name), exec: info.Mode()&0o111 != 0}, to)
		})
		if err != nil {
			return nil, err
		}
	}
	before := map[string]fs.FileInfo{}
	return before, walkFiles(folder, func(name string, info fs.FileInfo) error {
		before[name] = info
		return nil
	})
}

// collect moves to the package what the script made or changed in the folder.
func (i initScript) collect(folder string, before map[string]fs.FileInfo) error {
	return walkFiles(folder, func(name string, info fs.FileInfo) error {
		old, was := before[name]
		if was && old.Size() == info.Size() && old.Mode() == info.Mode() && old.ModTime().Equal(info.ModTime()) {
			return nil
		}
		place := strings.TrimPrefix(name, i.job.Spec.Runtime.Language+string(filepath.Separator))
		to := filepath.Join(i.dir, place)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.Rename(filepath.Join(folder, name), to)
	})
}

// walkFiles calls the function for everything below a folder but folders.
func walkFiles(folder string, do func(name string, info fs.FileInfo) error) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return do(name, info)
	})
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
