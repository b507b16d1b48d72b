package containers

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/registry"
	"github.com/stretchr/testify/require"
)

func TestOverrides(t *testing.T) {
	sum := "sha256:" + strings.Repeat("0", 64)
	for _, tt := range []struct{ text, name, want string }{
		{"", "minio/minio:1", "minio/minio:1"},
		{" , ,", "minio/minio:1", "minio/minio:1"},
		{"minio/minio:1=my/minio:2", "minio/minio:1", "my/minio:2"},
		{"minio/minio:1=my/minio:2", "minio/minio:3", "minio/minio:3"},
		{"minio/minio:1=my/minio@" + sum, "minio/minio:1", "my/minio@" + sum},
		{" a:1 = b:2 , c:1=d:2", "a:1", "b:2"},
		{" a:1 = b:2 , c:1=d:2", "c:1", "d:2"},
		{"mirror.example/hub", "python:3.11", "mirror.example/hub/python:3.11"},
		{"mirror.example/hub/", "minio/minio:1", "mirror.example/hub/minio/minio:1"},
		{"mirror.example:5000/hub,a:1=b:2", "a:1", "b:2"},
		{"mirror.example:5000/hub,a:1=b:2", "c:1", "mirror.example:5000/hub/c:1"},
	} {
		o, err := readOverrides(tt.text)
		require.NoError(t, err, tt.text)
		require.Equal(t, tt.want, o.of(tt.name), "%s for %s", tt.text, tt.name)
	}
	for _, text := range []string{"a=", "=b", "=", "/", "a=b,a=c", "one.example,two.example", "a=b,,c=", "a=b=c", "a b", "a b=c", "a=https://mirror.example/b", "https://mirror.example", "A=b", "a=b:", "mirror.example/hub/ /"} {
		_, err := readOverrides(text)
		require.ErrorContains(t, err, "want image=replacement")
		require.ErrorContains(t, err, "image=replacement")
	}
}

func FuzzOverrides(f *testing.F) {
	for _, s := range []string{"", "a=b", "mirror/x,a=b", "a = b", "a=b,a=c", "=,", "a=b=c"} {
		f.Add(s, "a")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		o, err := readOverrides(text)
		if err != nil {
			require.ErrorContains(t, err, "want image=replacement")
			return
		}
		for from, to := range o {
			if from == "" {
				to += "/image"
			} else {
				_, err := reference.ParseNormalizedNamed(from)
				require.NoError(t, err)
			}
			_, err := reference.ParseNormalizedNamed(to)
			require.NoError(t, err)
		}
		if o[name] == "" {
			require.True(t, strings.HasSuffix(o.of(name), name))
		}
	})
}

func TestFollow(t *testing.T) {
	for _, tt := range []struct{ name, stream, id, log, err string }{
		{"nothing", "", "", "", ""},
		{"a build", `{"stream":"Step 1\n"}` + "\n" + `{"aux":{"ID":"sha256:1"}}{"stream":"done\n"}`, "sha256:1", "Step 1\ndone\n", ""},
		{"a pull", `{"status":"Pulling","id":"x"}{"status":"Downloading","progressDetail":{"current":1}}`, "", "", ""},
		{"a push", `{"aux":{"Tag":"1","Digest":"sha256:2","Size":3}}`, "", "", ""},
		{"an error", `{"stream":"Step 1\n"}{"errorDetail":{"message":"no"},"error":"no space left\n"}{"stream":"more"}`, "", "Step 1\n", "no space left"},
		{"an end amid", `{"stream":"Step 1\n"}{"str`, "", "Step 1\n", "the engine's messages: unexpected EOF"},
		{"no JSON", `<html>`, "", "", "the engine's messages: invalid character"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			id, err := follow(strings.NewReader(tt.stream), &log)
			require.Equal(t, tt.id, id)
			require.Equal(t, tt.log, log.String())
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.err)
			}
		})
	}
	_, err := follow(strings.NewReader(`{"stream":"x"}`), full{})
	require.ErrorIs(t, err, errFull)
}

// full is a log on a disk that is full.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAuthentication(t *testing.T) {
	encoded := func(user, secret string) string {
		return base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))
	}
	config := `{"auths": {
		"registry.example:5000": {"auth": "` + encoded("me", "s3cret:x") + `"},
		"https://index.docker.io/v1/": {"auth": "` + encoded("hub", "pass") + `"},
		"token.example": {"identitytoken": "t0ken"}
	}, "credHelpers": {"broken.example": "sebs-test-fails"}}`
	dir := t.TempDir()
	write(t, filepath.Join(dir, "config.json"), config)
	write(t, filepath.Join(dir, "docker-credential-sebs-test-fails"), "#!/bin/sh\necho the keychain is locked >&2; exit 1\n")
	require.NoError(t, os.Chmod(filepath.Join(dir, "docker-credential-sebs-test-fails"), 0o755))
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+":/usr/bin:/bin")

	for name, want := range map[string]registry.AuthConfig{
		"registry.example:5000/me/x:1": {ServerAddress: "registry.example:5000", Username: "me", Password: "s3cret:x"},
		"me/functions:1":               {ServerAddress: "https://index.docker.io/v1/", Username: "hub", Password: "pass"},
		"docker.io/me/functions:1":     {ServerAddress: "https://index.docker.io/v1/", Username: "hub", Password: "pass"},
		"token.example/x:1":            {ServerAddress: "token.example", IdentityToken: "t0ken"},
	} {
		header, err := authentication(name)
		require.NoError(t, err, name)
		raw, err := base64.URLEncoding.DecodeString(header)
		require.NoError(t, err, name)
		var got registry.AuthConfig
		require.NoError(t, json.Unmarshal(raw, &got))
		require.Equal(t, want, got, name)
	}
	header, err := authentication("other.example/x:1")
	require.NoError(t, err, "a helper for another registry does not matter")
	require.Empty(t, header)
	_, err = authentication("broken.example/x:1")
	require.ErrorContains(t, err, "broken.example/x:1")
	require.ErrorContains(t, err, "the keychain is locked")
	_, err = authentication("Not An Image")
	require.Error(t, err)

	write(t, filepath.Join(dir, "config.json"), "{")
	_, err = authentication("registry.example:5000/me/x:1")
	require.ErrorContains(t, err, filepath.Join(dir, "config.json"))
}
