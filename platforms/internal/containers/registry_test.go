package containers

import (
	"errors"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

func TestCheckRepository(t *testing.T) {
	for _, name := range []string{
		"sebs", "me/functions", "me/functions/of-mine", "my_org/f.x", "localhost/f", "localhost:5000/f", "127.0.0.1:32772/sebs",
		"registry.example/f", "registry.example:5000/me/functions", "Registry.Example/f", "host:5000/f", "a-b.example/c-d/e__f",
	} {
		require.NoError(t, CheckRepository(name), name)
	}
	for _, name := range []string{
		"", "/", "me/", "/me", "me/functions:1", "me/functions:latest", "registry.example:5000/me/f:1", "Me/Functions", "sebs:1",
		"registry.example:port/f", "https://registry.example/f", "me functions", "me/f@sha256:00", "-me/f", "me/f-", "registry.example:5000", "../f", "me/f\n",
	} {
		err := CheckRepository(name)
		require.ErrorContains(t, err, "registry.example:5000/functions", "%q", name)
	}
}

func TestRefused(t *testing.T) {
	for _, err := range []error{
		errdefs.ErrUnauthenticated, errdefs.ErrPermissionDenied,
		errors.New("no basic auth credentials"),
		errors.New("unauthorized: authentication required"),
		errors.New("denied: requested access to the resource is denied"),
		errors.New("push access denied, repository does not exist or may require authorization"),
	} {
		require.True(t, refused(err), err)
	}
	for _, err := range []error{
		nil, errdefs.ErrNotFound, errors.New("manifest unknown"), errors.New("dial tcp: connection refused"), errors.New("no space left on device"),
	} {
		require.False(t, refused(err), err)
	}
}

func TestDeniedBy(t *testing.T) {
	for name, login := range map[string]string{
		"registry.example:5000/me/f:1": "docker login registry.example:5000",
		"registry.example/f:1":         "docker login registry.example",
		"localhost/f:1":                "docker login localhost",
		"me/f:1":                       "docker login",
		"f:1":                          "docker login",
	} {
		cause := errors.New("unauthorized")
		err := deniedBy(name, cause)
		require.ErrorIs(t, err, driver.ErrDenied)
		require.ErrorIs(t, err, cause)
		require.Regexp(t, ": "+login+"$", err.Error())
		require.ErrorContains(t, err, name)
	}
}
