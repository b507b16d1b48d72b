package harness

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An event has the bytes of its text, not those of escapes.
func TestEventsAreUTF8(t *testing.T) {
	event := newInput(map[string]any{"html": "<a href='é'>&日😀</a>"}).eventFor("r1")
	require.Equal(t, `{"request-id":"r1","html":"<a href='é'>&日😀</a>"}`, string(event))
}
