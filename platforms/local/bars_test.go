//go:build local

package local_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/bar"
	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
	"github.com/sebs-go/sebs/platforms/local"
)

// TestBars compares the platform with the docker command.
func TestBars(t *testing.T) {
	bar.Named(t)
	for _, language := range []string{"python", "nodejs"} {
		t.Run("cold/"+language, func(t *testing.T) { barCold(t, language, 1, 15) })
	}
	t.Run("burst", func(t *testing.T) { barCold(t, "python", 10, 6) })
}

// barCold compares cold starts with docker run of the same image, with the same
// limits, until its port answers: k at once.
func barCold(t *testing.T, language string, k, n int) {
	p, run := opened(t, unpublished)
	s := spec(p, run, language, func(s *driver.Spec) { s.Kind, s.Memory = driver.Image, 512 })
	source := map[string]string{"python": echo, "nodejs": "exports.handler = async event => ({ result: event });\n"}[language]
	c := deploy(t, p, s, source)
	call(t, c, `{}`) // the network is there, and the image in the page cache
	image, options := ranAs(t, run)
	data, err := dockerfiles.Lookup(local.Name, language)
	require.NoError(t, err)
	script, err := filepath.Abs("testdata/bars/run.sh")
	require.NoError(t, err)

	ours := func() time.Duration {
		require.NoError(t, p.Retire(t.Context(), s.Name))
		c.CloseIdle()
		exchanges := make([]invoke.Exchange, k)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range k {
			wg.Go(func() { exchanges[i] = c.Call(t.Context(), []byte(`{}`)) })
		}
		wg.Wait()
		took := time.Since(start)
		for _, x := range exchanges {
			require.Nil(t, x.Failure)
		}
		require.NoError(t, p.Retire(t.Context(), s.Name))
		c.CloseIdle()
		return took
	}
	theirs := func() time.Duration {
		said := make([]string, k)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range k {
			wg.Go(func() {
				args := append([]string{script, run.Prefix + "-network", image, options}, data.Command...)
				cmd := exec.Command("bash", args...)
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err == nil {
					said[i] = string(out)
				}
			})
		}
		wg.Wait()
		took := time.Since(start)
		for _, id := range said {
			require.NotEmpty(t, id)
			require.NoError(t, exec.Command("docker", "rm", "-f", strings.TrimSpace(id)).Run())
		}
		return took
	}
	name := "cold container, " + language
	if k > 1 {
		name = fmt.Sprintf("%d cold containers at once", k)
	}
	ours()
	theirs()
	bar.Pairs{Name: name, Limit: 1.1, N: n}.Judge(t, ours, theirs)
}

// ranAs returns the image and the options of docker run for the container that
// the platform has started.
func ranAs(t *testing.T, run driver.Run) (image, options string) {
	t.Helper()
	const format = "{{.Config.Image}} --memory={{.HostConfig.Memory}} --memory-swap={{.HostConfig.MemorySwap}} --cpu-period={{.HostConfig.CpuPeriod}} --cpu-quota={{.HostConfig.CpuQuota}} " +
		"--pids-limit={{.HostConfig.PidsLimit}} --read-only --cap-drop=ALL --security-opt=no-new-privileges --user={{.Config.User}} " +
		"{{range $k, $v := .HostConfig.Tmpfs}}--tmpfs={{$k}}:{{$v}}{{end}} --log-opt=max-size=1m --log-opt=max-file=1 --label=sebs.run={{index .Config.Labels \"sebs.run\"}}"
	id, err := exec.Command("docker", "ps", "-q", "--filter", "label=sebs.run="+run.ID, "--filter", "label=sebs.function").Output()
	require.NoError(t, err)
	out, err := exec.Command("docker", "inspect", "-f", format, strings.TrimSpace(string(id))).Output()
	require.NoError(t, err)
	image, options, _ = strings.Cut(strings.TrimSpace(string(out)), " ")
	return image, options
}
