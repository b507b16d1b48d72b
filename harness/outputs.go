package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sebs-go/sebs/harness/plain"
)

// What is kept of the output of crashed sandboxes.
const (
	mostOutputs = 20       // of a cell
	outputBytes = 64 << 10 // of each, its end
)

// outputFile is the file of a cell with what its sandboxes printed that ended
// without an answer. It exists once there is something in it.
const outputFile = "output.txt"

// outputs counts the outputs in it.
type outputs struct{ n int }

// add appends what the sandbox of a failed invocation printed, in the folder of
// the cell.
func (o *outputs) add(dir string, v *Invocation) error {
	if v.output == "" || o.n == mostOutputs {
		return nil
	}
	o.n++
	text := v.output
	if len(text) > outputBytes {
		text = text[len(text)-outputBytes:]
	}
	f, err := os.OpenFile(filepath.Join(dir, outputFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return full(err)
	}
	_, err = fmt.Fprintf(f, "=== seq %d, request %s, %s: %s\n%s\n", v.Sequence, v.Request, v.Cause, v.Detail, strings.TrimRight(plain.Text(text), "\n"))
	if err = errors.Join(err, f.Close()); err != nil {
		return full(err)
	}
	return nil
}

// where says where the outputs are, if there are any.
func (o *outputs) where(dir string) string {
	if o.n == 0 {
		return ""
	}
	return "; what their sandboxes printed is in " + filepath.Join(dir, outputFile)
}
