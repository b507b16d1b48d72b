package recognition

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

// scenario is an input: a model, photos, and what is on them.
type scenario struct {
	weights weights
	photos  []photo
	want    []prediction
}

// numbers are how many photos each size has.
var numbers = map[harness.Size]int{harness.Test: 1, harness.Small: 4, harness.Large: 16}

// tolerance is by how much of itself a score may differ: decoders of JPEG and
// filters that shrink photos differ a little.
const tolerance = 0.03

// recorded is what the seeded network says of the photos: the number of the
// class and its score. ONNX Runtime 1.19.2 and OpenCV 4.10 computed the same to
// five digits, and a test computes the first anew without either.
var recorded = []struct {
	index int
	class string
	score float64
}{
	{1, "goldfish", 3.42298},
	{3, "tiger_shark", 1.52166},
	{0, "tench", 2.79895},
	{1, "goldfish", 2.66702},
	{3, "tiger_shark", 1.42535},
	{0, "tench", 2.14983},
	{1, "goldfish", 1.15200},
	{3, "tiger_shark", 1.29210},
	{0, "tench", 1.74312},
	{1, "goldfish", 5.23475},
	{3, "tiger_shark", 1.22107},
	{0, "tench", 2.19471},
	{1, "goldfish", 2.91346},
	{3, "tiger_shark", 1.45164},
	{0, "tench", 1.59573},
	{1, "goldfish", 3.94764},
}

// scenarioFor returns the input of a size.
func scenarioFor(size harness.Size) (scenario, error) {
	dir, err := inputs.SeBSData("400.inference/411.image-recognition")
	if err != nil {
		return scenario{}, err
	}
	if dir != nil {
		return sebsScenario(dir)
	}
	n, ok := numbers[size]
	if !ok {
		return scenario{}, fmt.Errorf("unknown size %q", size)
	}
	s := scenario{weights: seeded}
	if s.photos, err = photos(n); err != nil {
		return scenario{}, err
	}
	for i, photo := range s.photos {
		r := recorded[i]
		s.want = append(s.want, prediction{photo.key, r.index, r.class, r.score})
	}
	return s, nil
}

// sebsScenario returns SeBS's model with the first of its photos, and the class
// that SeBS's table names for it.
func sebsScenario(dir fs.FS) (scenario, error) {
	const fetch = "SEBS_DATA: 400.inference/411.image-recognition has no %s: fetch the submodule's files"
	table, err := fs.ReadFile(dir, "fake-resnet/val_map.txt")
	if errors.Is(err, fs.ErrNotExist) {
		return scenario{}, fmt.Errorf(fetch, "fake-resnet/val_map.txt")
	}
	if err != nil {
		return scenario{}, err
	}
	line, _, _ := strings.Cut(string(table), "\n")
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return scenario{}, fmt.Errorf("SEBS_DATA: fake-resnet/val_map.txt begins with %.80q, want a file and the number of its class", line)
	}
	class, err := strconv.Atoi(fields[1])
	if err != nil || class < 0 || class >= classes {
		return scenario{}, fmt.Errorf("SEBS_DATA: fake-resnet/val_map.txt names the class %q, want a number below %d", fields[1], classes)
	}
	data, err := fs.ReadFile(dir, path.Join("fake-resnet", fields[0]))
	if err != nil {
		return scenario{}, err
	}
	file, err := fs.ReadFile(dir, "model/resnet50-19c8e357.pth")
	if errors.Is(err, fs.ErrNotExist) {
		return scenario{}, fmt.Errorf(fetch, "model/resnet50-19c8e357.pth")
	}
	if err != nil {
		return scenario{}, err
	}
	state, err := readStateDict(file)
	if err != nil {
		return scenario{}, fmt.Errorf("SEBS_DATA: model/resnet50-19c8e357.pth: %w", err)
	}
	name, err := className(class)
	if err != nil {
		return scenario{}, err
	}
	key := path.Base(fields[0])
	return scenario{
		weights: state.tensor,
		photos:  []photo{{key, data}},
		want:    []prediction{{Key: key, Index: class, Class: name}},
	}, nil
}

// className returns the name of a class, from the list that functions have.
func className(class int) (string, error) {
	data, err := files.ReadFile("python/resources/classes.json")
	if err != nil {
		return "", err
	}
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return "", fmt.Errorf("classes.json: %w", err)
	}
	if class >= len(names) {
		return "", fmt.Errorf("classes.json has %d names, want %d", len(names), classes)
	}
	return names[class], nil
}
