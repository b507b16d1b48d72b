// Package sigv4 sends signed requests to a store that speaks a protocol of AWS.
//
// Requests are signed with version 4 and sent over connections that stay open.
// The package is for the shims of stores beside it, and imports nothing but the
// standard library.
package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Failure is a store's refusal of what was asked: "GET /bucket/key", or a
// table's operation.
type Failure struct {
	Status  int    // HTTP's
	Code    string // the store's own word
	Message string
	Asked   string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %s: %s (HTTP status %d)", f.Asked, f.Code, f.Message, f.Status)
}

// Client sends requests to one service. Safe for concurrent use.
type Client struct {
	url                  *url.URL
	region, service      string
	accessKey, secretKey string
	http                 http.Client
}

// Environment returns a variable of the store's access, which the platform
// sets.
func Environment(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set: config.json must name the module in its list of modules", name)
	}
	return value, nil
}

// New returns a client of the store whose access is in the variables that
// begin with prefix: "SEBS_STORAGE", "SEBS_NOSQL".
func New(prefix, service string) (*Client, error) {
	var values [3]string
	for i, name := range []string{"_URL", "_ACCESS_KEY", "_SECRET_KEY"} {
		var err error
		if values[i], err = Environment(prefix + name); err != nil {
			return nil, err
		}
	}
	address, err := url.Parse(values[0])
	if err != nil {
		return nil, fmt.Errorf("%s_URL: %w", prefix, err)
	}
	region := os.Getenv(prefix + "_REGION")
	if region == "" {
		region = "us-east-1"
	}
	return &Client{
		url: address, region: region, service: service, accessKey: values[1], secretKey: values[2],
		http: http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}},
	}, nil
}

// Request is what to ask a store.
type Request struct {
	Method string
	Path   string // not encoded
	Query  map[string]string
	Header map[string]string // names in lower case
	Body   io.ReadSeeker     // nil: none; it is sent from where it stands to its end
}

// Do sends a request. The caller closes the response's body. A refusal is a
// *Failure.
func (c *Client) Do(r Request) (*http.Response, error) {
	asked := r.Header["x-amz-target"]
	if asked == "" {
		asked = r.Method + " " + r.Path
	}
	request, err := c.request(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", asked, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", asked, err)
	}
	if response.StatusCode >= 300 {
		defer response.Body.Close()
		return nil, refusal(response, asked)
	}
	return response, nil
}

// Read sends a request and returns the response's content.
func (c *Client) Read(r Request) ([]byte, error) {
	response, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// request makes a signed request.
func (c *Client) request(r Request) (*http.Request, error) {
	target := *c.url
	target.Path = r.Path
	target.RawPath = quote(r.Path, "/")
	var query []string
	for k, v := range r.Query {
		query = append(query, quote(k, "")+"="+quote(v, ""))
	}
	slices.Sort(query)
	target.RawQuery = strings.Join(query, "&")
	request, err := http.NewRequest(r.Method, target.String(), nil) //nolint:noctx // a handler has no context
	if err != nil {
		return nil, err
	}
	// The content of an object is not hashed: it goes over loopback or TLS.
	content := "UNSIGNED-PAYLOAD"
	if r.Body != nil {
		at, err := r.Body.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		end, err := r.Body.Seek(0, io.SeekEnd)
		if err != nil {
			return nil, err
		}
		rewind := func() (io.ReadCloser, error) {
			_, err := r.Body.Seek(at, io.SeekStart)
			return io.NopCloser(r.Body), err
		}
		if c.service != "s3" {
			h := sha256.New()
			if _, err := rewind(); err != nil {
				return nil, err
			}
			if _, err := io.Copy(h, r.Body); err != nil {
				return nil, err
			}
			content = hex.EncodeToString(h.Sum(nil))
		}
		if request.Body, err = rewind(); err != nil {
			return nil, err
		}
		if request.ContentLength = end - at; request.ContentLength == 0 {
			request.Body = http.NoBody // otherwise nil would stand for an unknown length
		}
		request.GetBody = rewind // for a connection that the store had closed
	}
	headers := maps.Clone(r.Header)
	if headers == nil {
		headers = map[string]string{}
	}
	headers["host"] = c.url.Host
	headers["x-amz-content-sha256"] = content
	c.sign(r.Method, target.RawPath, target.RawQuery, headers)
	for k, v := range headers {
		if k != "host" {
			request.Header.Set(k, v)
		}
	}
	return request, nil
}

// sign adds the headers of a signature.
func (c *Client) sign(method, path, query string, headers map[string]string) {
	now := time.Now().UTC().Format("20060102T150405Z")
	headers["x-amz-date"] = now
	names := slices.Sorted(maps.Keys(headers))
	canonical := []string{method, path, query}
	for _, n := range names {
		canonical = append(canonical, n+":"+headers[n])
	}
	signed := strings.Join(names, ";")
	canonical = append(canonical, "", signed, headers["x-amz-content-sha256"])
	scope := []string{now[:8], c.region, c.service, "aws4_request"}
	sum := sha256.Sum256([]byte(strings.Join(canonical, "\n")))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", now, strings.Join(scope, "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + c.secretKey)
	for _, part := range append(scope, text) {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	headers["authorization"] = fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		c.accessKey, strings.Join(scope, "/"), signed, hex.EncodeToString(key))
}

// quote encodes text as signatures want it: everything but letters, digits,
// -._~ and the characters of safe.
func quote(text, safe string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~"+safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

var codes = map[string]*regexp.Regexp{
	"Code":    regexp.MustCompile("<Code>([^<]*)</Code>"),
	"Message": regexp.MustCompile("<Message>([^<]*)</Message>"),
}

// refusal reads why a store refused.
func refusal(response *http.Response, asked string) error {
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("%s: HTTP status %d: %w", asked, response.StatusCode, err)
	}
	f := Failure{Status: response.StatusCode, Code: "Error", Message: http.StatusText(response.StatusCode), Asked: asked}
	if bytes.HasPrefix(text, []byte("{")) {
		var said struct {
			Type    string `json:"__type"`
			Message string
		}
		if json.Unmarshal(text, &said) == nil {
			if said.Type != "" {
				f.Code = said.Type[strings.LastIndexByte(said.Type, '#')+1:]
			}
			if said.Message != "" {
				f.Message = said.Message
			}
		}
		return &f
	}
	if found := codes["Code"].FindSubmatch(text); found != nil {
		f.Code = string(found[1])
	}
	if found := codes["Message"].FindSubmatch(text); found != nil {
		f.Message = string(found[1])
	}
	return &f
}
