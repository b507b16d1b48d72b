// Package storage is the object store of a function: objects in buckets, as the
// shims of the same name in other languages have them.
//
//	client, err := storage.Get()
//	name, err := client.UploadStream(bucket, key, strings.NewReader(text))
package storage

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/sigv4"
)

// Client is a client of the object store. Safe for concurrent use.
type Client struct{ store *sigv4.Client }

// Get returns the function's client, which is made once.
var Get = sync.OnceValues(func() (*Client, error) {
	store, err := sigv4.New("SEBS_STORAGE", "s3")
	if err != nil {
		return nil, err
	}
	return &Client{store}, nil
})

// UniqueName returns a name with eight random digits before its extension.
func UniqueName(name string) string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // it never fails
	extension := path.Ext(name)
	return strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(id[:]) + extension
}

// Upload stores a file under a unique name made of key, and returns that name.
func (c *Client) Upload(bucket, key, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return c.UploadStream(bucket, key, f)
}

// UploadStream stores what r has left under a unique name made of key, and
// returns that name. An r that cannot seek is read into memory.
func (c *Client) UploadStream(bucket, key string, r io.Reader) (string, error) {
	body, ok := r.(io.ReadSeeker)
	if ok {
		_, err := body.Seek(0, io.SeekCurrent)
		ok = err == nil // a pipe is a file that cannot
	}
	if !ok {
		data, err := io.ReadAll(r)
		if err != nil {
			return "", err
		}
		body = bytes.NewReader(data)
	}
	name := UniqueName(key)
	_, err := c.store.Read(sigv4.Request{
		Method: "PUT", Path: "/" + bucket + "/" + name, Body: body,
		Header: map[string]string{"content-type": "application/octet-stream"},
	})
	return name, err
}

// Download stores an object in a file.
func (c *Client) Download(bucket, key, file string) (err error) {
	r, err := c.DownloadStream(bucket, key)
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, r)
	return err
}

// DownloadStream returns an object's content, which the caller closes.
func (c *Client) DownloadStream(bucket, key string) (io.ReadCloser, error) {
	response, err := c.store.Do(sigv4.Request{Method: "GET", Path: "/" + bucket + "/" + key})
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// DownloadDirectory stores all objects whose keys begin with prefix in files
// dir/key.
func (c *Client) DownloadDirectory(bucket, prefix, dir string) error {
	keys, err := c.list(bucket, prefix)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if slices.Contains(strings.Split(key, "/"), "..") {
			return fmt.Errorf("the object %s would be stored outside of %s", key, dir)
		}
		if strings.HasSuffix(key, "/") {
			continue // the marker of a folder
		}
		file := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := c.Download(bucket, key, file); err != nil {
			return err
		}
	}
	return nil
}

// list returns the keys that begin with prefix, however many there are.
func (c *Client) list(bucket, prefix string) ([]string, error) {
	query := map[string]string{"list-type": "2", "prefix": prefix, "encoding-type": "url"}
	var keys []string
	for {
		text, err := c.store.Read(sigv4.Request{Method: "GET", Path: "/" + bucket, Query: query})
		if err != nil {
			return nil, err
		}
		var page struct {
			EncodingType          string
			NextContinuationToken string
			Contents              []struct{ Key string }
		}
		if err := xml.Unmarshal(text, &page); err != nil {
			return nil, fmt.Errorf("list %s: %w", bucket, err)
		}
		for _, o := range page.Contents {
			if page.EncodingType == "url" {
				if o.Key, err = url.QueryUnescape(o.Key); err != nil {
					return nil, fmt.Errorf("list %s: %w", bucket, err)
				}
			}
			keys = append(keys, o.Key)
		}
		if page.NextContinuationToken == "" {
			return keys, nil
		}
		query["continuation-token"] = page.NextContinuationToken
	}
}
