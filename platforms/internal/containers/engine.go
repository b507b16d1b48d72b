// Package containers is the Docker engine as platforms use it: base images,
// builder images and the installation of dependencies in them, function
// images, and registries.
//
// It talks to the engine that the user's docker command talks to. It pulls an
// image only if it is missing, labels everything that it creates, and refuses
// to run anything privileged.
package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"

	"github.com/sebs-go/sebs/harness/driver"
)

// The labels of what a run creates. Images have LabelImage instead, as they
// outlive runs.
const (
	LabelRun    = "sebs.run"
	LabelPrefix = "sebs.prefix"
	LabelExpiry = "sebs.expiry" // RFC 3339
	LabelImage  = "sebs.image"  // "build", "run" or "function"
	LabelDigest = "sebs.digest" // of what an image was made from
)

// Labels returns the labels of a run.
func Labels(run driver.Run) map[string]string {
	return map[string]string{
		LabelRun:    run.ID,
		LabelPrefix: run.Prefix,
		LabelExpiry: run.Expiry.UTC().Format(time.RFC3339),
	}
}

// Engine is a Docker engine. Safe for concurrent use.
type Engine struct {
	*client.Client
	Info system.Info

	images overrides
}

// Connect connects to the engine that the user's environment names: by
// DOCKER_HOST, by the docker command's current context, or at the usual
// sockets. Where none answers, the error matches driver.ErrUnavailable; where
// the user has no right to use it, driver.ErrDenied. Both say what to do.
func Connect(ctx context.Context) (*Engine, error) {
	images, err := readOverrides(Images.Value())
	if err != nil {
		return nil, fmt.Errorf("%s=%s: %w", Images.Name, Images.Value(), err)
	}
	host, err := findHost()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(host, "ssh://") {
		return nil, fmt.Errorf("docker engine at %s: %w: folders of this machine are mounted into containers; name an engine of this machine by DOCKER_HOST", host, driver.ErrUnsupported)
	}
	options := []client.Opt{client.WithHost(host), client.WithTLSClientConfigFromEnv(), client.WithVersionFromEnv(), client.WithAPIVersionNegotiation()}
	api, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, fmt.Errorf("docker engine at %s: %w: want unix:///path or tcp://host:port", host, err)
	}
	e := &Engine{Client: api, images: images}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	if e.Info, err = api.Info(ctx); err == nil && e.Info.ServerVersion == "" {
		err = errors.New("it does not say which version it is")
	}
	if err != nil {
		return nil, errors.Join(unreachable(host, err), api.Close())
	}
	return e, nil
}

// connectTime is how long the engine may take to say what it is.
const connectTime = 20 * time.Second

// Settling returns a context for a change of what the engine has: an engine
// goes on with a request whose client is gone, so a change is not abandoned
// halfway, but waited for within a bound, and undone if ctx is done by then.
func Settling(ctx context.Context) (context.Context, context.CancelFunc) {
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(settleTime, cancel) })
	return settling, func() { stop(); cancel() }
}

// settleTime is how long the engine may take to complete a request once the
// context of who waits for it is done.
const settleTime = 10 * time.Second

// unreachable says why the engine could not be asked, and what to do.
func unreachable(host string, err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("docker engine at %s: %w", host, err)
	case errors.Is(err, fs.ErrPermission), errdefs.IsPermissionDenied(err), errdefs.IsUnauthorized(err), strings.Contains(err.Error(), "permission denied"):
		return fmt.Errorf("%w: you may not use the Docker engine at %s: join its group (sudo usermod -aG docker $USER, then log in again), or use a rootless engine",
			driver.ErrDenied, host)
	case errors.As(err, &op), client.IsErrConnectionFailed(err):
		return fmt.Errorf("%w: no Docker engine answers at %s: start it (sudo systemctl start docker, or Docker Desktop), or name another by DOCKER_HOST",
			driver.ErrUnavailable, host)
	}
	return fmt.Errorf("what answers at %s is no Docker engine, or none that works: %w", host, err)
}

// findHost returns the engine's address: DOCKER_HOST, that of the docker
// command's current context, or the first usual socket that exists.
func findHost() (string, error) {
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		return host, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return client.DefaultDockerHost, nil //nolint:nilerr // without a home there are no contexts
	}
	host, err := contextHost(os.Getenv("DOCKER_CONTEXT"), home)
	if err != nil || host != "" {
		return host, err
	}
	for _, socket := range []string{
		"/var/run/docker.sock",
		filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "docker.sock"), // rootless
		filepath.Join(home, ".docker/run/docker.sock"),             // Docker Desktop
	} {
		if !filepath.IsAbs(socket) {
			continue // there is no such variable
		}
		if info, err := os.Stat(socket); err == nil && info.Mode()&fs.ModeSocket != 0 {
			return "unix://" + socket, nil
		}
	}
	return client.DefaultDockerHost, nil
}

// contextHost returns the address of a context of the docker command, the
// current one if name is empty; empty if that is the default.
func contextHost(name, home string) (string, error) {
	folder := os.Getenv("DOCKER_CONFIG")
	if folder == "" {
		folder = filepath.Join(home, ".docker")
	}
	if name == "" {
		var config struct {
			CurrentContext string `json:"currentContext"`
		}
		if err := readJSON(filepath.Join(folder, "config.json"), &config); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return "", nil
	}
	sum := sha256.Sum256([]byte(name))
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	path := filepath.Join(folder, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json")
	if err := readJSON(path, &meta); err != nil {
		return "", fmt.Errorf("docker context %s: %w", name, err)
	}
	return meta.Endpoints["docker"].Host, nil
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// here says whether the engine's containers run on this machine's kernel.
func (e *Engine) here() bool {
	return runtime.GOOS == "linux" && strings.HasPrefix(e.DaemonHost(), "unix://") && !strings.Contains(e.Info.OperatingSystem, "Docker Desktop")
}

// Direct says whether this process reaches containers by their own addresses:
// the engine runs on this machine, in its network. Elsewhere (Docker Desktop,
// rootless, remote) only ports that the engine publishes can be reached.
func (e *Engine) Direct() bool {
	rootless := func(option string) bool { return strings.Contains(option, "rootless") }
	return e.here() && !slices.ContainsFunc(e.Info.SecurityOptions, rootless)
}

// Architecture returns the engine's own.
func (e *Engine) Architecture() driver.Architecture {
	switch e.Info.Architecture {
	case "x86_64", "amd64":
		return driver.X64
	case "aarch64", "arm64":
		return driver.ARM64
	}
	return driver.Architecture(e.Info.Architecture)
}

// String describes the engine, for records.
func (e *Engine) String() string {
	how := "containers reached by their addresses"
	if !e.Direct() {
		how = "containers reached by published ports"
	}
	return fmt.Sprintf("Docker %s, %s, control groups v%s, %s", e.Info.ServerVersion, e.Info.OperatingSystem, e.Info.CgroupVersion, how)
}
