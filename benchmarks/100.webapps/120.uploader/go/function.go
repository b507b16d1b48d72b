// Package function downloads a file from a URL and uploads it to the object
// store.
package function

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"time"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage"
)

const timeout = 30 * time.Second // without a byte

var client *storage.Client

// Init connects to the object store.
func Init() (err error) {
	client, err = storage.Get()
	return err
}

// Event says what to move, and where to.
type Event struct {
	Bucket Bucket `json:"bucket"`
	Object Object `json:"object"`
}

// Bucket says where objects are: a bucket, and prefixes of keys in it.
type Bucket struct {
	Bucket string `json:"bucket"`
	Output string `json:"output"`
}

// Object is the file.
type Object struct {
	URL string `json:"url"`
}

// Answer says where the file is.
type Answer struct {
	Result      Result      `json:"result"`
	Measurement Measurement `json:"measurement"`
}

// Result is what was moved, and its key.
type Result struct {
	Bucket string `json:"bucket"`
	URL    string `json:"url"`
	Key    string `json:"key"`
}

// Measurement has times in µs and sizes in bytes.
type Measurement struct {
	DownloadTime int64 `json:"download_time"`
	DownloadSize int64 `json:"download_size"`
	ComputeTime  int64 `json:"compute_time"`
	UploadTime   int64 `json:"upload_time"`
	UploadSize   int64 `json:"upload_size"`
}

// Handler moves the file.
func Handler(event Event) (answer Answer, err error) {
	if event.Bucket.Bucket == "" || event.Bucket.Output == "" || event.Object.URL == "" {
		return Answer{}, errors.New("the event lacks bucket.bucket, bucket.output or object.url")
	}
	from, err := url.Parse(event.Object.URL)
	if err != nil {
		return Answer{}, fmt.Errorf("the event's object.url: %w", cause(err))
	}
	_, name := path.Split(from.Path)
	if from.Scheme != "http" && from.Scheme != "https" || name == "" {
		return Answer{}, fmt.Errorf("the event's object.url is %s, want http or https and a file's name", place(from))
	}

	file, err := os.CreateTemp("", "uploader-")
	if err != nil {
		return Answer{}, err
	}
	defer func() {
		if left := errors.Join(file.Close(), os.Remove(file.Name())); err == nil {
			err = left
		}
	}()
	begin := time.Now()
	size, err := fetch(from, file)
	if err != nil {
		return Answer{}, err
	}
	downloaded := time.Now()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Answer{}, err
	}
	key, err := client.UploadStream(event.Bucket.Bucket, path.Join(event.Bucket.Output, name), file)
	if err != nil {
		return Answer{}, err
	}
	uploaded := time.Now()

	return Answer{
		Result{event.Bucket.Bucket, event.Object.URL, key},
		Measurement{
			DownloadTime: downloaded.Sub(begin).Microseconds(),
			DownloadSize: size,
			UploadTime:   uploaded.Sub(downloaded).Microseconds(),
			UploadSize:   size,
		},
	}, nil
}

// web makes a connection for each file, as other files would come from
// elsewhere.
var web = http.Client{Transport: &http.Transport{
	DialContext:           dial,
	TLSHandshakeTimeout:   timeout,
	ResponseHeaderTimeout: timeout,
	DisableKeepAlives:     true,
	DisableCompression:    true,
}}

// fetch writes what the URL has to a file, whole, and returns its size.
func fetch(from *url.URL, file io.Writer) (int64, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, from.String(), nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("User-Agent", "SeBS 120.uploader")
	response, err := web.Do(request)
	if err != nil {
		return 0, fmt.Errorf("GET %s: %w", place(from), cause(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("GET %s: HTTP status %s", place(from), response.Status)
	}
	size, err := io.Copy(file, response.Body)
	if err != nil {
		return 0, fmt.Errorf("GET %s: the file did not arrive whole: %w", place(from), err)
	}
	return size, nil
}

// place returns a URL without its query, which may hold a signature.
func place(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// cause returns an error of a URL without the URL.
func cause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// impatient is a connection whose peer sends a byte in time.
type impatient struct{ net.Conn }

func (c impatient) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return impatient{c}, nil
}
