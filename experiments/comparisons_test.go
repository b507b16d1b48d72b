package experiments_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// comparison says what of a benchmark's outcome is the same in all languages,
// besides the keys of the measurement and its download_size.
type comparison struct {
	result func(result any) any                // nil: all of it
	object func(t *testing.T, data []byte) any // of the object that the result's key names; nil: nothing
	sizes  []string                            // of the measurement
	zero   []string                            // times and sizes of the measurement that are 0
}

// comparisons are those of benchmarks of which the whole result is not the
// same.
var comparisons = map[string]comparison{
	// The key is unique, the object has the times of datagrams.
	"020.network-benchmark": {result: nothing},
	// The same, and the number of rounds depends on their times.
	"030.clock-synchronization": {result: nothing},
	// The server's message is another for each call.
	"040.server-reply": {result: nothing},
	// Numbers are random, and the page says when it was made.
	"110.dynamic-html": {result: page},
	// Nothing is computed between the two ways.
	"120.uploader": {result: without("key"), object: digest, sizes: []string{"upload_size"}, zero: []string{"compute_time"}},
	// Filters and encoders differ: the Check compares pictures.
	"210.thumbnailer":      {result: without("key")},
	"220.video-processing": {result: without("key")},
	// Encoders differ, what they packed does not.
	"311.compression": {result: without("key"), object: archive},
	// Decoders and filters of photos move a score by some percent.
	"411.image-recognition": {result: classes},
	// A vertex may have several parents that are equally near.
	"503.graph-bfs": {result: without("path")},
	// JSON may have blanks.
	"504.dna-visualisation": {result: without("key"), object: func(t *testing.T, data []byte) any { return decode(t, data) }},
}

func nothing(any) any { return nil }

// without leaves keys of an object out.
func without(keys ...string) func(any) any {
	return func(result any) any {
		object, ok := result.(map[string]any)
		if !ok {
			return result
		}
		object = maps.Clone(object)
		for _, key := range keys {
			delete(object, key)
		}
		return object
	}
}

var (
	listed    = regexp.MustCompile(`<li>\d+</li>`)
	generated = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
)

// page returns the lines of a page, without its numbers and its time.
func page(result any) any {
	text := listed.ReplaceAllString(fmt.Sprint(result), "<li>number</li>")
	var lines []any
	for line := range strings.Lines(generated.ReplaceAllString(text, "time")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// classes leaves the scores out.
func classes(result any) any {
	var all []any
	for _, p := range result.(map[string]any)["predictions"].([]any) {
		all = append(all, without("score")(p))
	}
	return all
}

func digest(_ *testing.T, data []byte) any { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// archive returns the digests of an archive's files by their names.
func archive(t *testing.T, data []byte) any {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	files := map[string]any{}
	for _, f := range r.File {
		content, err := f.Open()
		require.NoError(t, err)
		hash := sha256.New()
		_, err = io.Copy(hash, content)
		require.NoError(t, err)
		require.NotContains(t, files, f.Name)
		files[f.Name] = fmt.Sprintf("%x", hash.Sum(nil))
	}
	return files
}
