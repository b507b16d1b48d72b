package inputs_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

func TestInOut(t *testing.T) {
	store := harness.NewStore("210.thumbnailer", "run", nil, nil)
	data, err := json.Marshal(inputs.InOut(store))
	require.NoError(t, err)
	require.JSONEq(t, `{"bucket": "run-benchmarks", "input": "210.thumbnailer-0-input", "output": "210.thumbnailer-0-output"}`, string(data))
	require.ErrorContains(t, inputs.Put(t.Context(), store, "x.jpg", nil), "modules do not name storage")
}

func TestSeBSData(t *testing.T) {
	t.Setenv("SEBS_DATA", "")
	dir, err := inputs.SeBSData("200.multimedia")
	require.NoError(t, err)
	require.Nil(t, dir)

	root := t.TempDir()
	t.Setenv("SEBS_DATA", root)
	_, err = inputs.SeBSData("200.multimedia")
	require.ErrorContains(t, err, "SEBS_DATA="+root+" has no folder 200.multimedia")
	require.NoError(t, os.WriteFile(filepath.Join(root, "200.multimedia"), nil, 0o644))
	_, err = inputs.SeBSData("200.multimedia")
	require.ErrorContains(t, err, "no folder", "a file is no folder")

	require.NoError(t, os.MkdirAll(filepath.Join(root, "300.utilities", "311.compression"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "300.utilities", "311.compression", "a"), []byte("x"), 0o644))
	dir, err = inputs.SeBSData("300.utilities/311.compression")
	require.NoError(t, err)
	data, err := fs.ReadFile(dir, "a")
	require.NoError(t, err)
	require.Equal(t, "x", string(data))
}

func TestDecode(t *testing.T) {
	type value struct {
		Key string `json:"key"`
	}
	var v value
	require.NoError(t, inputs.Decode(json.RawMessage(` {"key": "a"} `), &v))
	require.Equal(t, value{"a"}, v)
	for _, wrong := range []string{``, `{`, `{"key": 1}`, `{"key": "a", "other": 1}`, `{} {}`, `{} x`, `[]`} {
		require.ErrorContains(t, inputs.Decode(json.RawMessage(wrong), &v), "decode the output", wrong)
	}
}

func TestOnce(t *testing.T) {
	var calls atomic.Int64
	double := inputs.Once(func(n int) int { calls.Add(1); return 2 * n })
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() { require.Equal(t, 2*(i%3), double(i%3)) })
	}
	wait.Wait()
	require.EqualValues(t, 3, calls.Load())
}
