package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// foldersFromEnv makes benchmarks of a list of paths as SEBS_BENCHMARKS has it.
// Each is a folder written for SeBS, or a tree that holds such folders at most
// three levels below it, as a checkout of SeBS does. Empty elements are passed
// over. Nothing of them is executed; a folder that cannot be read is a benchmark
// that fails.
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
	if _, err := dataRoot(); err != nil {
		return nil, err
	}
	var benchmarks []Benchmark
	byName := map[string]string{}
	for _, dir := range dirs {
		name := filepath.Base(dir)
		files := os.DirFS(dir)
		if other, ok := byName[name]; ok {
			i := slices.IndexFunc(benchmarks, func(b Benchmark) bool { return b.Name == name })
			benchmarks[i] = unreadable(files, name, fmt.Errorf("%s and %s have the same name: leave one out", other, dir))
			continue
		}
		byName[name] = dir
		b, err := newSeBS(files, name, dir)
		if err != nil {
			b = unreadable(files, strings.Map(nameRune, name), err)
		}
		benchmarks = append(benchmarks, b)
	}
	return benchmarks, nil
}

// nameRune replaces what the name of a function cannot have.
func nameRune(r rune) rune {
	if strings.ContainsRune("/,= ", r) || !unicode.IsPrint(r) {
		return '_'
	}
	return r
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
		below := filepath.Join(dir, entry.Name())
		more, err := findFolders(below, levels-1, visits)
		if errors.Is(err, fs.ErrPermission) {
			more, err = []string{below}, nil // it fails under its own name
		}
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// dataRoot returns the checkout of SeBS's data repository that SEBS_DATA names,
// empty if none is named.
func dataRoot() (string, error) {
	root := os.Getenv("SEBS_DATA")
	if root == "" {
		return "", nil
	}
	if err := checkData(root); err != nil {
		return "", err
	}
	return filepath.Abs(root)
}

// checkData says why a folder cannot be a checkout of SeBS's data repository.
func checkData(root string) error {
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return fmt.Errorf("SEBS_DATA: %s is not a folder: name a checkout of SeBS's data repository by its absolute path, or unset it", root)
	}
	return nil
}

// sebsData returns the data_dir of a benchmark, or nothing if it has none but
// its own folder's data, and the checkout of data that input.py sees. Both
// checkouts hold <group>/<benchmark>.
func sebsData(name, dir string) (data, root string, err error) {
	named, err := dataRoot()
	if err != nil {
		return "", "", err
	}
	roots := []string{named}
	if dir != "" {
		roots = append(roots, filepath.Join(dir, "..", "..", "..", "benchmarks-data"))
	}
	roots = slices.DeleteFunc(roots, func(root string) bool {
		info, err := os.Stat(root)
		return err != nil || !info.IsDir()
	})
	for _, root := range roots {
		groups, err := os.ReadDir(root)
		if err != nil {
			continue // it cannot be read, which is the same as empty
		}
		for _, group := range groups {
			data := filepath.Join(root, group.Name(), name)
			if info, err := os.Stat(data); err == nil && info.IsDir() {
				return data, root, nil
			}
		}
	}
	return "", strings.Join(roots[:min(1, len(roots))], ""), nil
}
