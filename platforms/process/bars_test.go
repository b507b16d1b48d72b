package process_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/answer"
	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/internal/interpreter"
	"github.com/sebs-go/sebs/platforms/process"
)

// TestBars compares the platform with the same work done by hand.
func TestBars(t *testing.T) {
	bar.Named(t)
	t.Run("warm", barWarm)
	for _, language := range []string{"python", "nodejs", "java", "go", "cpp"} {
		t.Run("cold/"+language, func(t *testing.T) { barCold(t, language) })
	}
	// The bare server in C++ answers without a look at the request.
	for language, limit := range map[string]float64{"python": 1.2, "nodejs": 1.4, "java": 1.2, "go": 1.2, "cpp": 3} {
		t.Run("wrapper/"+language, func(t *testing.T) { barWrapper(t, language, limit) })
	}
	t.Run("burst", barBurst)
}

const event = `{"request-id": "r", "value": 1}`

// barWarm compares a call with one through net/http over the same kind of
// connection, both with the answer decoded.
func barWarm(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	s := spec(t, p, "python")
	pkg := stage(t, s, echo["python"])
	c := deploy(t, p, s, pkg)
	target, err := p.Deploy(t.Context(), s, pkg)
	require.NoError(t, err)
	ep, err := p.Endpoint(t.Context(), target)
	require.NoError(t, err)
	bare := http.Client{Transport: &http.Transport{DialContext: ep.Dial}}
	t.Cleanup(bare.CloseIdleConnections)
	parse := func(body []byte) {
		if a, err := answer.Parse(body); err != nil || a.Error != nil {
			t.Fatal(err, a.Error)
		}
	}
	ours := func() time.Duration {
		start := time.Now()
		x := c.Call(t.Context(), []byte(event))
		if x.Failure != nil {
			t.Fatal(x.Failure)
		}
		parse(x.Reply.Body)
		return time.Since(start)
	}
	theirs := func() time.Duration {
		start := time.Now()
		res, err := bare.Post(ep.URL, "application/json", strings.NewReader(event))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		parse(body)
		return time.Since(start)
	}
	for range 100 {
		ours()
		theirs()
	}
	bar.Pairs{Name: "warm call", Limit: 1.2, N: 2000}.Judge(t, ours, theirs)
}

// barCold compares a cold start with starting the same interpreter on the same
// folder with a server of its standard library.
func barCold(t *testing.T, language string) {
	p := openPlatform(t, isolations["full"])
	s := spec(t, p, language)
	pkg := compiled(t, s, stage(t, s, echo[language]))
	c := deploy(t, p, s, pkg)
	server := bareServer(t, s)
	ours := func() time.Duration {
		require.NoError(t, p.Retire(t.Context(), s.Name))
		c.CloseIdle()
		start := time.Now()
		x := c.Call(t.Context(), []byte(event))
		took := time.Since(start)
		require.Nil(t, x.Failure)
		require.False(t, x.Reused)
		return took
	}
	theirs := func() time.Duration {
		start := time.Now()
		cmd := exec.Command(server[0], server[1:]...)
		cmd.Dir = pkg.Dir
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		port, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Post("http://127.0.0.1:"+strings.TrimSpace(port), "application/json", strings.NewReader(event))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		took := time.Since(start)
		res.Body.Close()
		require.NoError(t, cmd.Process.Kill())
		cmd.Wait()
		return took
	}
	ours()
	theirs()
	bar.Pairs{Name: "cold start, " + language, Limit: 1.15, Slack: 3 * time.Millisecond, N: 30}.Judge(t, ours, theirs)
}

// bareServer returns the command of a server of the language's standard library
// on a port that it prints: a script, or a program compiled here.
func bareServer(t *testing.T, s driver.Spec) []string {
	t.Helper()
	i, err := interpreter.Find(t.Context(), s.Runtime.Language, s.Runtime.Version)
	require.NoError(t, err)
	source, err := filepath.Abs("testdata/bars/" + map[string]string{
		"python": "server.py", "nodejs": "server.js", "java": "Server.java", "go": "server.go", "cpp": "server.cpp",
	}[s.Runtime.Language])
	require.NoError(t, err)
	dir := t.TempDir()
	program := filepath.Join(dir, "server")
	var compile, run []string
	switch s.Runtime.Language {
	case "java":
		compile, run = []string{filepath.Join(i.Prefix, "bin", "javac"), "-d", dir, source}, []string{i.Path, "-Dsun.net.httpserver.nodelay=true", "-cp", dir, "Server"}
	case "go":
		compile, run = []string{i.Path, "build", "-o", program, source}, []string{program}
	case "cpp":
		compile, run = []string{i.Path, "-O2", "-o", program, source}, []string{program}
	default:
		return []string{i.Path, source}
	}
	out, err := exec.Command(compile[0], compile[1:]...).CombinedOutput()
	require.NoError(t, err, string(out))
	return run
}

