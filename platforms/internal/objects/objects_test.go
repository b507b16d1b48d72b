package objects_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/objects"
)

// The rules of driver.Buckets are checked in package objectserver, against a
// real server.

func TestFunctionsReachTheStoreAtTheirAddress(t *testing.T) {
	store, err := objects.New(objects.Config{
		URL: "http://127.0.0.1:9000", FunctionURL: "http://172.17.0.1:9001",
		Region: "us-east-1", AccessKey: "access", SecretKey: "secret", Prefix: "run1",
	})
	require.NoError(t, err)
	require.Equal(t, driver.Access{
		"SEBS_STORAGE_URL":        "http://172.17.0.1:9001",
		"SEBS_STORAGE_REGION":     "us-east-1",
		"SEBS_STORAGE_ACCESS_KEY": "access",
		"SEBS_STORAGE_SECRET_KEY": "secret",
	}, store.Access())

	signed, err := store.Presign(t.Context(), "run1-bucket", "key", 90*time.Second)
	require.NoError(t, err)
	u, err := url.Parse(signed)
	require.NoError(t, err)
	require.Equal(t, "172.17.0.1:9001", u.Host)
	require.Equal(t, "/run1-bucket/key", u.Path)
	require.Equal(t, "90", u.Query().Get("X-Amz-Expires"))
	require.NotContains(t, signed, "secret")
}

func TestNewRefusesAddresses(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:9000", "ftp://127.0.0.1", "http://", "http://host/path", "http://%zz"} {
		t.Run(address, func(t *testing.T) {
			_, err := objects.New(objects.Config{URL: address})
			require.ErrorContains(t, err, "object store")
		})
	}
}

func TestPutRefusesNegativeSize(t *testing.T) {
	store, err := objects.New(objects.Config{URL: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "s"})
	require.NoError(t, err)
	require.ErrorContains(t, store.Put(t.Context(), "run1-bucket", "key", nil, -1), "negative")
}

// A store of this machine or its containers is asked directly, whatever proxy
// the environment has. The proxy is looked up once in a process: this is a
// child's.
func TestProxies(t *testing.T) {
	direct := os.Getenv("SEBS_TEST_DIRECT")
	if direct == "" {
		var proxied atomic.Bool
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			proxied.Store(true)
			w.WriteHeader(http.StatusForbidden)
		}))
		defer proxy.Close()
		for _, direct := range []bool{false, true} {
			proxied.Store(false)
			child := exec.Command(os.Args[0], "-test.run=^TestProxies$")
			child.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=", "http_proxy=", fmt.Sprint("SEBS_TEST_DIRECT=", direct))
			out, err := child.CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Equal(t, !direct, proxied.Load())
		}
		return
	}
	store, err := objects.New(objects.Config{
		URL: "http://192.0.2.1:9000", Direct: direct == "true", // nothing has this address
		AccessKey: "a", SecretKey: "s", Prefix: "run1",
	})
	require.NoError(t, err)
	patience := time.Minute
	if direct == "true" {
		patience = 100 * time.Millisecond // for an answer that cannot come
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err = store.Names(ctx)
	require.Error(t, err)
}
