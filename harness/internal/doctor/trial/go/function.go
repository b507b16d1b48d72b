// Package function is the trial of Go: it reads an object, and has a dependency.
package function

import (
	"errors"
	"io"

	"golang.org/x/image/colornames"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage"
)

// Handler returns the content of the object that the event names.
func Handler(event struct{ Bucket, Key string }) (_ any, err error) {
	client, err := storage.Get()
	if err != nil {
		return nil, err
	}
	in, err := client.DownloadStream(event.Bucket, event.Key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	content, err := io.ReadAll(in)
	if colornames.White.A != 0xff {
		return nil, errors.New("the library does not work")
	}
	return map[string]any{"result": string(content)}, err
}
