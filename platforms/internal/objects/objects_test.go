package objects_test

import (
	"net/url"
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
