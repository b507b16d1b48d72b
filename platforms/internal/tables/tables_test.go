package tables_test

import (
	"testing"

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
