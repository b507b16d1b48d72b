package stores

import (
	"context"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
)

// BucketRuleNames returns the names of all rules of object stores.
func BucketRuleNames() []string { return names(bucketRules) }

// TableRuleNames returns the names of all rules of NoSQL stores.
func TableRuleNames() []string { return names(tableRules) }

func names[S any](all []rules.Rule[S]) []string {
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	return names
}

// FailedBucketRules returns the rules that a store breaks, with how.
func FailedBucketRules(ctx context.Context, store driver.Buckets, prefix string) map[string]error {
	return bucketSet(store, prefix, time.Second).Verdicts(ctx).Broken
}

// FailedTableRules returns the rules that a store breaks, with how.
func FailedTableRules(ctx context.Context, store driver.Tables, prefix string) map[string]error {
	return tableSet(store, prefix).Verdicts(ctx).Broken
}
