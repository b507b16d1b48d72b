//go:build local

package services

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	engine "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/containers"
	"github.com/sebs-go/sebs/platforms/internal/objects"
	"github.com/sebs-go/sebs/platforms/internal/tables"
)

// newPlace returns a place of a run of its own, of which nothing may be left at
// the end of the test.
func newPlace(t *testing.T) Place {
	t.Helper()
	e, err := containers.Connect(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	id := "t" + strings.ToLower(rand.Text()[:12])
	p := Place{Engine: e, Run: driver.Run{ID: id, Prefix: id, Expiry: time.Now().Add(time.Hour), Log: t.Output()}}
	t.Cleanup(func() { require.Empty(t, left(t, p)) })
	return p
}

// left lists the containers and volumes of a run.
func left(t *testing.T, p Place) (names []string) {
	t.Helper()
	label := filters.NewArgs(filters.Arg("label", containers.LabelRun+"="+p.Run.ID))
	all, err := p.Engine.ContainerList(context.Background(), engine.ListOptions{All: true, Filters: label})
	require.NoError(t, err)
	for _, c := range all {
		names = append(names, strings.TrimPrefix(c.Names[0], "/"))
	}
	volumes, err := p.Engine.VolumeList(context.Background(), volume.ListOptions{Filters: label})
	require.NoError(t, err)
	for _, v := range volumes.Volumes {
		names = append(names, v.Name)
	}
	return names
}

// running checks what the services of a run are like: on loopback alone, without
// privileges, named and labelled after their run.
func running(t *testing.T, p Place, want ...string) {
	t.Helper()
	names := left(t, p)
	require.Len(t, names, len(want))
	for i, name := range names {
		require.Contains(t, name, want[i])
		require.True(t, p.Run.Owns(name), "a sweep may remove %s", name)
		found, err := p.Engine.ContainerInspect(t.Context(), name)
		if strings.HasSuffix(name, "-data") {
			continue
		}
		require.NoError(t, err)
		for k, v := range containers.Labels(p.Run) {
			require.Equal(t, v, found.Config.Labels[k])
		}
		require.False(t, found.HostConfig.Privileged)
		require.Contains(t, found.HostConfig.SecurityOpt, "no-new-privileges")
		published := 0
		for port, bindings := range found.NetworkSettings.Ports {
			for _, b := range bindings {
				require.Equal(t, "127.0.0.1", b.HostIP, "port %s of %s", port, name)
				published++
			}
		}
		require.LessOrEqual(t, published, 1)
	}
}

func TestBuckets(t *testing.T) {
	p := newPlace(t)
	b, stop, err := p.Buckets(t.Context())
	require.NoError(t, err)
	running(t, p, "-minio-", "-data")
	bucket := p.Run.Prefix + "-b"
	require.NoError(t, b.Create(t.Context(), bucket))
	require.NoError(t, b.Put(t.Context(), bucket, "k", strings.NewReader("v"), 1))

	access := b.Access()
	config := objects.Config{
		URL: access[objects.EnvURL], Direct: true, Region: access[objects.EnvRegion],
		AccessKey: access[objects.EnvAccessKey], SecretKey: access[objects.EnvSecretKey], Prefix: p.Run.Prefix,
	}
	for _, c := range []func(c *objects.Config){
		func(*objects.Config) {},
		func(c *objects.Config) { c.SecretKey = "minioadmin" },
		func(c *objects.Config) { c.AccessKey, c.SecretKey = "minioadmin", "minioadmin" },
		func(c *objects.Config) { c.AccessKey, c.SecretKey = "", "" },
	} {
		changed := config
		c(&changed)
		other, err := objects.New(changed)
		require.NoError(t, err)
		_, err = other.Open(t.Context(), bucket, "k")
		if changed == config {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, driver.ErrDenied)
		}
		other.Close()
	}

	second, stopSecond, err := p.Buckets(t.Context())
	require.NoError(t, err, "names are new ones")
	require.NotEqual(t, access[objects.EnvSecretKey], second.Access()[objects.EnvSecretKey])
	require.NoError(t, stopSecond())

	require.NoError(t, stop())
	require.Empty(t, left(t, p))
	require.NoError(t, stop(), "it is stopped")
}

// The image of ScyllaDB cannot be had, so that dynalite stands in, and it says
// so and why.
func TestTablesOfTheStandIn(t *testing.T) {
	t.Setenv("SEBS_IMAGES", ScyllaDB+"=127.0.0.1:1/none:1")
	p := newPlace(t)
	cache, err := driver.CacheFolder(os.Getenv("SEBS_CACHE"))
	require.NoError(t, err)
	var log bytes.Buffer
	p.Run.Log = &log
	s, stop, used, err := p.Tables(t.Context(), cache)
	require.NoError(t, err)
	running(t, p, "-dynalite-")
	require.Regexp(t, `^dynalite \(.*127\.0\.0\.1:1/none:1 is not available on this machine and cannot be pulled: .*connection refused.*\)$`, used)
	require.Contains(t, log.String(), "dynalite stands in for ScyllaDB: ")

	table := driver.Table{Name: p.Run.Prefix + "-t", Primary: "id"}
	require.NoError(t, s.Create(t.Context(), table))
	access := s.Access(nil)
	other := tables.New(tables.Config{
		URL: access[tables.EnvURL], Direct: true, Region: access[tables.EnvRegion],
		AccessKey: "another", SecretKey: access[tables.EnvSecretKey], Prefix: p.Run.Prefix,
	})
	defer other.Close()
	_, err = other.Names(t.Context())
	require.ErrorIs(t, err, driver.ErrDenied)
	require.NoError(t, stop())
	require.Empty(t, left(t, p))
}

