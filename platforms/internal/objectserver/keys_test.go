package objectserver_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// Keys of any characters are listed as they are, page by page, and deleted:
// XML has no control characters, so that a listing has keys encoded.
func TestKeysOfAnyCharacters(t *testing.T) {
	store := connect(t, start(t), "run1")
	require.NoError(t, store.Create(t.Context(), "run1-bucket"))
	keys := []string{
		"a\x01b", "a\x1fb", "a\x7fb", "a\u0085b", "a\tb", "a\nb", "a\rb", "a\x1b[31mb",
		"a b", " a", "a ", "a+b", "a%b", "a%2Fb", "a%20b", "%", "a&b", "a=b", "a?b", "a#b", "a<b>", `a"b'`, `a\b`, "a;b", "a,b", "a:b@c", "~a", "a*b",
		"größe", "東京", "👩‍🔬", "a\u202eb", "a\ufffeb", "deep/a\x01/b", "deep/c d/+",
		strings.Repeat("k", 1000), "long/" + strings.Repeat("ö\x01", 300),
	}
	for _, prefix := range []string{"", "p\x02 +%/"} {
		for _, key := range keys {
			require.NoError(t, store.Put(t.Context(), "run1-bucket", prefix+key, strings.NewReader(key), int64(len(key))), "%q", prefix+key)
		}
	}
	list := func(prefix string) (found []string) {
		for o, err := range store.List(t.Context(), "run1-bucket", prefix) {
			require.NoError(t, err)
			found = append(found, o.Key)
		}
		return found
	}
	var want []string
	for _, key := range keys {
		want = append(want, "p\x02 +%/"+key)
	}
	slices.Sort(want)
	require.Equal(t, want, list("p\x02 +%/"))
	all := slices.Concat(keys, want)
	slices.Sort(all)
	require.Equal(t, all, list(""))
	require.NoError(t, store.Delete(t.Context(), "run1-bucket", "p\x02 +%/"))
	require.Empty(t, list("p\x02 +%/"))
	require.Len(t, list(""), len(keys))
	require.NoError(t, store.Remove(t.Context(), "run1-bucket"), "which is empty then")
	names, err := store.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
}

// A listing of several pages goes on after a key with control characters.
func TestPagesOfControlCharacters(t *testing.T) {
	store := connect(t, start(t), "run1")
	require.NoError(t, store.Create(t.Context(), "run1-bucket"))
	const n = 1003 // more than a page
	for i := range n {
		key := "a\x01" + strings.Repeat("\x02", i%3) + string(rune('à'+i))
		require.NoError(t, store.Put(t.Context(), "run1-bucket", key, strings.NewReader(""), 0))
	}
	count := 0
	for _, err := range store.List(t.Context(), "run1-bucket", "a\x01") {
		require.NoError(t, err)
		count++
	}
	require.Equal(t, n, count)
	require.NoError(t, store.Remove(t.Context(), "run1-bucket"))
	require.ErrorIs(t, store.Delete(t.Context(), "run1-bucket", ""), driver.ErrNotFound)
}
