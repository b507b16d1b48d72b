package results_test

import (
	"fmt"
	"testing/fstest"

	"golang.org/x/tools/txtar"

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

// A run is read cell by cell, from any file system.
func ExampleOpen() {
	archive, err := txtar.ParseFile("testdata/format1.txtar")
	if err != nil {
		fmt.Println(err)
		return
	}
	folder, err := txtar.FS(archive) // os.DirFS("results/<run>")
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := results.Open(folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cell := range run.Cells[:2] {
		s, err := cell.Summary()
		if err != nil {
			fmt.Println(err)
			return
		}
		client := s.Metric(results.ClientTime)
		fmt.Printf("%s %s: median %.2f ms, p95 %.2f ms\n", cell.Function.Value("benchmark"), cell.Condition.Value("mode"),
			client.Median.Value/1e6, client.Quantile(0.95).Value/1e6)
	}
	// Output:
	// 001.fast cold: median 26.91 ms, p95 27.92 ms
	// 001.fast warm: median 2.35 ms, p95 3.22 ms
}
