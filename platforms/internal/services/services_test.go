package services

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnswers(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/ready", r.URL.Path)
		w.WriteHeader(status)
	}))
	address := strings.TrimPrefix(s.URL, "http://")
	check := answers("/ready", http.StatusOK, http.StatusBadRequest)
	for code, ready := range map[int]bool{
		http.StatusOK: true, http.StatusBadRequest: true, http.StatusServiceUnavailable: false, http.StatusForbidden: false,
	} {
		status = code
		err := check(t.Context(), address)
		if ready {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "GET /ready: ")
			require.ErrorContains(t, err, http.StatusText(code))
		}
	}
	s.Close()
	require.Error(t, check(t.Context(), address))
	require.Error(t, check(t.Context(), "not an address"))
}

func TestReadinessIsAskedWithoutAProxy(t *testing.T) {
	transport, ok := client.Transport.(*http.Transport)
	require.True(t, ok)
	require.Nil(t, transport.Proxy)
}

func TestPrinter(t *testing.T) {
	var log bytes.Buffer
	printer{&log}.Printf("🐳 Creating container for image %s\n", "minio")
	require.Equal(t, "testcontainers: Creating container for image minio\n", log.String())
}

func TestSecrets(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s := secret("")
		require.Regexp(t, `^[A-Z2-7]{26}$`, s)
		require.False(t, seen[s])
		seen[s] = true
	}
}
