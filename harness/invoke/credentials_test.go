package invoke_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
	"github.com/sebs-go/sebs/harness/invoke"
)

// tokens is a service that wants a token, and whoever gives tokens out: each
// takes a second to fetch and is valid for life.
type tokens struct {
	service
	life    time.Duration // 0: for ever
	fail    error
	mu      sync.Mutex
	fetched int
	until   time.Time // of the latest
}

func newTokens(life time.Duration) *tokens {
	k := &tokens{life: life}
	k.handle = func(r *http.Request, _ string) (int, string) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if life > 0 && !time.Now().Before(k.until) {
			return 401, "the token has expired"
		}
		return 200, r.Header.Get("Authorization") + " " + r.Header.Get("X-Plain") + " " + r.Header.Get("X-Signed")
	}
	return k
}

func (k *tokens) endpoint() driver.Endpoint {
	return driver.Endpoint{
		URL: "http://service/", Dial: k.dial, Header: http.Header{"x-plain": {"plain"}},
		Authorize: func(ctx context.Context) (http.Header, time.Time, error) {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, time.Time{}, ctx.Err()
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			if k.fail != nil {
				return nil, time.Time{}, k.fail
			}
			k.fetched++
			if k.life != 0 {
				k.until = time.Now().Add(k.life)
			}
			return http.Header{"Authorization": {fmt.Sprint("token ", k.fetched)}}, k.until, nil
		},
	}
}

// Tokens are fetched once, renewed before they expire, and never while a call is
// timed.
func TestTokensAreRenewed(t *testing.T) {
	for _, c := range []struct {
		life, pause time.Duration
		want        int // tokens for 20 calls with these pauses
	}{
		{0, time.Hour, 1},
		{time.Hour, 0, 1},
		{time.Hour, 10 * time.Minute, 4},   // renewed a minute before its end: after six calls
		{10 * time.Second, time.Second, 4}, // in the middle of its time: after five
		{time.Second, time.Minute, 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := newTokens(c.life)
			client, err := invoke.New(k.endpoint())
			require.NoError(t, err)
			defer client.Close()
			for range 20 {
				x := client.Call(t.Context(), []byte("{}"))
				require.Nil(t, x.Failure)
				require.Zero(t, x.Total, "fetching is outside of what is timed")
				require.Equal(t, fmt.Sprintf("token %d plain ", k.fetched), string(x.Reply.Body))
				time.Sleep(c.pause)
			}
			require.Equal(t, c.want, k.fetched, "%v", c)
		})
	}
}

// Of calls at once one fetches the token, and who has a valid one does not wait
// for the next.
func TestTokensAreFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTokens(time.Hour)
		client, err := invoke.New(k.endpoint())
		require.NoError(t, err)
		defer client.Close()
		together := func() (took []time.Duration) {
			var wg sync.WaitGroup
			took = make([]time.Duration, 10)
			for i := range took {
				wg.Go(func() {
					start := time.Now()
					if x := client.Call(t.Context(), []byte("{}")); x.Failure != nil {
						t.Error(x.Failure)
					}
					took[i] = time.Since(start)
				})
			}
			wg.Wait()
			return took
		}
		for _, d := range together() {
			require.Equal(t, time.Second, d)
		}
		require.Equal(t, 1, k.fetched)
		time.Sleep(59*time.Minute + 30*time.Second)
		waited := time.Duration(0)
		for _, d := range together() {
			waited += d
		}
		require.Equal(t, time.Second, waited, "one of them waited")
		require.Equal(t, 2, k.fetched)
	})
}

