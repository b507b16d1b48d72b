package containers

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTail(t *testing.T) {
	var log bytes.Buffer
	last := &tail{log: &log}
	require.Equal(t, ", without any output", last.String())

	fmt.Fprint(last, "one\ntwo")
	fmt.Fprint(last, " and a half\n\n")
	require.Equal(t, "; the end of its log:\none\ntwo and a half", last.String())

	for i := range 100 {
		fmt.Fprintf(last, "line %d\n", i)
	}
	shown := strings.Split(last.String(), "\n")[1:]
	require.Len(t, shown, tailLines)
	require.Equal(t, "line 70", shown[0])
	require.Equal(t, "line 99", shown[tailLines-1])
	require.True(t, strings.HasPrefix(log.String(), "one\ntwo and a half\n\nline 0\n"), "the log has all of it")

	for range 100 {
		fmt.Fprint(last, strings.Repeat("é", 500))
	}
	require.LessOrEqual(t, len(last.last), tailBytes)
	fmt.Fprint(last, "\xff end\r\n")
	require.True(t, strings.HasSuffix(last.String(), `\xff end`))

	broken := &tail{log: full{}}
	_, err := broken.Write([]byte("words"))
	require.ErrorIs(t, err, errFull)
	require.Contains(t, broken.String(), "words")
}
