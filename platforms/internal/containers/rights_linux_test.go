package containers

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/docker/docker/api/types/system"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// A socket that the user may not use: for root there is none, so a child of
// another user's tries.
func TestConnectWithoutTheRight(t *testing.T) {
	const child = "SEBS_TEST_WITHOUT_RIGHT"
	if os.Getuid() != 0 {
		noEnvironment(t)
		host := os.Getenv(child)
		if host == "" {
			dir := t.TempDir()
			listen(t, filepath.Join(dir, "s"))
			require.NoError(t, os.Chmod(filepath.Join(dir, "s"), 0))
			host = "unix://" + filepath.Join(dir, "s")
		}
		t.Setenv("DOCKER_HOST", host)
		_, err := Connect(t.Context())
		require.ErrorIs(t, err, driver.ErrDenied)
		require.NotErrorIs(t, err, driver.ErrUnavailable)
		require.ErrorContains(t, err, host)
		require.ErrorContains(t, err, "join its group")
		return
	}
	dir, err := os.MkdirTemp("", "engine")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	listen(t, filepath.Join(dir, "s"))
	require.NoError(t, os.Chmod(filepath.Join(dir, "s"), 0o600))
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestConnectWithoutTheRight$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), child + "=unix://" + filepath.Join(dir, "s")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestConnectWithoutTheRight")
}

func TestOtherArchitectures(t *testing.T) {
	emulators = t.TempDir()
	t.Cleanup(func() { emulators = "/proc/sys/fs/binfmt_misc" })
	engine := engineAt(t, "unix:///x", system.Info{Architecture: "x86_64"})
	rootless := engineAt(t, "unix:///x", system.Info{Architecture: "x86_64", SecurityOptions: []string{"name=rootless"}})
	for _, e := range []*Engine{engine, rootless} {
		for _, arch := range []driver.Architecture{driver.ARM64, "riscv64"} {
			err := e.runs(arch)
			require.ErrorIs(t, err, driver.ErrUnavailable)
			require.ErrorContains(t, err, string(arch))
			require.ErrorContains(t, err, "qemu-user-static")
		}
	}
	require.NoError(t, engineAt(t, "unix:///x", system.Info{Architecture: "x86_64", OperatingSystem: "Docker Desktop"}).runs(driver.ARM64))
	write(t, filepath.Join(emulators, "qemu-aarch64"), "enabled")
	require.NoError(t, engine.runs(driver.ARM64))

	python := driver.Runtime{Language: "python", Version: "3.11"}
	require.NoError(t, os.Remove(filepath.Join(emulators, "qemu-aarch64")))
	_, err := engine.Tools(t.Context(), "local", python, driver.ARM64, io.Discard)
	require.ErrorIs(t, err, driver.ErrUnavailable)
}