// shell is a service of a few commands.
func shell(commands string) request {
	return request{
		name: "shell", image: node, port: "8000", command: []string{"sh", "-c", commands}, volume: "/data",
		ready: func(context.Context, string) error { return errors.New("it says nothing") },
	}
}

func TestServiceThatEndsAtItsStart(t *testing.T) {
	p := newPlace(t)
	_, err := p.start(t.Context(), shell("exec >&2; seq 100; echo the disk is full; exit 3"))
	require.ErrorContains(t, err, "start shell: its container ended with status 3: 82\n83\n")
	require.ErrorContains(t, err, "100\nthe disk is full")
	require.Empty(t, left(t, p))

	r := shell("")
	r.image, r.command = "python:3.11.13-slim-bookworm", []string{"/no/such/command"} // it has no entrypoint
	_, err = p.start(t.Context(), r)
	require.ErrorContains(t, err, "start shell: ")
	require.ErrorContains(t, err, "/no/such/command")
	require.Empty(t, left(t, p))
}

func TestServiceThatIsNotWaitedFor(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := shell("sleep 1000")
	r.ready = func(context.Context, string) error { cancel(); return errors.New("not yet") }
	_, err := p.start(ctx, r)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "start shell: it is not ready: ")
	require.Empty(t, left(t, p))

	_, err = p.start(ctx, r)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, left(t, p))
}

func TestServiceThatIsRemovedWhileItStarts(t *testing.T) {
	p := newPlace(t)
	r := shell("sleep 1000")
	r.ready = func(ctx context.Context, _ string) error {
		return errors.Join(errors.New("not yet"), p.Engine.Discard(ctx, left(t, p)[0]))
	}
	_, err := p.start(t.Context(), r)
	require.ErrorContains(t, err, "start shell: ")
	require.ErrorContains(t, err, "No such container")
	require.Empty(t, left(t, p))
}

func TestServiceWithoutItsImage(t *testing.T) {
	p := newPlace(t)
	_, err := p.start(t.Context(), request{name: "none", image: "127.0.0.1:1/none:1", port: "1"})
	require.ErrorIs(t, err, driver.ErrUnavailable)
	_, err = p.start(t.Context(), request{name: "none", image: "Not An Image", port: "1"})
	require.Error(t, err)
}

// In a network of the run a service is at an address of that network; else at
// one of the engine's own. Both are reached, also by the published port.
func TestAddresses(t *testing.T) {
	p := newPlace(t)
	created, err := p.Engine.NetworkCreate(t.Context(), p.Run.Prefix+"-network", network.CreateOptions{
		Driver: "bridge", Internal: true, Labels: containers.Labels(p.Run),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Engine.NetworkRemove(context.Background(), created.ID)) })
	for _, tt := range []struct {
		network string
		direct  bool
	}{{"", false}, {"", true}, {p.Run.Prefix + "-network", true}} {
		place := p
		place.Network, place.Direct = tt.network, tt.direct && p.Engine.Direct()
		s, err := place.start(t.Context(), request{
			name: "web", image: node, port: "8000", user: "65534:65534", env: map[string]string{"SAYS": "hello"}, lent: map[string]string{"/etc/hostname": "/lent"},
			command: []string{"node", "-e", `
				const text = process.env.SAYS + process.getuid() + require("fs").readFileSync("/lent");
				setTimeout(() => require("http").createServer((_, res) => res.end(text)).listen(8000, "0.0.0.0"), 200)`},
			ready: answers("/", http.StatusOK),
		})
		require.NoError(t, err)
		running(t, p, "-web-")
		reached := []string{s.Address}
		if p.Engine.Direct() {
			reached = append(reached, s.Internal)
		}
		for _, address := range reached {
			res, err := client.Get("http://" + address)
			require.NoError(t, err)
			var body bytes.Buffer
			_, err = body.ReadFrom(res.Body)
			require.NoError(t, err)
			res.Body.Close()
			require.Contains(t, body.String(), "hello65534")
		}
		if !place.Direct {
			require.Contains(t, s.Address, "127.0.0.1:")
		} else {
			require.Equal(t, s.Internal, s.Address)
		}
		found, err := p.Engine.ContainerInspect(t.Context(), s.ID())
		require.NoError(t, err)
		host, _, err := net.SplitHostPort(s.Internal)
		require.NoError(t, err)
		if tt.network != "" {
			require.Equal(t, found.NetworkSettings.Networks[tt.network].IPAddress, host)
		}
		require.NoError(t, s.Stop())
		require.Empty(t, left(t, p))
	}
}
