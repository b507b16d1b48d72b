// Package function downloads a photo, shrinks it to fit a box and uploads it as
// JPEG.
package function

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // photos that are PNG
	"io"
	"path"
	"time"

	"golang.org/x/image/draw"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage"
)

const (
	quality   = 85
	maxBytes  = 64 << 20 // of a photo
	maxPixels = 1 << 28  // a few bytes can announce more than memory holds
)

var client *storage.Client

// Init connects to the object store.
func Init() (err error) {
	client, err = storage.Get()
	return err
}

// Event says which photo to shrink, to what size, and where to.
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

// Object is the photo, and the box that the thumbnail fits.
type Object struct {
	Key    string `json:"key"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Answer says where the thumbnail is.
type Answer struct {
	Result      Result      `json:"result"`
	Measurement Measurement `json:"measurement"`
}

// Result is the thumbnail's key.
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

// Handler shrinks the photo.
func Handler(event Event) (Answer, error) {
	bucket, width, height := event.Bucket.Bucket, event.Object.Width, event.Object.Height
	if bucket == "" || event.Bucket.Input == "" || event.Bucket.Output == "" || event.Object.Key == "" {
		return Answer{}, errors.New("the event lacks bucket.bucket, bucket.input, bucket.output or object.key")
	}
	if width < 1 || height < 1 {
		return Answer{}, fmt.Errorf("the event's object.width and object.height are %d x %d, want at least 1 x 1", width, height)
	}
	source := path.Join(event.Bucket.Input, event.Object.Key)
	target := path.Join(event.Bucket.Output, path.Base(source))

	begin := time.Now()
	photo, err := read(bucket, source)
	if err != nil {
		return Answer{}, err
	}
	downloaded := time.Now()
	if len(photo) == 0 {
		return Answer{}, fmt.Errorf("the object %s is empty", source)
	}
	thumbnail, err := shrink(photo, width, height)
	if err != nil {
		return Answer{}, fmt.Errorf("the object %s is not a whole image: %w", source, err)
	}
	computed := time.Now()
	key, err := client.UploadStream(bucket, target, bytes.NewReader(thumbnail))
	if err != nil {
		return Answer{}, err
	}
	uploaded := time.Now()

	return Answer{
		Result{bucket, key},
		Measurement{
			DownloadTime: downloaded.Sub(begin).Microseconds(),
			DownloadSize: len(photo),
			ComputeTime:  computed.Sub(downloaded).Microseconds(),
			UploadTime:   uploaded.Sub(computed).Microseconds(),
			UploadSize:   len(thumbnail),
		},
	}, nil
}

// read returns an object's content.
func read(bucket, key string) ([]byte, error) {
	r, err := client.DownloadStream(bucket, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err == nil && len(data) > maxBytes {
		err = fmt.Errorf("the object %s has more than %d bytes", key, maxBytes)
	}
	return data, err
}

// shrink returns a photo as a JPEG of at most width x height, its aspect kept.
func shrink(photo []byte, width, height int) ([]byte, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	if config.Height > maxPixels/max(config.Width, 1) {
		return nil, fmt.Errorf("it has %d x %d pixels", config.Width, config.Height)
	}
	large, _, err := image.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	width, height = fit(config.Width, config.Height, width, height)
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(small, small.Bounds(), large, large.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	err = jpeg.Encode(&b, small, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

// fit returns the size of a width x height image made to fit a box, without
// making it larger.
func fit(width, height, boxWidth, boxHeight int) (int, int) {
	switch {
	case width <= boxWidth && height <= boxHeight:
		return width, height
	case width*boxHeight >= height*boxWidth:
		return boxWidth, max((2*height*boxWidth+width)/(2*width), 1)
	}
	return max((2*width*boxHeight+height)/(2*height), 1), boxHeight
}
