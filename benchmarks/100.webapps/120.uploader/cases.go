package uploader

import (
	"fmt"
	"math/rand/v2"

	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Without("key"),
	Object: cases.Digest,
	Sizes:  []string{"upload_size"},
	Zero:   []string{"compute_time"}, // nothing is computed between the two ways
	Bad: func(e cases.Events) {
		e.Add("object.url", "", "url")
		e.Add("object.url", "no URL at all", "url")
		e.Add("object.url", "ftp://127.0.0.1/file", "url")
		e.Add("object.url", "http://127.0.0.1/folder/", "url")
		e.Add("object.url", fmt.Sprintf("http://127.0.0.1:%d/file", e.ClosedPort()), "/file")
		e.Add("object.url", e.Presigned("missing"), "404")
		e.Add("object.url", e.CutOff()+"/file", "/file")
		for _, size := range []int{0, 100 << 20} {
			name, content := fmt.Sprintf("%d-bytes", size), make([]byte, size)
			_, _ = rand.NewChaCha8([32]byte{1}).Read(content) // never fails
			e.Put(0, name, content)
			e.AddUsual(name, "object.url", e.Presigned(name), content)
		}
	},
}
