package harness

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// foldersFromEnv makes benchmarks of a list of paths as SEBS_BENCHMARKS has it.
// Each is a folder written for SeBS, or a tree that holds such folders at most
// three levels below it, as a checkout of SeBS does. Empty elements are passed
// over.
func foldersFromEnv(list string) ([]Benchmark, error) {
	var dirs []string
	for _, path := range filepath.SplitList(list) {
		if path == "" {
			continue
		}
		relative := !filepath.IsAbs(path)
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		visits := maxVisits
		found, err := findFolders(path, 3, &visits)
		if relative && errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: a test runs in its package's folder: name an absolute path", err)
		}
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no folder with config.json and input.py is there, nor up to three levels below", path)
		}
		dirs = append(dirs, found...)
	}
	byName := map[string]string{}
	for _, dir := range dirs {
		if other, ok := byName[filepath.Base(dir)]; ok {
			return nil, fmt.Errorf("%s and %s have the same name: leave one out", other, dir)
		}
		byName[filepath.Base(dir)] = dir
	}

	// Each executes an input.py, which is mostly the start of an interpreter.
	benchmarks, errs := make([]Benchmark, len(dirs)), make([]error, len(dirs))
	places := make(chan struct{}, runtime.NumCPU())
	var wait sync.WaitGroup
	for i, dir := range dirs {
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			benchmarks[i], errs[i] = newSeBS(os.DirFS(dir), filepath.Base(dir), dir)
		})
	}
	wait.Wait()
	return benchmarks, errors.Join(errs...)
}

// maxVisits bounds the folders that are looked at for one path.
const maxVisits = 10_000

// findFolders returns the folders of SeBS in a tree, its root included, by
// path. Hidden folders, and folders in a folder of SeBS, are passed over.
func findFolders(dir string, levels int, visits *int) ([]string, error) {
	if *visits--; *visits < 0 {
		return nil, fmt.Errorf("%s: more than %d folders were looked at: name the benchmarks' folder more closely", dir, maxVisits)
	}
	if missingFiles(os.DirFS(dir)) == nil {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		if levels == 0 || !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		more, err := findFolders(filepath.Join(dir, entry.Name()), levels-1, visits)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// sebsData returns the data_dir of a benchmark, or nothing if it has none but
// its own folder's data. Both checkouts hold <group>/<benchmark>.
func sebsData(name, dir string) (string, error) {
	var roots []string
	if root := os.Getenv("SEBS_DATA"); root != "" {
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			return "", fmt.Errorf("SEBS_DATA: %s is not a folder: name a checkout of SeBS's data repository by its absolute path, or unset it", root)
		}
		root, err := filepath.Abs(root)
		if err != nil {
			return "", err
		}
		roots = append(roots, root)
	}
	if dir != "" {
		roots = append(roots, filepath.Join(dir, "..", "..", "..", "benchmarks-data"))
	}
	for _, root := range roots {
		groups, err := os.ReadDir(root)
		if err != nil {
			continue // there is no such checkout
		}
		for _, group := range groups {
			data := filepath.Join(root, group.Name(), name)
			if info, err := os.Stat(data); err == nil && info.IsDir() {
				return data, nil
			}
		}
	}
	return "", nil
}

// reconfigured is a file system with another config.json.
type reconfigured struct {
	fs.FS
	config []byte
}

// Open opens a file.
func (r *reconfigured) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if err != nil {
		return nil, err
	}
	switch name {
	case "config.json":
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return &configFile{File: f, info: configInfo{info, int64(len(r.config))}, content: bytes.NewReader(r.config)}, nil
	case ".":
		if dir, ok := f.(fs.ReadDirFile); ok {
			return &configDir{ReadDirFile: dir, size: int64(len(r.config))}, nil
		}
	}
	return f, nil
}

// configFile is an open file with other content.
type configFile struct {
	fs.File
	info    configInfo
	content *bytes.Reader
}

func (f *configFile) Read(p []byte) (int, error) { return f.content.Read(p) }
func (f *configFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// configInfo describes a file with another size.
type configInfo struct {
	fs.FileInfo
	size int64
}

func (i configInfo) Size() int64 { return i.size }

// configDir is a folder in which config.json has another size.
type configDir struct {
	fs.ReadDirFile
	size int64
}

func (d *configDir) ReadDir(n int) ([]fs.DirEntry, error) {
	entries, err := d.ReadDirFile.ReadDir(n)
	for i, entry := range entries {
		if entry.Name() == "config.json" {
			if info, infoErr := entry.Info(); infoErr == nil {
				entries[i] = fs.FileInfoToDirEntry(configInfo{info, d.size})
			}
		}
	}
	return entries, err
}
