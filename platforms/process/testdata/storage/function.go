package function

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage"
)

type Event struct {
	Bucket, Key, Prefix string
	Megabytes           int
}

func Handler(e Event) (any, error) {
	client, err := storage.Get()
	if err != nil {
		return nil, err
	}
	content := bytes.Repeat([]byte("x"), e.Megabytes<<20)
	if err := os.WriteFile("/tmp/up", content, 0o600); err != nil {
		return nil, err
	}
	names := make([]string, 4)
	for i, store := range []func() (string, error){
		func() (string, error) { return client.Upload(e.Bucket, e.Key, "/tmp/up") },
		func() (string, error) { return client.UploadStream(e.Bucket, e.Key, strings.NewReader("stream")) },
		func() (string, error) { return client.UploadStream(e.Bucket, e.Key, strings.NewReader("")) },
		func() (string, error) {
			return client.UploadStream(e.Bucket, e.Key, io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
		},
	} {
		if names[i], err = store(); err != nil {
			return nil, err
		}
	}
	if err := client.Download(e.Bucket, names[0], "/tmp/down"); err != nil {
		return nil, err
	}
	down, err := os.ReadFile("/tmp/down")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(down)
	if err := client.DownloadDirectory(e.Bucket, e.Prefix, "/tmp/all"); err != nil {
		return nil, err
	}
	found := []string{}
	err = filepath.WalkDir("/tmp/all", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel("/tmp/all", p)
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	refused := ""
	if _, err := client.DownloadStream(e.Bucket, "no-such-key"); err != nil {
		refused = err.Error()
	}
	stream, err := client.DownloadStream(e.Bucket, names[1])
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err != nil {
		return nil, err
	}
	again, _ := storage.Get()
	return map[string]any{"result": map[string]any{
		"names": names, "sha256": hex.EncodeToString(sum[:]), "stream": string(text),
		"found": found, "refused": refused, "same": again == client,
	}}, nil
}
