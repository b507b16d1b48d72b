package cleanup

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// runID is what a run's id looks like.
var runID = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// newID is what NewID returns.
var newID = regexp.MustCompile(`^r[a-z2-7]{13}$`)

// NewID returns a run's id. It has 65 bits of chance, as it begins names that
// must be unique in the world (buckets), and no more letters than SEBS_PREFIX
// may have.
func NewID() string { return "r" + strings.ToLower(rand.Text()[:13]) }

// folderTime is how the names of runs' folders begin: when the run started.
const folderTime = "20060102T150405Z"

// FolderName returns the name of a run's folder of results.
func FolderName(id string, started time.Time) string {
	return started.UTC().Format(folderTime) + "-" + id
}

// parseFolderName parses what FolderName returns.
func parseFolderName(name string) (id string, started time.Time, ok bool) {
	text, id, _ := strings.Cut(name, "-")
	started, err := time.Parse(folderTime, text)
	return id, started, err == nil && runID.MatchString(id)
}

// TempPattern is the pattern of os.MkdirTemp for a run's temporary folder.
func TempPattern(id string) string { return "sebs-" + id + "-*" }

// tempFolders returns the temporary folders of a run that are in TMPDIR.
func tempFolders(id string) ([]string, error) {
	temp := os.TempDir()
	names, err := fs.Glob(os.DirFS(temp), TempPattern(id))
	for i, name := range names {
		names[i] = filepath.Join(temp, name)
	}
	return names, err
}

// owned reports whether a folder is one, and this user's: a journal in it is a
// list of commands.
func owned(folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}
