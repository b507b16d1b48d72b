// Package function sleeps for as long as the event says.
package function

import (
	"fmt"
	"time"
)

// Event says how many seconds to sleep.
type Event struct {
	Sleep *float64 `json:"sleep"`
}

// Answer says how many seconds that were.
type Answer struct {
	Result float64 `json:"result"`
}

// Handler sleeps.
func Handler(event Event) (Answer, error) {
	if event.Sleep == nil || !(*event.Sleep >= 0) {
		return Answer{}, fmt.Errorf("the event's sleep is not a number of seconds of at least 0")
	}
	time.Sleep(time.Duration(*event.Sleep * float64(time.Second)))
	return Answer{*event.Sleep}, nil
}
