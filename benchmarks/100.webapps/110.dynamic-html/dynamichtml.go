// Package dynamichtml is the benchmark 110.dynamic-html: a function renders a
// page from a template with a greeting and a list of random numbers.
//
// The package does not judge the page's markup beyond what the input asks for:
// languages use templates and libraries of their own.
package dynamichtml

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sebs-go/sebs/benchmarks/internal/inputs"
	"github.com/sebs-go/sebs/harness"
)

//go:embed all:python all:nodejs all:java all:go all:cpp config.json
var files embed.FS

// Benchmark is 110.dynamic-html.
var Benchmark = harness.Benchmark{
	Name:  "110.dynamic-html",
	Files: files,
	Input: input,
	Check: check,
}

// lengths are how many numbers the page lists.
var lengths = map[harness.Size]int{
	harness.Test:  10,
	harness.Small: 1000,
	harness.Large: 100000,
}

const (
	username = "testname"
	limit    = 1000000 // numbers are below it
)

// payload is the event.
type payload struct {
	Username string `json:"username"`
	Length   int    `json:"random_len"`
}

func input(_ context.Context, size harness.Size, _ *harness.Store) (any, error) {
	length, ok := lengths[size]
	if !ok {
		return nil, fmt.Errorf("unknown size %q", size)
	}
	return payload{Username: username, Length: length}, nil
}

var generated = regexp.MustCompile(`Data generated at: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)`)

func check(_ context.Context, _ harness.Size, in any, output json.RawMessage, _ *harness.Store) error {
	p, ok := in.(payload)
	if !ok {
		return fmt.Errorf("the payload is a %T, not what Input returned", in)
	}
	var page string
	if err := inputs.Decode(output, &page); err != nil {
		return err
	}
	if greeting := "Welcome " + p.Username + "!"; !strings.Contains(page, greeting) {
		return fmt.Errorf("the page does not contain %q", greeting)
	}
	at := generated.FindStringSubmatch(page)
	if at == nil {
		return fmt.Errorf("the page does not say when it was generated")
	}
	if _, err := time.Parse(time.DateTime, at[1]); err != nil {
		return fmt.Errorf("the page's time: %w", err)
	}
	if !strings.Contains(page, "</html>") {
		return fmt.Errorf("the page has no end")
	}
	return checkNumbers(page, p.Length)
}

// checkNumbers checks that the page lists count random numbers.
func checkNumbers(page string, count int) error {
	items := strings.Split(page, "<li>")[1:]
	if len(items) != count {
		return fmt.Errorf("the page lists %d numbers, want %d", len(items), count)
	}
	sum, distinct := 0, map[int]struct{}{}
	for i, item := range items {
		text, _, ok := strings.Cut(item, "</li>")
		number, err := strconv.Atoi(text)
		if !ok || err != nil || number < 0 || number >= limit || text != strconv.Itoa(number) {
			return fmt.Errorf("item %d of the page's list is %.20q, want a number from 0 to %d", i, text, limit-1)
		}
		sum += number
		distinct[number] = struct{}{}
	}
	if len(distinct) < min(count, 2) {
		return fmt.Errorf("the page's %d numbers are all equal", count)
	}
	// The mean of uniform numbers is within 12 standard errors of the middle.
	mean, most := float64(sum)/float64(max(count, 1)), limit*math.Sqrt(12/float64(max(count, 1)))
	if math.Abs(mean-limit/2) > most && count > 0 {
		return fmt.Errorf("the mean of the page's numbers is %.0f, want %d: they are not uniform from 0 to %d", mean, limit/2, limit-1)
	}
	return nil
}
