package process_test

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/benchmarks/wrappers"
	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/process"
)

// Handlers also serve a port, in containers: whoever asks whether they are there
// makes no call, and with "once" the first connection ends them, unless it ends
// before anything came.
func TestListen(t *testing.T) {
	p := openPlatform(t, isolations["shared"])
	for language := range sources {
		t.Run(language, func(t *testing.T) {
			s := spec(t, p, language)
			pkg := stage(t, s, echo[language])
			i, err := interpreter.Find(t.Context(), language, s.Runtime.Version)
			require.NoError(t, err)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			port := l.Addr().(*net.TCPAddr).Port
			require.NoError(t, l.Close())
			command := process.CommandIn(i, pkg.Dir)
			switch language {
			case "python", "nodejs": // of which containers have a server of their own
				l, err := dockerfiles.Lookup("local", language)
				require.NoError(t, err)
				script, err := fs.ReadFile(wrappers.Files, "local/"+language+"/"+filepath.Base(l.Kept[0]))
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(pkg.Dir, l.Kept[0]), script, 0o600))
				t.Cleanup(func() { require.NoError(t, os.Remove(filepath.Join(pkg.Dir, l.Kept[0]))) })
				command = append([]string{i.Path}, l.Command[1:len(l.Command)-1]...)
			}
			if at := slices.Index(command, i.Path); at > 0 {
				command = command[at:] // without the shell for the socket
			}
			cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], strconv.Itoa(port), "once")...)
			cmd.Dir = pkg.Dir
			cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
			cmd.Stderr = t.Output()
			require.NoError(t, cmd.Start())

			url := "http://127.0.0.1:" + strconv.Itoa(port)
			var c net.Conn
			require.Eventually(t, func() bool {
				c, err = net.Dial("tcp", l.Addr().String())
				return err == nil
			}, time.Minute, 10*time.Millisecond)
			require.NoError(t, c.Close()) // without a word
			c, err = net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			require.NoError(t, c.(*net.TCPConn).SetLinger(0))
			require.NoError(t, c.Close()) // with a reset
			c, err = net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			client := http.Client{Transport: &http.Transport{
				DialContext: func(context.Context, string, string) (net.Conn, error) { return c, nil },
			}}
			for range 2 {
				res, err := client.Get(url)
				require.NoError(t, err)
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, res.StatusCode)
				require.Empty(t, body)
			}
			for n := range 2 {
				res, err := client.Post(url, "application/json", strings.NewReader(event))
				require.NoError(t, err)
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				a, err := answer.Parse(body)
				require.NoError(t, err)
				require.Nil(t, a.Error)
				require.Equal(t, int64(n+1), a.Count)
			}
			client.CloseIdleConnections()
			require.NoError(t, cmd.Wait())
		})
	}
}
