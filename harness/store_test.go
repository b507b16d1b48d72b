package harness

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/sim"
)

// counted counts what is stored in buckets.
type counted struct {
	driver.Buckets
	puts []string
}

func (c *counted) Put(ctx context.Context, bucket, key string, r io.Reader, size int64) error {
	c.puts = append(c.puts, key)
	return c.Buckets.Put(ctx, bucket, key, r, size)
}

func simBuckets(t *testing.T) *counted {
	t.Helper()
	p := sim.New(driver.Run{ID: "r1", Prefix: "mine", Log: io.Discard}, sim.Options{World: sim.NewWorld()})
	t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
	b, err := p.Buckets(t.Context())
	require.NoError(t, err)
	return &counted{Buckets: b}
}

func TestStore(t *testing.T) {
	b := simBuckets(t)
	s := NewStore("210.thumbnailer", "mine", b, nil)
	require.Equal(t, "210.thumbnailer-0-input", s.Input(0))
	require.Equal(t, "210.thumbnailer-1-output", s.Output(1))

	key := s.Input(0) + "/photo.jpg"
	require.NoError(t, s.Put(t.Context(), key, strings.NewReader("content"), 7))
	got, err := s.Get(t.Context(), key, 100)
	require.NoError(t, err)
	require.Equal(t, "content", string(got))
	_, err = s.Get(t.Context(), key, 6)
	require.ErrorContains(t, err, "more than 6 bytes")
	_, err = s.Get(t.Context(), s.Input(0)+"/missing", 6)
	require.ErrorIs(t, err, driver.ErrNotFound)

	for _, outside := range []string{"photo.jpg", "311.compression-0-input/x", "210.thumbnailer-0-input", "210.thumbnailer-0-input/../x", ""} {
		require.ErrorContains(t, s.Put(t.Context(), outside, strings.NewReader(""), 0), "outside the prefixes", outside)
	}
	require.ErrorContains(t, s.CreateTable(t.Context(), "cart", "id", ""), "modules do not name nosql")
}

// TestStoreReuses: what an earlier run left with the same content is not sent
// again; what differs is.
func TestStoreReuses(t *testing.T) {
	b := simBuckets(t)
	put := func(content string, reuse bool) int {
		s := NewStore("210.thumbnailer", "mine", b, nil)
		s.reuse = reuse
		before := len(b.puts)
		require.NoError(t, s.Put(t.Context(), s.Input(0)+"/photo.jpg", strings.NewReader(content), int64(len(content))))
		got, err := s.Get(t.Context(), s.Input(0)+"/photo.jpg", 100)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
		return len(b.puts) - before
	}
	require.Equal(t, 2, put("first", true), "the object and its digest")
	require.Equal(t, 0, put("first", true))
	require.Equal(t, 2, put("other", true))
	require.Equal(t, 1, put("other", false), "SEBS_UPDATE=inputs, or a prefix of the run's own")
}
