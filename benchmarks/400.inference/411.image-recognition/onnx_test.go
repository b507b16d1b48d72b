package recognition

import (
	"bytes"
	"encoding/hex"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// read prints what the reader of python/pytorch finds in models, one in each
// line, or what is wrong with it.
const read = `
import sys
from onnx import initializers
for line in sys.stdin:
    try:
        print({name: (shape, bytes(raw).hex()) for name, (shape, raw) in initializers(bytes.fromhex(line)).items()})
    except ValueError as error:
        print("error:", error)
`

// TestInitializers has the reader of python/pytorch read models, whole and
// damaged.
func TestInitializers(t *testing.T) {
	values := []float32{1, -2, 0.5, 0, 3, 4}
	graph := func(tensors ...message) message {
		var g, m message
		g.text(2, "name")
		for _, tensor := range tensors {
			g.bytes(5, tensor)
		}
		m.number(1, 7)
		m.bytes(7, g)
		return m
	}
	whole := graph(initializer(tensor{"fc.weight", []int{2, 3}}, values), initializer(tensor{"fc.bias", []int{1}}, values[:1]))

	var packed, double, short message
	packed.bytes(1, []byte{2, 3})
	packed.number(2, 1)
	packed.text(8, "packed")
	packed.bytes(9, make([]byte, 24))
	double.number(1, 1)
	double.number(2, 11)
	double.text(8, "double")
	double.bytes(9, make([]byte, 8))
	short.number(1, 4)
	short.number(2, 1)
	short.text(8, "short")
	short.bytes(9, make([]byte, 12))

	models := []struct {
		model message
		want  string
	}{
		{whole, "{'fc.weight': ((2, 3), '0000803f000000c00000003f000000000000404000008040'), 'fc.bias': ((1,), '0000803f')}"},
		{append(graph(), 0x40, 1, 0x49, 0, 0, 0, 0, 0, 0, 0, 0, 0x55, 0, 0, 0, 0), "{}"}, // other fields of every kind
		{graph(packed), "{'packed': ((2, 3), '" + strings.Repeat("00", 24) + "')}"},
		{graph(double), "error: its double of type 11 and shape [1] has 8 bytes"},
		{graph(short), "error: its short of type 1 and shape [4] has 12 bytes"},
		{nil, "error: it has 0 graphs"},
		{append(graph(), graph()...), "error: it has 2 graphs"},
		{message{0x38, 1}, "error: it has the number 1 where content is expected"},
		{graph(message{0x40, 2}), "error: it has the number 2 where content is expected"},
		{graph(message{0x48, 3}), "error: it has the number 3 where content is expected"},
		{graph(message{0x08}), "error: it ends in the middle of a number"},
		{message(bytes.Repeat([]byte{0xff}, 11)), "error: it has a number of more than 64 bits"},
		{message{0x0b}, "error: it has a field of the unknown kind 3"},
		{message{0x0d, 1}, "error: it ends 3 bytes early"},
	}
	for i := range whole {
		models = append(models, struct {
			model message
			want  string
		}{whole[:i], "error: it "})
	}
	var in strings.Builder
	for _, m := range models {
		in.WriteString(hex.EncodeToString(m.model) + "\n")
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-c", read)
	cmd.Dir = "python/pytorch"
	cmd.Env = append(cmd.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, len(models))
	for i, m := range models {
		if i < len(models)-len(whole) {
			require.Equal(t, m.want, lines[i])
		} else {
			require.Contains(t, lines[i], m.want, "cut to %d bytes", len(m.model))
		}
	}
}
