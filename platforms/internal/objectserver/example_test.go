package objectserver_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/sebs-go/sebs/platforms/internal/objects"
	"github.com/sebs-go/sebs/platforms/internal/objectserver"
)

func Example() {
	ctx := context.Background()
	server, err := objectserver.Start(ctx, os.TempDir(), guard{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Stop()
	store, err := objects.New(objects.Config{
		URL:       server.URL(),
		Region:    server.Region(),
		AccessKey: server.AccessKey(),
		SecretKey: server.SecretKey(),
		Prefix:    "run1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()

	if err := store.Create(ctx, "run1-benchmarks"); err != nil {
		fmt.Println(err)
		return
	}
	if err := store.Put(ctx, "run1-benchmarks", "input/a b.txt", strings.NewReader("content"), 7); err != nil {
		fmt.Println(err)
		return
	}
	for o, err := range store.List(ctx, "run1-benchmarks", "input/") {
		fmt.Println(o.Key, o.Size, err)
	}
	// Output:
	// input/a b.txt 7 <nil>
}
