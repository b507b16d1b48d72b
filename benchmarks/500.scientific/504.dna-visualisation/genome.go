package dna

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
	"github.com/sebs-go/sebs/testdata"
)

const (
	copies = 8  // of the chloroplast in the largest genome
	every  = 50 // bases, on average, one is mutated in a copy
)

// genomes are the inputs, of 9,609, 154,478 and 1,235,824 bases.
var genomes = map[harness.Size]struct {
	file string
	data func() ([]byte, error)
}{
	harness.Test:  {"plasmid.fasta", func() ([]byte, error) { return testdata.Files.ReadFile("genomes/plasmid.fasta") }},
	harness.Small: {"chloroplast.fasta", func() ([]byte, error) { return testdata.Files.ReadFile("genomes/chloroplast.fasta") }},
	harness.Large: {"chloroplasts.fasta", sync.OnceValues(mutants)},
}

// genome returns the genome of a size and its file's name. The data must not
// be changed.
func genome(size harness.Size) (name string, data []byte, err error) {
	dir, err := inputs.SeBSData("500.scientific/504.dna-visualisation")
	if err != nil {
		return "", nil, err
	}
	if dir != nil {
		return sebsGenome(dir)
	}
	g, ok := genomes[size]
	if !ok {
		return "", nil, fmt.Errorf("unknown size %q", size)
	}
	data, err = g.data()
	return g.file, data, err
}

// sebsGenome returns the last genome of the folder, as SeBS uses it.
func sebsGenome(dir fs.FS) (name string, data []byte, err error) {
	names, err := fs.Glob(dir, "*.fasta")
	if err != nil {
		return "", nil, err
	}
	if len(names) == 0 {
		return "", nil, errors.New("SEBS_DATA: 500.scientific/504.dna-visualisation has no *.fasta: fetch the submodule's files")
	}
	name = names[len(names)-1]
	data, err = fs.ReadFile(dir, name)
	return name, data, err
}

// mutants returns a genome of several copies of the chloroplast's, each with
// mutations of its own. It is the same on every machine.
func mutants() ([]byte, error) {
	data, err := testdata.Files.ReadFile("genomes/chloroplast.fasta")
	if err != nil {
		return nil, err
	}
	chloroplast := bases(data)
	random := rand.New(rand.NewPCG(504, 0))
	out := []byte(">chloroplasts of Arabidopsis thaliana (NC_000932.1), with mutations\n")
	for i := range copies * len(chloroplast) {
		base := chloroplast[i%len(chloroplast)]
		if random.Uint32N(every) == 0 {
			base = "ACGT"[random.Uint32N(4)]
		}
		out = append(out, base)
		if i%70 == 69 {
			out = append(out, '\n')
		}
	}
	return append(out, '\n'), nil
}

// bases returns the letters of all sequences of a FASTA file.
func bases(fasta []byte) []byte {
	var letters []byte
	for line := range bytes.Lines(fasta) {
		if !bytes.HasPrefix(line, []byte(">")) {
			letters = append(letters, bytes.TrimSpace(line)...)
		}
	}
	return letters
}
