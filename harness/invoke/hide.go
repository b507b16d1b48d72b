package invoke

import (
	"net/url"
	"slices"
	"strings"

	"github.com/sebs-go/sebs/harness/driver"
)

// hide returns a failure without the credentials of the request that it is of:
// servers quote what they refuse.
func (c *Client) hide(f *driver.Failure, sent *request) *driver.Failure {
	var pairs []string
	for _, s := range c.secrets(sent) {
		pairs = append(pairs, s, "[hidden]")
	}
	if pairs == nil {
		return f
	}
	hidden := *f
	r := strings.NewReplacer(pairs...)
	hidden.Detail, hidden.Output = r.Replace(f.Detail), r.Replace(f.Output)
	return &hidden
}

// shortSecret is the length below which words are not hidden.
const shortSecret = 8

// secrets returns what is secret of a request, the longest first: the values of
// its headers that are not of every call, and of its query, as a whole and word
// by word.
func (c *Client) secrets(sent *request) []string {
	if c.url == nil {
		return nil
	}
	var all []string
	add := func(values []string) {
		for _, v := range values {
			all = append(all, v)
			all = append(all, strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(` ,;="`, r) })...)
		}
	}
	for name, values := range sent.header {
		if _, ok := c.header[name]; !ok {
			add(values)
		}
	}
	for _, query := range []url.Values{c.url.Query(), sent.query} {
		for _, values := range query {
			add(values)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < shortSecret })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}
