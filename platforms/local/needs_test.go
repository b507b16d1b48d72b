package local_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/system"
	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/services"
	"github.com/sebs-go/sebs/platforms/local"
)

// engine serves as much of the engine's interface as a check uses, and sets
// DOCKER_HOST to it.
func engine(t *testing.T, info system.Info, images ...string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v"), "/")
		name, inspects := strings.CutSuffix(strings.TrimPrefix(path, "images/"), "/json")
		switch {
		case path == "_ping" || r.URL.Path == "/_ping":
			w.Header().Set("Api-Version", "1.41")
		case path == "info":
			_ = json.NewEncoder(w).Encode(info)
		case inspects && slices.Contains(images, name):
			_ = json.NewEncoder(w).Encode(map[string]string{"Id": "sha256:1"})
		default:
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": "no such thing"})
		}
	}))
	t.Cleanup(s.Close)
	t.Setenv("DOCKER_HOST", "tcp://"+s.Listener.Addr().String())
}

func TestNeeds(t *testing.T) {
	linux := system.Info{
		OSType: "linux", Architecture: "x86_64", OperatingSystem: "Dice OS", ServerVersion: "99.1", CgroupVersion: "2",
		MemoryLimit: true, CPUCfsQuota: true, PidsLimit: true,
	}
	unlimited, windows := linux, linux
	unlimited.CPUCfsQuota, unlimited.PidsLimit = false, false
	windows.OSType = "windows"
	images := []string{services.MinIO, "python:3.11.13-bookworm", "python:3.11.13-slim-bookworm", "python:3.12.11-bookworm"}

	tests := []struct {
		name   string
		info   system.Info
		images []string
		env    map[string]string
		want   driver.Need // the remedy is a part of it
		absent string      // a need that is not listed
		fails  bool        // the platform cannot work
	}{
		{name: "an engine", info: linux, want: driver.Need{What: "Docker", Found: "Docker 99.1, Dice OS, control groups v2, containers reached by published ports", OK: true}},
		{name: "an engine elsewhere has its own disk", info: linux, want: driver.Need{What: "limits", Found: "memory, CPU, processes", OK: true, Optional: true}, absent: "room for images"},
		{name: "Windows containers", info: windows, want: driver.Need{What: "Docker", Found: "Docker 99.1, Dice OS, control groups v2, containers reached by published ports, for windows containers", Remedy: "switch the engine"}, fails: true},
		{name: "no control groups", info: unlimited, want: driver.Need{What: "limits", Found: "memory", Optional: true, Remedy: "control groups"}},
		{name: "a store's image", info: linux, images: images, want: driver.Need{What: "object store", Found: services.MinIO, OK: true}, absent: "NoSQL server"},
		{name: "a language with both images", info: linux, images: images, want: driver.Need{What: "python", Found: "3.11", OK: true}, absent: "nodejs"},
		{
			name: "images to be pulled", info: linux, images: images[1:], absent: "object store",
			want: driver.Need{What: "other images", Found: "not here yet: " + services.MinIO + ", " + services.ScyllaDB + ", ", Optional: true, Remedy: "SEBS_IMAGES; dynalite stands in for ScyllaDB"},
		},
		{
			name: "images of another name", info: linux, images: []string{"my/minio:1"}, env: map[string]string{"SEBS_IMAGES": services.MinIO + "=my/minio:1"},
			want: driver.Need{What: "object store", Found: services.MinIO, OK: true},
		},
		{name: "no engine", env: map[string]string{"DOCKER_HOST": "tcp://127.0.0.1:1"}, want: driver.Need{What: "Docker", Found: "no engine answers", Remedy: "no Docker engine answers at tcp://127.0.0.1:1: start it"}, fails: true, absent: "limits"},
		{name: "a parameter that cannot be read", info: linux, env: map[string]string{"SEBS_IMAGES": "="}, want: driver.Need{What: "Docker", Found: "cannot be used", Remedy: "SEBS_IMAGES=="}, fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			engine(t, tt.info, tt.images...)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			needs := driver.Needs(t.Context(), local.Name)
			named := func(what string) func(driver.Need) bool {
				return func(n driver.Need) bool { return n.What == what }
			}
			i := slices.IndexFunc(needs, named(tt.want.What))
			require.GreaterOrEqual(t, i, 0, "%v", needs)
			got := needs[i]
			require.True(t, strings.HasPrefix(got.Found, tt.want.Found), got.Found)
			require.Equal(t, tt.want.OK, got.OK)
			require.Equal(t, tt.want.Optional, got.Optional)
			require.Contains(t, got.Remedy, tt.want.Remedy)
			require.False(t, tt.absent != "" && slices.ContainsFunc(needs, named(tt.absent)), "%v", needs)
			require.Equal(t, tt.fails, slices.ContainsFunc(needs, func(n driver.Need) bool { return !n.OK && !n.Optional }), "%v", needs)
		})
	}
}
