package stores

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/drivertest/internal/rules"
)

// reachRules say how functions reach objects.
var reachRules = []rules.Rule[bucketTest]{
	{
		Name: "presign",
		Why:  "functions download inputs by URL, without credentials, as from the internet",
		Check: func(ctx context.Context, b bucketTest) error {
			const key = "folder/with space+plus%ü.txt"
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, key, "content"), b.put(ctx, "other", "secret")); err != nil {
				return err
			}
			signed, err := b.Presign(ctx, b.name, key, 10*time.Minute)
			if err != nil {
				return fmt.Errorf("presign: %w", err)
			}
			status, body, err := fetch(ctx, signed)
			if err != nil {
				return fmt.Errorf("read the presigned URL: %w", err)
			}
			if status != http.StatusOK || body != "content" {
				return fmt.Errorf("the presigned URL gives status %d and %q, want 200 and %q", status, body, "content")
			}
			// What was signed is this object only.
			u, err := url.Parse(signed)
			if err != nil {
				return fmt.Errorf("presign: %w", err)
			}
			u.RawPath, u.Path = "", strings.Replace(u.Path, key, "other", 1)
			status, _, err = fetch(ctx, u.String())
			if err == nil && status == http.StatusOK {
				err = errors.New("the URL presigned for an object reads another one")
			}
			return err
		},
	},
	{
		Name: "presign-expires",
		Why:  "a URL in a result or log must become useless",
		Check: func(ctx context.Context, b bucketTest) error {
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "key", "content")); err != nil {
				return err
			}
			signed, err := b.Presign(ctx, b.name, "key", time.Second)
			if err != nil {
				return fmt.Errorf("presign: %w", err)
			}
			ctx, cancel := context.WithTimeout(ctx, time.Second+b.skew)
			defer cancel()
			again := time.NewTicker(200 * time.Millisecond)
			defer again.Stop()
			for {
				status, _, err := fetch(ctx, signed)
				if err != nil {
					return fmt.Errorf("a URL presigned for a second is still readable: %w", err)
				}
				if status != http.StatusOK {
					return nil
				}
				select {
				case <-again.C:
				case <-ctx.Done():
				}
			}
		},
	},
	{
		Name: "access",
		Why:  "functions find the store through their environment",
		Check: func(_ context.Context, b bucketTest) error {
			for name := range b.Access() {
				if !strings.HasPrefix(name, "SEBS_") {
					return fmt.Errorf("the access has the variable %s, want names that begin with SEBS_", name)
				}
			}
			return nil
		},
	},
}

// bucketLifeRules say how buckets come and go.
var bucketLifeRules = []rules.Rule[bucketTest]{
	{
		Name: "create-twice",
		Why:  "a benchmark creates its bucket without knowing whether an earlier one did",
		Check: func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Create(ctx, b.name),
				b.put(ctx, "kept", "content"),
				b.Create(ctx, b.name),
				b.holds(ctx, "kept", "content"))
		},
	},
	{
		Name: "missing-bucket",
		Why:  "a wrong name must not look like an empty bucket",
		Check: func(ctx context.Context, b bucketTest) error {
			var listed error
			for _, err := range b.List(ctx, b.name, "") {
				listed = err
			}
			return errors.Join(
				b.missing(ctx, "key"),
				notFound("Put", b.put(ctx, "key", "content")),
				notFound("List", listed),
				notFound("Delete", b.Delete(ctx, b.name, "")))
		},
	},
	{
		Name: "names",
		Why:  "clean-up deletes what it lists, so it must list all of the run and nobody else's",
		Check: func(ctx context.Context, b bucketTest) (err error) {
			longer := b.prefix + "x-rule"
			defer func() { err = errors.Join(err, b.Remove(context.WithoutCancel(ctx), longer)) }()
			if err := errors.Join(b.Create(ctx, b.name), b.Create(ctx, longer)); err != nil {
				return err
			}
			names, err := b.Names(ctx)
			switch {
			case err != nil:
				return fmt.Errorf("list the buckets: %w", err)
			case !slices.Contains(names, b.name):
				return fmt.Errorf("the names are %q, want them to contain %q", names, b.name)
			case slices.Contains(names, longer):
				return fmt.Errorf("the names are %q, want them not to contain %q of the longer prefix %q", names, longer, b.prefix+"x")
			}
			return nil
		},
	},
	{
		Name: "remove",
		Why:  "a bucket that stays behind costs money",
		Check: func(ctx context.Context, b bucketTest) error {
			err := errors.Join(
				b.Create(ctx, b.name),
				b.putAll(ctx, []string{"a", "b/c"}),
				b.Remove(ctx, b.name),
				b.missing(ctx, "a"))
			if err != nil {
				return err
			}
			names, err := b.Names(ctx)
			if err == nil && slices.Contains(names, b.name) {
				err = fmt.Errorf("the names are %q after Remove of %q", names, b.name)
			}
			return errors.Join(err, b.Create(ctx, b.name), b.lists(ctx, ""))
		},
	},
	{
		Name: "remove-twice",
		Why:  "clean-up is repeated after it was interrupted",
		Check: func(ctx context.Context, b bucketTest) error {
			return errors.Join(
				b.Remove(ctx, b.name),
				b.Create(ctx, b.name),
				b.Remove(ctx, b.name),
				b.Remove(ctx, b.name))
		},
	},
	{
		Name: "cancelled",
		Why:  "an interrupted run must end, and say that it was interrupted",
		Check: func(ctx context.Context, b bucketTest) error {
			if err := errors.Join(b.Create(ctx, b.name), b.put(ctx, "key", "content")); err != nil {
				return err
			}
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			_, opened := b.Open(cancelled, b.name, "key")
			var listed error
			for _, err := range b.List(cancelled, b.name, "") {
				listed = err
			}
			_, named := b.Names(cancelled)
			return errors.Join(
				isCancelled("Create", b.Create(cancelled, b.name)),
				isCancelled("Put", b.Put(cancelled, b.name, "other", strings.NewReader("content"), 7)),
				isCancelled("Open", opened),
				isCancelled("List", listed),
				isCancelled("Delete", b.Delete(cancelled, b.name, "")),
				isCancelled("Names", named),
				isCancelled("Remove", b.Remove(cancelled, b.name)),
				b.lists(ctx, "", driver.Object{Key: "key", Size: 7}))
		},
	},
}
