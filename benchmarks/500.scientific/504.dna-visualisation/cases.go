package dna

import (
	"bytes"
	"encoding/json"

	"github.com/sebs-go/sebs/benchmarks/internal/cases"
)

// Cases are those of the tests of handlers.
var Cases = cases.Cases{
	Result: cases.Without("key"),
	Object: decoded, // JSON may have blanks
	Bad: func(e cases.Events) {
		e.AddObjects("object.key", 0, map[string][]byte{
			"noise": cases.Noise, "header": []byte(">a name\n"), "digits": []byte(">a name\nACGT\n0123\n"), "binary": []byte(">a name\nAC\x00\xff\n"),
		}, nil)
	},
}

func decoded(content []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}
