// Report makes the table, the statistics and the benchmark file of a run again,
// of what it recorded, and shows the table:
//
//	go run github.com/sebs-go/sebs/harness/results/report results/<run>
//
// It works for runs that were killed and for those of older formats. It refuses
// what is no run of this program, or of a newer format.
package main

import (
	"fmt"
	"os"

	"github.com/sebs-go/sebs/harness/results"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "" { // of make, without a latest run
		fmt.Fprintln(os.Stderr, "report: no run yet: RUN=results/<run> names one")
		os.Exit(2)
	}
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: report results/<run>")
		os.Exit(2)
	}
	table, err := results.Report(os.Args[1])
	fmt.Print(table)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}
