// Package function downloads a genome and draws it as a line: its points are
// uploaded as JSON.
package function

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage"
)

var client *storage.Client

// Init connects to the object store.
func Init() (err error) {
	client, err = storage.Get()
	return err
}

// Event says which genome to draw, and where to.
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

// Object is the genome, a FASTA file.
type Object struct {
	Key string `json:"key"`
}

// Answer says where the drawing is.
type Answer struct {
	Result      Result      `json:"result"`
	Measurement Measurement `json:"measurement"`
}

// Result is the drawing's key.
type Result struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Measurement has times in µs and sizes in bytes.
type Measurement struct {
	DownloadTime int64 `json:"download_time"`
	DownloadSize int   `json:"download_size"`
	ComputeTime  int64 `json:"compute_time"`
	UploadTime   int64 `json:"upload_time"`
	UploadSize   int   `json:"upload_size"`
}

// Handler draws the genome.
func Handler(event Event) (Answer, error) {
	bucket := event.Bucket.Bucket
	if bucket == "" || event.Bucket.Input == "" || event.Bucket.Output == "" || event.Object.Key == "" {
		return Answer{}, errors.New("the event lacks bucket.bucket, bucket.input, bucket.output or object.key")
	}
	source := path.Join(event.Bucket.Input, event.Object.Key)
	target := path.Join(event.Bucket.Output, path.Base(source)+".json")

	begin := time.Now()
	fasta, err := fetch(bucket, source)
	if err != nil {
		return Answer{}, err
	}
	downloaded := time.Now()
	bases, err := read(fasta)
	if err != nil {
		return Answer{}, fmt.Errorf("the object %s %w", source, err)
	}
	drawing, err := json.Marshal(transform(bases))
	if err != nil {
		return Answer{}, err
	}
	computed := time.Now()
	key, err := client.UploadStream(bucket, target, bytes.NewReader(drawing))
	if err != nil {
		return Answer{}, err
	}
	uploaded := time.Now()

	return Answer{
		Result{bucket, key},
		Measurement{
			DownloadTime: downloaded.Sub(begin).Microseconds(),
			DownloadSize: len(fasta),
			ComputeTime:  computed.Sub(downloaded).Microseconds(),
			UploadTime:   uploaded.Sub(computed).Microseconds(),
			UploadSize:   len(drawing),
		},
	}, nil
}

// fetch returns an object's content.
func fetch(bucket, key string) ([]byte, error) {
	r, err := client.DownloadStream(bucket, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// read returns the bases of all sequences of a FASTA file.
func read(fasta []byte) ([]byte, error) {
	if len(fasta) == 0 {
		return nil, errors.New("is empty")
	}
	if fasta[0] != '>' {
		return nil, errors.New("is not a FASTA file: it does not begin with >")
	}
	bases := make([]byte, 0, len(fasta))
	for line := range bytes.Lines(fasta) {
		if line[0] != '>' {
			bases = append(bases, bytes.TrimSpace(line)...)
		}
	}
	if len(bases) == 0 {
		return nil, errors.New("has no sequence")
	}
	for _, base := range bases {
		if (base|0x20) < 'a' || (base|0x20) > 'z' {
			return nil, errors.New("has a sequence with other characters than letters")
		}
	}
	return bases, nil
}

// transform returns the x and y of the line's points, as the method squiggle of
// Python's library of that name does: the line begins at 0 and has two points
// for each base. A and G take it up half, C and T down; then A and C take it
// back, G and T go on. Other letters take it nowhere.
func transform(bases []byte) [2][]float64 {
	n := 2*len(bases) + 1
	x, y := make([]float64, 1, n), make([]float64, 1, n)
	at := 0.0
	for i, base := range bases {
		half, whole := 0.0, 0.0
		switch base {
		case 'A', 'a':
			half = 0.5
		case 'C', 'c':
			half = -0.5
		case 'G', 'g':
			half, whole = 0.5, 1
		case 'T', 't':
			half, whole = -0.5, -1
		}
		x = append(x, float64(i)+0.5, float64(i+1))
		y = append(y, at+half, at+whole)
		at += whole
	}
	return [2][]float64{x, y}
}