// A token that cannot be had is a failed call, unless there is one yet.
func TestTokenCannotBeFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTokens(time.Hour)
		client, err := invoke.New(k.endpoint())
		require.NoError(t, err)
		defer client.Close()
		k.fail = errors.New("the server of tokens is away")
		x := client.Call(t.Context(), []byte("{}"))
		require.Equal(t, "authorize the call: the server of tokens is away", x.Failure.Detail)
		require.Zero(t, k.opened.Load(), "nothing is sent")

		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.Equal(t, driver.TimedOut, client.Call(ctx, []byte("{}")).Failure.Cause)

		k.fail = nil
		require.Nil(t, client.Call(t.Context(), []byte("{}")).Failure)
		k.fail = errors.New("the server of tokens is away")
		time.Sleep(59*time.Minute + 30*time.Second)
		require.Nil(t, client.Call(t.Context(), []byte("{}")).Failure, "it is valid for some seconds yet")
		time.Sleep(time.Minute)
		require.NotNil(t, client.Call(t.Context(), []byte("{}")).Failure)
	})
	synctest.Test(t, func(t *testing.T) {
		client, err := invoke.New(newTokens(-time.Hour).endpoint())
		require.NoError(t, err)
		require.Contains(t, client.Call(t.Context(), []byte("{}")).Failure.Detail, "clock")
	})
}

// Signing is outside of what is timed, comes after the token, and sees the
// request as it is sent.
func TestSigningIsNotTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTokens(time.Hour)
		ep := k.endpoint()
		ep.Sign = func(r *http.Request, body []byte) error {
			time.Sleep(time.Second)
			if string(body) == "bad" {
				return errors.New("no key")
			}
			r.Header.Set("X-Signed", strings.Join([]string{
				r.Method, r.Host, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), fmt.Sprint(r.ContentLength),
			}, "|"))
			return nil
		}
		client, err := invoke.New(ep)
		require.NoError(t, err)
		defer client.Close()
		x := client.Call(t.Context(), []byte("{}"))
		require.Nil(t, x.Failure)
		require.Zero(t, x.Total)
		require.Equal(t, "token 1 plain POST|service|/|token 1|application/json|2", string(x.Reply.Body))
		require.Equal(t, "sign the request: no key", client.Call(t.Context(), []byte("bad")).Failure.Detail)
	})
}

// What a server or a driver says of a failed call is without the credentials
// that it quotes.
func TestCredentialsAreHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{handle: func(r *http.Request, _ string) (int, string) {
			return 403, "refused: " + r.Header.Get("Authorization") + " and " + r.URL.RawQuery + " for " + r.Header.Get("X-Plain")
		}}
		ep := driver.Endpoint{
			URL: "http://service/f?code=key-in-url&a=b", Dial: s.dial, Header: http.Header{"X-Plain": {"plain-header"}},
			Authorize: func(context.Context) (http.Header, time.Time, error) {
				return http.Header{"Authorization": {"Bearer secret-token"}}, time.Time{}, nil
			},
			Decode: func(_ context.Context, r driver.Response) (driver.Reply, *driver.Follow, error) {
				return driver.Reply{}, nil, &driver.Failure{Cause: driver.Protocol, Detail: string(r.Body), Output: "secret-token"}
			},
		}
		for _, signed := range []bool{false, true} {
			if signed {
				ep.Sign = func(r *http.Request, _ []byte) error {
					r.URL.RawQuery += "&signature=0123456789"
					return nil
				}
			}
			client, err := invoke.New(ep)
			require.NoError(t, err)
			f := client.Call(t.Context(), []byte("{}")).Failure
			client.Close()
			require.Contains(t, f.Detail, "refused: [hidden] and code=[hidden]&a=b")
			require.Contains(t, f.Detail, "for plain-header")
			require.NotContains(t, f.Detail, "0123456789")
			require.Equal(t, "[hidden]", f.Output)
		}
	})
	for _, bad := range []string{"http://user:secret-word@service/", "http://ser vice/?code=secret-word", "ftp://service/?code=secret-word"} {
		_, err := invoke.New(driver.Endpoint{URL: bad})
		require.ErrorContains(t, err, "the endpoint's URL")
		require.NotContains(t, err.Error(), "secret-word")
	}
}
