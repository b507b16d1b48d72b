// Package function downloads a folder, packs it into a zip archive and uploads
// that.
package function

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage"
)

var client *storage.Client

// Init connects to the object store.
func Init() (err error) {
	client, err = storage.Get()
	return err
}

// Event says which folder to pack, and where to.
type Event struct {
	Bucket Bucket `json:"bucket"`
	Object Object `json:"object"`
}

// Bucket says where objects are: a bucket, and prefixes of keys in it.
type Bucket struct {
	Bucket string `json:"bucket"`
	Input  string `json:"input"`
	Output string `json:"output"`
}

// Object is the folder.
type Object struct {
	Key string `json:"key"`
}

// Answer says where the archive is.
type Answer struct {
	Result      Result      `json:"result"`
	Measurement Measurement `json:"measurement"`
}

// Result is the archive's key.
type Result struct {
	Bucket string `json:"bucket"`
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

// Handler packs the folder.
func Handler(event Event) (answer Answer, err error) {
	bucket := event.Bucket.Bucket
	if bucket == "" || event.Bucket.Input == "" || event.Bucket.Output == "" || event.Object.Key == "" {
		return Answer{}, errors.New("the event lacks bucket.bucket, bucket.input, bucket.output or object.key")
	}
	prefix := path.Join(event.Bucket.Input, event.Object.Key)
	target := path.Join(event.Bucket.Output, path.Base(prefix)+".zip")

	work, err := os.MkdirTemp("", "compression-")
	if err != nil {
		return Answer{}, err
	}
	defer func() {
		if left := os.RemoveAll(work); err == nil {
			err = left
		}
	}()
	tree, archive := filepath.Join(work, "tree"), filepath.Join(work, "archive.zip")
	if err := os.Mkdir(tree, 0o700); err != nil {
		return Answer{}, err
	}

	begin := time.Now()
	if err := client.DownloadDirectory(bucket, prefix+"/", tree); err != nil {
		return Answer{}, err
	}
	downloaded := time.Now()
	names, size, err := files(os.DirFS(tree))
	if err != nil {
		return Answer{}, err
	}
	if len(names) == 0 {
		return Answer{}, fmt.Errorf("there are no objects under %s", prefix)
	}

	start := time.Now()
	archiveSize, err := pack(os.DirFS(tree), names, archive)
	if err != nil {
		return Answer{}, err
	}
	computed := time.Now()
	key, err := client.Upload(bucket, target, archive)
	if err != nil {
		return Answer{}, err
	}
	uploaded := time.Now()

	return Answer{
		Result{bucket, key},
		Measurement{
			DownloadTime: downloaded.Sub(begin).Microseconds(),
			DownloadSize: size,
			ComputeTime:  computed.Sub(start).Microseconds(),
			UploadTime:   uploaded.Sub(computed).Microseconds(),
			UploadSize:   archiveSize,
		},
	}, nil
}

// files returns the names of the files in a folder, sorted, and how many bytes
// they have together.
func files(folder fs.FS) (names []string, size int64, err error) {
	err = fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		names = append(names, name)
		size += info.Size()
		return nil
	})
	return names, size, err
}

// pack writes a zip archive of files in a folder, and returns its size.
func pack(folder fs.FS, names []string, archive string) (size int64, err error) {
	file, err := os.Create(archive)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	w := zip.NewWriter(file)
	w.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, name := range names {
		if err := add(w, folder, name); err != nil {
			return 0, err
		}
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return file.Seek(0, io.SeekEnd)
}

// add adds a file of a folder to an archive.
func add(w *zip.Writer, folder fs.FS, name string) error {
	from, err := folder.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	header, err := zip.FileInfoHeader(info)
	if err != nil {
		return err
	}
	header.Name, header.Method = name, zip.Deflate
	to, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}
