package tables_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/platforms/internal/tables"
)

// The rules of driver.Tables are checked in package tableserver, against real
// servers.

func TestFunctionsReachTheStoreAtTheirAddress(t *testing.T) {
	store := tables.New(tables.Config{
		URL: "http://127.0.0.1:8000", FunctionURL: "http://172.17.0.1:8001",
		Region: "us-east-1", AccessKey: "access", SecretKey: "secret", Prefix: "run1",
	})
	require.Equal(t, driver.Access{
		"SEBS_NOSQL_URL":                 "http://172.17.0.1:8001",
		"SEBS_NOSQL_REGION":              "us-east-1",
		"SEBS_NOSQL_ACCESS_KEY":          "access",
		"SEBS_NOSQL_SECRET_KEY":          "secret",
		"SEBS_NOSQL_TABLE_shopping_cart": "run1-130-cart",
	}, store.Access(map[string]string{"shopping_cart": "run1-130-cart"}))
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
	store := tables.New(tables.Config{
		URL: "http://192.0.2.1:8000", Direct: direct == "true", // nothing has this address
		Region: "us-east-1", AccessKey: "a", SecretKey: "s", Prefix: "run1",
	})
	patience := time.Minute
	if direct == "true" {
		patience = 100 * time.Millisecond // for an answer that cannot come
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := store.Names(ctx)
	require.Error(t, err)
}