// barWrapper compares a warm call of about a kilobyte in and out with one to a
// server of the language's standard library, by the same client.
func barWrapper(t *testing.T, language string, limit float64) {
	p := openPlatform(t, isolations["full"])
	s := spec(t, p, language)
	pkg := compiled(t, s, stage(t, s, echo[language]))
	c := deploy(t, p, s, pkg)
	server := bareServer(t, s)
	cmd := exec.Command(server[0], server[1:]...)
	cmd.Dir = pkg.Dir
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	bare, err := invoke.New(driver.Endpoint{URL: "http://127.0.0.1:" + strings.TrimSpace(port)})
	require.NoError(t, err)
	t.Cleanup(bare.Close)
	event := []byte(`{"request-id": "r", "value": "` + strings.Repeat("abcdefg ", 120) + `"}`)
	call := func(c *invoke.Client) func() time.Duration {
		return func() time.Duration {
			x := c.Call(t.Context(), event)
			if x.Failure != nil {
				t.Fatal(x.Failure)
			}
			return x.Total
		}
	}
	ours, theirs := call(c), call(bare)
	for range 3000 { // virtual machines have compiled what runs often
		ours()
		theirs()
	}
	bar.Pairs{Name: "warm call by the wrapper, " + language, Limit: limit, N: 1000}.Judge(t, ours, theirs)
}

// barBurst compares 200 calls at once with starting the same 200 processes by
// a shell.
func barBurst(t *testing.T) {
	const n = 200
	p := openPlatform(t, isolations["full"])
	s := spec(t, p, "python")
	s.Memory = 64 // all of them have room
	pkg := compiled(t, s, stage(t, s, "def handler(event):\n    return {}\n"))
	c := deploy(t, p, s, pkg)
	i, err := interpreter.Find(t.Context(), s.Runtime.Language, s.Runtime.Version)
	require.NoError(t, err)
	script, err := filepath.Abs("testdata/bars/burst.sh")
	require.NoError(t, err)
	cold, runs := 0, 0
	ours := func() time.Duration {
		require.NoError(t, p.Retire(t.Context(), s.Name))
		c.CloseIdle()
		exchanges := make([]invoke.Exchange, n)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { exchanges[i] = c.Call(t.Context(), []byte(`{}`)) })
		}
		wg.Wait()
		took := time.Since(start)
		for _, x := range exchanges {
			require.Nil(t, x.Failure)
			a, err := answer.Parse(x.Reply.Body)
			require.NoError(t, err)
			require.Nil(t, a.Error)
			if a.Cold {
				cold++
			}
		}
		runs++
		return took
	}
	theirs := func() time.Duration {
		cmd := exec.Command("sh", append([]string{script, strconv.Itoa(n)}, process.Command(i)...)...)
		cmd.Dir = pkg.Dir
		var said bytes.Buffer
		cmd.Stderr = &said
		start := time.Now()
		require.NoError(t, cmd.Run())
		took := time.Since(start)
		require.Empty(t, said.String())
		return took
	}
	bar.Pairs{Name: "burst of 200", Limit: 1.2, N: 6}.Judge(t, ours, theirs)
	t.Logf("%d of %d calls were cold starts; the others came after a sandbox had become idle", cold/runs, n)
}

// compiled compiles a package as its build does.
func compiled(t *testing.T, s driver.Spec, pkg driver.Package) driver.Package {
	t.Helper()
	if s.Runtime.Language == "python" {
		i, err := interpreter.Find(t.Context(), s.Runtime.Language, s.Runtime.Version)
		require.NoError(t, err)
		cmd := exec.Command(i.Path, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", pkg.Dir)
		cmd.Stderr = os.Stderr
		require.NoError(t, cmd.Run())
	}
	return pkg
}
