//go:build local

package containers_test

import (
	"encoding/base64"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/services"
)

// tagged names a small image of the test's own in a registry.
func tagged(t *testing.T, e *containers.Engine, repository string) string {
	t.Helper()
	name := repository + ":function.test"
	require.NoError(t, e.ImageTag(t.Context(), makeImage(t, e, small), name))
	t.Cleanup(func() { require.NoError(t, e.Forget(repository)) })
	return name
}

func TestPush(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	e := connect(t)
	run := newRun(t, e)
	registry, err := services.Place{Engine: e, Run: run}.Registry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, registry.Stop()) })
	host, _, err := net.SplitHostPort(registry.Address)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", host)
	repository := registry.Address + "/me/functions"
	name := tagged(t, e, repository)

	var log watched
	pushed, err := e.Push(t.Context(), name, &log)
	require.NoError(t, err)
	require.True(t, pushed)
	require.Equal(t, "push image "+name+"\n", log.String())
	pushed, err = e.Push(t.Context(), name, &log)
	require.NoError(t, err)
	require.False(t, pushed, "the registry has it")
	require.Equal(t, "push image "+name+"\n", log.String())

	first, err := e.ImageInspect(t.Context(), name)
	require.NoError(t, err)
	require.NoError(t, e.Forget(repository))
	there, err := e.Pulled(t.Context(), name, "")
	require.NoError(t, err)
	require.False(t, there)
	again, err := e.Image(t.Context(), name, e.Architecture(), t.Output())
	require.NoError(t, err, "it comes back from the registry")
	require.Equal(t, first.ID, again.ID)

	_, err = e.Push(t.Context(), repository+":none", &log)
	require.ErrorContains(t, err, "push image "+repository+":none")
}

// protect starts a registry that wants the password of a user, and returns its
// address. user is a line of an htpasswd file.
func protect(t *testing.T, e *containers.Engine, run driver.Run, user string) string {
	t.Helper()
	dir := staged(t, map[string]string{"htpasswd": user + "\n"})
	found, err := e.Image(t.Context(), "registry:2.8.3", "", t.Output())
	require.NoError(t, err)
	const port = nat.Port("5000/tcp")
	created, err := e.ContainerCreate(t.Context(), &container.Config{
		Image: found.ID, Labels: containers.Labels(run), ExposedPorts: nat.PortSet{port: {}},
		Env: []string{"REGISTRY_AUTH=htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM=test", "REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd"},
	}, &container.HostConfig{
		PortBindings: nat.PortMap{port: {{HostIP: "127.0.0.1"}}},
		Mounts:       []mount.Mount{{Type: mount.TypeBind, Source: dir, Target: "/auth", ReadOnly: true}},
	}, nil, nil, run.Prefix+"-protected")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Discard(t.Context(), created.ID)) })
	require.NoError(t, e.ContainerStart(t.Context(), created.ID, container.StartOptions{}))
	running, err := e.ContainerInspect(t.Context(), created.ID)
	require.NoError(t, err)
	address := "127.0.0.1:" + running.NetworkSettings.Ports[port][0].HostPort
	require.Eventually(t, func() bool {
		res, err := http.Get("http://" + address + "/v2/")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusUnauthorized
	}, time.Minute, 10*time.Millisecond)
	return address
}

func TestPushToAProtectedRegistry(t *testing.T) {
	const secret = "pa55word-of-the-registry"
	e := connect(t)
	run := newRun(t, e)
	address := protect(t, e, run, "me:$2a$04$Dp/Eph.6vPxqwOZKr4gOE.0utJ9x1m0Bk6QAcf1musPLqvSbAknuS")
	name := tagged(t, e, address+"/functions")
	config := func(password string) {
		dir := t.TempDir()
		t.Setenv("DOCKER_CONFIG", dir)
		if password == "" {
			return
		}
		auth := base64.StdEncoding.EncodeToString([]byte("me:" + password))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths": {"`+address+`": {"auth": "`+auth+`"}}}`), 0o600))
	}
	for _, password := range []string{"", "wrong-" + secret} {
		config(password)
		var log watched
		pushed, err := e.Push(t.Context(), name, &log)
		require.False(t, pushed)
		require.ErrorIs(t, err, driver.ErrDenied)
		require.ErrorContains(t, err, "docker login "+address)
		for _, credential := range []string{secret, base64.StdEncoding.EncodeToString([]byte("me:" + password))} {
			require.NotContains(t, err.Error(), credential)
			require.NotContains(t, log.String(), credential)
		}
	}
	config(secret)
	var log watched
	pushed, err := e.Push(t.Context(), name, &log)
	require.NoError(t, err)
	require.True(t, pushed)
	pushed, err = e.Push(t.Context(), name, &log)
	require.NoError(t, err)
	require.False(t, pushed)
	require.NotContains(t, log.String(), secret)

	require.NoError(t, e.Forget(address+"/functions"))
	_, err = e.Image(t.Context(), name, "", t.Output())
	require.NoError(t, err, "it is pulled with the same credentials")
	config("")
	require.NoError(t, e.Forget(address+"/functions"))
	_, err = e.Image(t.Context(), name, "", t.Output())
	require.ErrorIs(t, err, driver.ErrUnavailable)
	require.ErrorContains(t, err, "no basic auth credentials")
}
