package compression

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Without("key"),
	Object: archive, // encoders differ, what they packed does not
	Bad: func(e cases.Events) {
		e.Add("object.key", "no-such-folder", "no-such-folder")
		e.Put(0, "nothing/", nil)
		e.Add("object.key", "nothing", "nothing")
		e.Put(0, "beside/file", cases.Noise)
		e.Add("object.key", "besid", "besid") // the beginning of a folder's name is no folder
	},
}

// archive returns the digests of an archive's files by their names.
func archive(content []byte) (any, error) {
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	files := map[string]any{}
	for _, f := range r.File {
		if files[f.Name] != nil {
			return nil, fmt.Errorf("the archive has %s twice", f.Name)
		}
		unpacked, err := f.Open()
		if err != nil {
			return nil, err
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, unpacked); err != nil {
			return nil, err
		}
		files[f.Name] = fmt.Sprintf("%x", hash.Sum(nil))
	}
	return files, nil
}
