// Package function renders a page that greets a user and lists random numbers.
package function

import (
	_ "embed"
	"errors"
	"html/template"
	"math/rand/v2"
	"strings"
	"time"
)

const limit = 1000000 // numbers are below it

//go:embed templates/template.html
var text string

var page = template.Must(template.New("page").Parse(text))

// Event is what the page is about.
type Event struct {
	Username *string `json:"username"`
	Length   *int    `json:"random_len"`
}

// Answer has the page.
type Answer struct {
	Result string `json:"result"`
}

// Handler renders the page.
func Handler(event Event) (Answer, error) {
	if event.Username == nil {
		return Answer{}, errors.New("the event has no username")
	}
	if event.Length == nil || *event.Length < 0 {
		return Answer{}, errors.New("the event's random_len is not an integer of at least 0")
	}
	numbers := make([]int, *event.Length)
	for i := range numbers {
		numbers[i] = rand.IntN(limit)
	}
	var b strings.Builder
	err := page.Execute(&b, struct {
		Username, Time string
		Numbers        []int
	}{*event.Username, time.Now().UTC().Format(time.DateTime), numbers})
	return Answer{b.String()}, err
}
