package benchmarks_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/testdata"
)

// TestTestdata compares every file of the package testdata with its row of
// README.md: source, licence, size and digest. It is here because patterns like
// ./... leave folders of that name out.
func TestTestdata(t *testing.T) {
	readme, err := testdata.Files.ReadFile("README.md")
	require.NoError(t, err)
	type row struct {
		size   int
		digest string
	}
	rows := map[string]row{}
	line := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\| (\\d+) \\| `([0-9a-f]{64})` \\|$")
	for _, m := range line.FindAllStringSubmatch(string(readme), -1) {
		size, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		rows[m[1]] = row{size, m[3]}
	}

	files := map[string]row{}
	total := 0
	err = fs.WalkDir(testdata.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "README.md" {
			return err
		}
		data, err := testdata.Files.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		files[name] = row{len(data), hex.EncodeToString(sum[:])}
		total += len(data)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, rows, files)
	require.Less(t, total, 4<<20, "the module is to stay small")
}
