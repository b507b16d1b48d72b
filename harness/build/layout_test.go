package build_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sebs-go/sebs/harness/build"
)

func TestLayout(t *testing.T) {
	for name, c := range map[string]struct {
		in, want string
		keep     []string
	}{
		"python": {
			keep: []string{"handler.py", "answer.py", "requirements.txt", ".python_packages", "missing"},
			in: `
-- .python_packages/lib/site-packages/x.py --
-- __pycache__/answer.cpython-311.pyc --
-- __pycache__/function.cpython-311.pyc --
-- __pycache__/handler.cpython-311.pyc --
-- answer.py --
-- function.py --
-- handler.py --
-- lib/__pycache__/handler.cpython-311.pyc --
-- lib/handler.py --
-- requirements.txt --
-- storage.py --
`,
			want: `
-- want/.python_packages/lib/site-packages/x.py --
-- want/__pycache__/answer.cpython-311.pyc --
-- want/__pycache__/handler.cpython-311.pyc --
-- want/answer.py --
-- want/function/__pycache__/function.cpython-311.pyc --
-- want/function/function.py --
-- want/function/lib/__pycache__/handler.cpython-311.pyc --
-- want/function/lib/handler.py --
-- want/function/storage.py --
-- want/handler.py --
-- want/requirements.txt --
`,
		},
		"all compiled files move": {
			in:   "-- __pycache__/function.cpython-311.pyc --\n-- function.py --\n",
			want: "-- want/function/__pycache__/function.cpython-311.pyc --\n-- want/function/function.py --\n",
		},
		"no compiled file moves": {
			keep: []string{"handler.py"},
			in:   "-- __pycache__/handler.cpython-311.pyc --\n-- handler.py --\n-- a --\n",
			want: "-- want/__pycache__/handler.cpython-311.pyc --\n-- want/function/a --\n-- want/handler.py --\n",
		},
		"a folder named function": {
			in:   "-- function/function.js --\n-- function.js --\n",
			want: "-- want/function/function/function.js --\n-- want/function/function.js --\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, c.in)
			require.NoError(t, build.Layout(dir, c.keep...))
			want := txtar.Format(&txtar.Archive{Files: txtar.Parse([]byte(c.want)).Files})
			require.Equal(t, string(want), string(txtar.Format(&txtar.Archive{Files: readTxtar(t, dir)})))
		})
	}
	require.ErrorContains(t, build.Layout(t.TempDir(), "function"), "named function")
	require.Error(t, build.Layout(t.TempDir()+"/missing"))
}
