package compression

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/testdata"
)

// volumes are how many editions of the book a tree has.
var volumes = map[harness.Size]int{
	harness.Test:  1,
	harness.Small: 4,
	harness.Large: 16,
}

const (
	chapters = 7 // of a volume
	sebsTree = "acmart-master"
)

// document returns a tree of files and its name. It is a book in several
// volumes, each with a photo: about six parts of text, which deflate makes
// much smaller, to three of what it cannot. The paragraphs of every volume but
// the first are in an order of their own, so that no two files are equal.
func document(size harness.Size) (name string, tree map[string][]byte, err error) {
	dir, err := inputs.SeBSData("300.utilities/311.compression/" + sebsTree)
	if err != nil {
		return "", nil, err
	}
	if dir != nil {
		tree, err = readTree(dir)
		return sebsTree, tree, err
	}
	n, ok := volumes[size]
	if !ok {
		return "", nil, fmt.Errorf("unknown size %q", size)
	}
	text, err := testdata.Files.ReadFile("texts/opticks.txt")
	if err != nil {
		return "", nil, err
	}
	tree = map[string][]byte{}
	for v := range n {
		folder := fmt.Sprintf("volume-%02d/", v+1)
		for i, chapter := range volume(text, v) {
			tree[fmt.Sprintf("%schapter-%d.txt", folder, i+1)] = chapter
		}
		photo := []string{"rocket.jpg", "retina.jpg", "hubble.jpg"}[v%3]
		if tree[folder+"figures/"+photo], err = testdata.Files.ReadFile("photos/" + photo); err != nil {
			return "", nil, err
		}
	}
	return "opticks-" + string(size), tree, nil // trees of several sizes may be stored at once
}

// volume returns the chapters of a volume.
func volume(text []byte, v int) [][]byte {
	paragraphs := bytes.SplitAfter(text, []byte("\n\n"))
	if v > 0 {
		random := rand.New(rand.NewPCG(311, uint64(v)))
		random.Shuffle(len(paragraphs), func(i, j int) {
			paragraphs[i], paragraphs[j] = paragraphs[j], paragraphs[i]
		})
	}
	all := make([][]byte, chapters)
	for i := range all {
		all[i] = bytes.Join(paragraphs[i*len(paragraphs)/chapters:(i+1)*len(paragraphs)/chapters], nil)
	}
	return all
}

// readTree reads all files of a folder.
func readTree(dir fs.FS) (map[string][]byte, error) {
	tree := map[string][]byte{}
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		tree[name], err = fs.ReadFile(dir, name)
		return err
	})
	if err == nil && len(tree) == 0 {
		err = errors.New("SEBS_DATA: the folder " + sebsTree + " is empty: fetch the submodule's files")
	}
	return tree, err
}
