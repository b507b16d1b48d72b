package drivertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
)

// BucketRuleNames returns the names of all rules of object stores.
func BucketRuleNames() []string {
	var names []string
	for _, r := range bucketRules {
		names = append(names, r.name)
	}
	return names
}

// TableRuleNames returns the names of all rules of NoSQL stores.
func TableRuleNames() []string {
	var names []string
	for _, r := range tableRules {
		names = append(names, r.name)
	}
	return names
}

// FailedBucketRules returns the rules that a store breaks, with how.
func FailedBucketRules(ctx context.Context, store driver.Buckets, prefix string) map[string]error {
	failed := map[string]error{}
	for i, r := range bucketRules {
		b := newBucketTest(store, prefix, i)
		b.skew = time.Second
		if err := caught(func() error { return r.check(ctx, b) }); err != nil {
			failed[r.name] = err
		}
		_ = b.cleanUp(context.WithoutCancel(ctx)) // which may be what is broken
	}
	return failed
}

// FailedTableRules returns the rules that a store breaks, with how.
func FailedTableRules(ctx context.Context, store driver.Tables, prefix string) map[string]error {
	failed := map[string]error{}
	for i, r := range tableRules {
		s := newTableTest(store, prefix, i)
		if err := caught(func() error { return r.check(ctx, s) }); err != nil {
			failed[r.name] = err
		}
		_ = s.cleanUp(context.WithoutCancel(ctx)) // which may be what is broken
	}
	return failed
}

// caught calls f and makes its panic an error: a list that goes on after its
// caller left panics.
func caught(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("panic: %v", p))
		}
	}()
	return f()
}
