// Package stores is the conformance suite of stores: the rules that every
// object store and every NoSQL store keeps, each with the reason for it. A
// store's test calls [Buckets] or [Tables]; package drivertest does so for the
// stores of a platform.
//
// For each rule there is a deliberately broken store that only this rule
// catches; the tests of this package show it.
package stores

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
)

// Buckets checks that an object store keeps the rules of driver.Buckets. open
// returns the store for a run with the given prefix; it is called once. The
// store may hold other things: what the rules create begins with the prefix
// and is removed.
func Buckets(t *testing.T, open func(t *testing.T) driver.Buckets, prefix string) {
	t.Helper()
	bucketSet(open(t), prefix, 20*time.Second).Run(t)
}

// bucketSet are the rules of object stores, for a store.
func bucketSet(store driver.Buckets, prefix string, skew time.Duration) rules.Set[bucketTest] {
	return rules.Set[bucketTest]{
		Rules: bucketRules,
		Open: func(_ context.Context, rule string) (bucketTest, func(context.Context) error, error) {
			b := bucketTest{Buckets: store, prefix: prefix, name: prefix + "-" + rule, skew: skew}
			return b, b.cleanUp, nil
		},
	}
}

// bucketTest is the store under test with a bucket's name for one rule. The
// bucket does not exist yet, and is removed after the rule.
type bucketTest struct {
	driver.Buckets
	prefix string
	name   string
	skew   time.Duration // by how much the store's clock may differ from ours
}

// cleanUp removes the bucket.
func (b bucketTest) cleanUp(ctx context.Context) error {
	if err := b.Remove(ctx, b.name); err != nil {
		return fmt.Errorf("remove bucket %s: %w", b.name, err)
	}
	return nil
}

// bucketRules are all rules.
var bucketRules = slices.Concat(contentRules, listRules, reachRules, bucketLifeRules)

// put stores content under key.
func (b bucketTest) put(ctx context.Context, key, content string) error {
	if err := b.Put(ctx, b.name, key, strings.NewReader(content), int64(len(content))); err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	return nil
}

// putAll stores each key as its own content, several at once.
func (b bucketTest) putAll(ctx context.Context, keys []string) error {
	return each(keys, func(key string) error { return b.put(ctx, key, key) })
}

// holds checks an object's content.
func (b bucketTest) holds(ctx context.Context, key, want string) error {
	r, err := b.Open(ctx, b.name, key)
	if err != nil {
		return fmt.Errorf("open %q: %w", key, err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("read %q: %w", key, err)
	}
	if !bytes.Equal(got, []byte(want)) {
		return fmt.Errorf("object %q has %s, want %s", key, excerpt(string(got)), excerpt(want))
	}
	return nil
}

// missing checks that an object does not exist.
func (b bucketTest) missing(ctx context.Context, key string) error {
	r, err := b.Open(ctx, b.name, key)
	if err == nil {
		err = r.Close()
	}
	return notFound("Open of "+key, err)
}

// lists checks the objects whose keys begin with prefix.
func (b bucketTest) lists(ctx context.Context, prefix string, want ...driver.Object) error {
	got, err := collect(b.List(ctx, b.name, prefix))
	if err != nil {
		return fmt.Errorf("list %q: %w", prefix, err)
	}
	if slices.Equal(got, want) {
		return nil
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Errorf("the list of %q has %d objects, want %d; they differ from object %d on: %v, want %v", prefix,
				len(got), len(want), i, got[min(i, len(got)):min(i+3, len(got))], want[min(i, len(want)):min(i+3, len(want))])
		}
	}
	return nil
}

// objects returns the objects that putAll makes.
func objects(keys []string) []driver.Object {
	all := make([]driver.Object, len(keys))
	for i, key := range keys {
		all[i] = driver.Object{Key: key, Size: int64(len(key))}
	}
	return all
}

// collect returns what a list has, up to its error.
func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for v, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// each calls do for every key, eight at a time.
func each(keys []string, do func(key string) error) error {
	errs := make([]error, len(keys))
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				errs[i] = do(keys[i])
			}
		})
	}
	for i := range keys {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}

// notFound checks that an operation's error is the sentinel.
func notFound(operation string, err error) error {
	if !errors.Is(err, driver.ErrNotFound) {
		return fmt.Errorf("%s returns %w, want an error that matches driver.ErrNotFound", operation, orNil(err))
	}
	return nil
}

// isCancelled checks that an operation's error is the context's.
func isCancelled(operation string, err error) error {
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s with a cancelled context returns %w, want an error that matches context.Canceled", operation, orNil(err))
	}
	return nil
}

// errNil stands for no error where one is expected.
var errNil = errors.New("nil")

func orNil(err error) error {
	if err == nil {
		return errNil
	}
	return err
}

// fetch reads a URL without any credentials.
func fetch(ctx context.Context, address string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	request.Close = true // the store may stop before an idle connection ends
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// excerpt describes content in one line.
func excerpt(content string) string {
	const most = 40
	if len(content) <= most {
		return fmt.Sprintf("%q", content)
	}
	return fmt.Sprintf("%d bytes %q…", len(content), content[:most])
}
