package results_test

import (
	"fmt"
	"testing/fstest"

	"github.com/sebs-go/sebs/harness/results"
)

// What a cell recorded is read back one invocation at a time; a line that a
// killed run left incomplete is dropped.
func ExampleReadInvocations() {
	cell := fstest.MapFS{"invocations.jsonl": {Data: []byte(`{"seq":0,"request":"r-1","ok":true,"client_ns":52000000,"cold":true}
{"seq":1,"request":"r-2","ok":false,"cause":"timeout","client_ns":3000000000}
{"seq":2,"requ`)}}
	all, err := results.ReadInvocations(cell, "invocations.jsonl")
	if err != nil {
		fmt.Println(err)
	}
	for _, v := range all {
		fmt.Printf("%s %v cold=%v %q\n", v.Request, v.Client, v.Cold, v.Cause)
	}
	// Output:
	// r-1 52ms cold=true ""
	// r-2 3s cold=false "timeout"
}
