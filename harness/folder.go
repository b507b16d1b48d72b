package harness

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/internal/cleanup"
	"github.com/sebs-go/sebs/harness/internal/disk"
	"github.com/sebs-go/sebs/harness/internal/selection"
	"github.com/sebs-go/sebs/harness/results"
)

// moduleRoot returns the folder of the go.mod above the working directory,
// where `go test` runs a package's tests.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for start := dir; ; {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod above %s: run the tests with go test, inside a module", start)
		}
		dir = up
	}
}

// resultsFolder returns the absolute path of the folder that gets the folders
// of runs: SEBS_RESULTS, from the module's root, or results/ there.
func (p parameters) resultsFolder(root string) string {
	folder := cmp.Or(p.Results, "results")
	if filepath.IsAbs(folder) {
		return filepath.Clean(folder)
	}
	return filepath.Join(root, folder)
}

// createFolder makes the run's folder below dir and proves that it can be
// written. A dir that it has to make is kept out of version control.
func createFolder(dir, id string, now time.Time) (string, error) {
	folder := filepath.Join(dir, cleanup.FolderName(id, now))
	_, err := os.Stat(dir)
	ours := errors.Is(err, fs.ErrNotExist)
	if err = os.MkdirAll(dir, 0o755); err == nil {
		err = os.Mkdir(folder, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("results folder: %w: make it writable, or set SEBS_RESULTS to a folder that is", err)
	}
	if ours {
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o644); err != nil {
			return "", errors.Join(&results.Error{Err: err}, os.RemoveAll(folder))
		}
	}
	return folder, nil
}

// latestFile names the run that last began to measure.
const latestFile = "latest"

// noteLatest names the run in the file latest beside its folder, once, as its
// first cell begins: one that was refused has nothing to look at. It is not
// renamed into its place: another run may be doing the same.
func (r *run) noteLatest() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.latest {
		return nil
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(r.folder), latestFile), []byte(r.folder+"\n"), 0o644); err != nil {
		return &results.Error{Err: err}
	}
	r.latest = true
	return nil
}

// leastTemp is how much room there must be for temporary files: some objects,
// and what functions write.
const leastTemp = 16 << 20

// createTemp makes a run's temporary folder, in which the stores of some
// platforms and the folders of functions are.
func createTemp(id string) (string, error) {
	dir := os.TempDir()
	const remedy = "set TMPDIR to another folder"
	if !filepath.IsAbs(dir) || strings.Contains(dir, "\n") {
		return "", fmt.Errorf("temporary folder %q: want an absolute path without line breaks: %s", dir, remedy)
	}
	temp, err := os.MkdirTemp(dir, cleanup.TempPattern(id))
	if err != nil {
		return "", fmt.Errorf("temporary folder: %w: make it writable and free space, or %s", err, remedy)
	}
	free, err := disk.Free(temp)
	if err == nil && free < leastTemp {
		err = fmt.Errorf("only %d kB are free, and a run needs %s", free/1000, disk.Size(leastTemp))
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("temporary folder %s: %w: free space, or %s", dir, err, remedy), os.Remove(temp))
	}
	return temp, nil
}

// uncached makes the Go command run this test again next time. The command
// keeps what a test printed together with a log of the files and variables that
// the test read, and keeps nothing where there is no such log. The log is in the
// command's own temporary folder, so that this works in a module that cannot be
// written, and wherever the results are.
func uncached() error {
	log := selection.Flag("test.testlogfile")
	if log == "" { // the command keeps nothing of this test
		return nil
	}
	if err := os.Remove(log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the result out of the test cache: %w: pass -count=1", err)
	}
	return nil
}
