package build_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sebs-go/sebs/harness/build"
	"github.com/sebs-go/sebs/harness/driver"
)

// A package is built once; the next call finds it.
func ExampleStore_Package() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := build.OpenStore(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	job := build.Job{
		Builder:  &platform{recipe: driver.Recipe{Files: map[string][]byte{"handler.py": []byte("import function\n")}}},
		Platform: "fake",
		Files:    folder(),
		Spec: driver.Spec{
			Benchmark: "000.fake", Runtime: driver.Runtime{Language: "python", Version: "3.11"},
			Architecture: driver.X64, Kind: driver.Archive,
		},
	}
	for range 2 {
		r, err := store.Package(context.Background(), job)
		if err != nil {
			fmt.Println(err)
			return
		}
		files, err := filepath.Glob(filepath.Join(r.Dir, "*.py"))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Reused, filepath.Base(r.Archive), len(files))
	}
	// Output:
	// false code.zip 2
	// true code.zip 2
}
