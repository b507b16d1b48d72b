package function

import (
	"io"

	"github.com/sebs-go/sebs/benchmarks/wrappers/process/go/storage"
)

func Handler(struct{}) (any, error) {
	client, err := storage.Get()
	if err != nil {
		return nil, err
	}
	file, stream := "", ""
	if err := client.Download("b", "cut", "/tmp/cut"); err != nil {
		file = err.Error()
	}
	if s, err := client.DownloadStream("b", "cut"); err != nil {
		stream = err.Error()
	} else {
		if _, err := io.ReadAll(s); err != nil {
			stream = err.Error()
		}
		s.Close()
	}
	return map[string]any{"result": map[string]any{"file": file, "stream": stream}}, nil
}
