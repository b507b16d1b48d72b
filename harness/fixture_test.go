package harness

import (
	"context"
	"encoding/json"
	"testing/fstest"
)

// testBenchmark returns a benchmark of the given languages ("python",
// "nodejs") with no sources.
func testBenchmark(name, languages string) Benchmark {
	return Benchmark{
		Name: name,
		Files: fstest.MapFS{
			"config.json": {Data: []byte(`{"timeout": 10, "memory": 128, "languages": [` + languages + `], "modules": []}`)},
		},
		Input: func(context.Context, Size, *Store) (any, error) { return map[string]int{}, nil },
		Check: func(context.Context, Size, any, json.RawMessage, *Store) error { return nil },
	}
}
