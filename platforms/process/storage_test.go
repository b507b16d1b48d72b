package process_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// What a function does through its shim arrives in the platform's store, and
// the other way round: files in parts, streams, prefixes of more than a page,
// keys with any characters.
func TestStorageShim(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	buckets, err := p.Buckets(t.Context())
	require.NoError(t, err)
	const bucket = "t-shim"
	require.NoError(t, buckets.Create(t.Context(), bucket))
	keys := []string{"in/a b+c%2F&<é>.txt", "in/deep/er/x", "in/(!'*)~"}
	for i := range 1010 {
		keys = append(keys, fmt.Sprintf("in/many/%04d", i))
	}
	for _, k := range keys {
		require.NoError(t, buckets.Put(t.Context(), bucket, k, strings.NewReader("1"), 1))
	}
	slices.Sort(keys)

	for language := range sources {
		t.Run(language, func(t *testing.T) {
			s := spec(t, p, language)
			s.Modules = []driver.Module{driver.Storage}
			s.Environment = buckets.Access()
			c := deploy(t, p, s, stage(t, s, example(t, "storage", language)))
			const megabytes = 20
			event, err := json.Marshal(map[string]any{"bucket": bucket, "key": "out/" + language + "/a é.v1.bin", "prefix": "in/", "megabytes": megabytes})
			require.NoError(t, err)
			got := result[struct {
				Names   []string
				SHA256  string
				Stream  string
				Found   []string
				Refused string
				Same    bool
			}](t, c, string(event))

			content := bytes.Repeat([]byte("x"), megabytes<<20)
			sum := sha256.Sum256(content)
			require.Equal(t, hex.EncodeToString(sum[:]), got.SHA256)
			require.Equal(t, "stream", got.Stream)
			require.Equal(t, keys, got.Found)
			require.Contains(t, got.Refused, "GET /"+bucket+"/no-such-key: NoSuchKey: ", "the error names the object")
			require.True(t, got.Same)

			sizes := map[string]int64{}
			for o, err := range buckets.List(t.Context(), bucket, "out/"+language+"/") {
				require.NoError(t, err)
				sizes[o.Key] = o.Size
			}
			require.ElementsMatch(t, got.Names, slices.Collect(maps.Keys(sizes)))
			for _, n := range got.Names {
				require.Regexp(t, `^out/`+language+`/a é\.v1\.[0-9a-f]{8}\.bin$`, n)
			}
			require.Equal(t, int64(megabytes<<20), sizes[got.Names[0]])
			require.Equal(t, int64(6), sizes[got.Names[1]])
		})
	}
}

// An object whose transfer ends early is an error of the shim, never a shorter
// object.
func TestStorageShimTruncated(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("0123456789")) // the server hangs up, since 90 are missing
	}))
	t.Cleanup(server.Close)
	p := openPlatform(t, isolations["full"])
	for language := range sources {
		t.Run(language, func(t *testing.T) {
			s := spec(t, p, language)
			s.Modules = []driver.Module{driver.Storage}
			s.Environment = map[string]string{
				"SEBS_STORAGE_URL": server.URL, "SEBS_STORAGE_REGION": "us-east-1",
				"SEBS_STORAGE_ACCESS_KEY": "key", "SEBS_STORAGE_SECRET_KEY": "secret",
			}
			c := deploy(t, p, s, stage(t, s, example(t, "truncated", language)))
			got := result[struct{ File, Stream string }](t, c, "{}")
			require.NotEmpty(t, got.File, "a part was taken for the whole file")
			require.NotEmpty(t, got.Stream, "a part was taken for the whole stream")
			t.Logf("%s: file: %s; stream: %s", language, got.File, got.Stream)
		})
	}
}
