package process

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTail(t *testing.T) {
	var out tail
	require.Empty(t, out.String())
	var all strings.Builder
	for i := range 5000 {
		text := strings.Repeat(string(rune('a'+i%26)), i%37) + "\n"
		all.WriteString(text)
		out.write([]byte(text))
		if all.Len() <= tailBytes {
			require.Equal(t, all.String(), out.String())
		}
	}
	require.Equal(t, all.String()[all.Len()-tailBytes:], out.String())

	out.write([]byte(strings.Repeat("y", 3*tailBytes)))
	require.Equal(t, strings.Repeat("y", tailBytes), out.String())
}

func TestTailReadsEverything(t *testing.T) {
	var out tail
	done := make(chan struct{})
	out.drain(strings.NewReader(strings.Repeat("x", 1<<20)+"end"), done)
	<-done
	require.True(t, strings.HasSuffix(out.String(), "xxxend"))
}
