package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// service is a REST service that takes calls, with a token, and has their answers
// when it is asked for the second time.
func service() *httptest.Server {
	asked := 0
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer token-1":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, `{"call": "c-17"}`)
		case asked == 0:
			asked++
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprint(w, `{"answer": {"result": 42}, "billed_ms": 100}`)
		}
	}))
}

// The endpoint of a service that accepts a call with 202 and has its answer later.
func ExampleFollow() {
	s := service()
	defer s.Close()
	target := driver.Target{Function: "f", Trigger: driver.SDK, URL: s.URL + "/functions/f/calls"}
	endpoint := driver.Endpoint{
		URL: target.URL,
		Authorize: func(context.Context) (http.Header, time.Time, error) {
			return http.Header{"Authorization": {"Bearer token-1"}}, time.Now().Add(time.Hour), nil
		},
		Decode: func(ctx context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
			switch {
			case r.Follow == nil && r.Status == http.StatusAccepted:
				var accepted struct{ Call string }
				if err := json.Unmarshal(r.Body, &accepted); err != nil {
					return driver.Reply{}, nil, err
				}
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/calls/"+accepted.Call, nil)
				return driver.Reply{PlatformRequest: accepted.Call}, &driver.Follow{After: 10 * time.Millisecond, Request: req}, err
			case r.Follow != nil && r.Status == http.StatusNotFound: // not there yet
				return driver.Reply{}, r.Follow, nil
			case r.Status == http.StatusOK:
				var done struct {
					Answer json.RawMessage
					Billed int `json:"billed_ms"`
				}
				err := json.Unmarshal(r.Body, &done)
				return driver.Reply{Body: done.Answer, Usage: &driver.Usage{Billed: time.Duration(done.Billed) * time.Millisecond}}, nil, err
			case r.Status == http.StatusTooManyRequests:
				return driver.Reply{}, nil, &driver.Failure{Cause: driver.Throttled}
			}
			return driver.Reply{}, nil, fmt.Errorf("status %d: %.200s", r.Status, r.Body)
		},
	}
	client, err := invoke.New(endpoint)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	x := client.Call(context.Background(), []byte(`{"n": 1}`))
	fmt.Println(string(x.Reply.Body), x.Reply.PlatformRequest, x.Reply.Usage.Billed, x.Failure, x.Phases.Poll >= 20*time.Millisecond)
	// Output: {"result": 42} c-17 100ms <nil> true
}
