package plain

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "a b\n\tc", "a b\n\tc"},
		{"other alphabets", "größer, 東京, שלום, 👩\u200d🔬, क्\u200dष", "größer, 東京, שלום, 👩\u200d🔬, क्\u200dष"},
		{"colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"title", "\x1b]0;owned\x07", `\x1b]0;owned\x07`},
		{"bell, backspace, delete", "a\a\b\x7f", `a\x07\x08\x7f`},
		{"zero", "a\x00b", `a\x00b`},
		{"C1 as UTF-8", "\u009b31m\u0085", `\u009b31m\u0085`},
		{"C1 as a byte", "\x9b31m", `\x9b31m`},
		{"invalid UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
		{"encoded surrogate", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"right to left override", "a\u202egnp.exe", `a\u202egnp.exe`},
		{"isolates and marks", "\u2066\u2069\u200e\u200f\u061c", `\u2066\u2069\u200e\u200f\u061c`},
		{"invisible", "a\u200bb\u00adc\ufeff", `a\u200bb\u00adc\ufeff`},
		{"separators", "a\u2028b\u2029", `a\u2028b\u2029`},
		{"tags", "a\U000e0041", `a\U000e0041`},
		{"a progress bar", "10 %\r20 %\r\ndone\r\n", "10 %\n20 %\ndone\n"},
		{"the replacement character itself", "\ufffd", "\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, Text(tt.text)) })
	}
}

func TestCredentials(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"password", "Looking in https://me:hunter2@index.example/simple", "Looking in https://[hidden]@index.example/simple"},
		{"token alone", "git+https://ghp_abc@host/x.git", "git+https://[hidden]@host/x.git"},
		{"a sign in it", "http://me:p@ss:w@host:80/", "http://[hidden]@host:80/"},
		{"encoded", "http://me:p%40ss@host", "http://[hidden]@host"},
		{"two", "http://a:b@c http://d:e@f", "http://[hidden]@c http://[hidden]@f"},
		{"quoted", `proxy="socks5://a:b@c"`, `proxy="socks5://[hidden]@c"`},
		{"an address of mail", "ask me@host.example, see https://host.example/@me", "ask me@host.example, see https://host.example/@me"},
		{"basic", "> Authorization: Basic bWU6aHVudGVyMg==", "> Authorization: Basic [hidden]"},
		{"bearer", `{"authorization": "Bearer abc.def"}`, `{"authorization": "Bearer [hidden]"}`},
		{"npm", "//registry.example/:_authToken=abc", "//registry.example/:_authToken=[hidden]"},
		{"npm password", "//registry.example/:_password = abc", "//registry.example/:_password = [hidden]"},
		{"npm's older form", "_auth=abc", "_auth=[hidden]"},
		{"told", "NPM_TOKEN=verysecret, verysecret!", "NPM_TOKEN=[hidden], [hidden]!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, Text(tt.text, "verysecret", ""))
			require.Equal(t, tt.want, Text(tt.want, "verysecret"), "again")
		})
	}
}

func TestLine(t *testing.T) {
	tests := []struct {
		text string
		n    int
		want string
	}{
		{"short", 20, "short"},
		{"two\nlines\r\n\tand  more ", 40, "two lines and more"},
		{"\x1b[2J", 40, `\x1b[2J`},
		{strings.Repeat("a", 30) + "end", 12, "aaaaaa…end"},
		{strings.Repeat("é", 20), 15, "éééé…éé"},
		{"", 10, ""},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, Line(tt.text, tt.n))
	}
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, "verysecret")
	for _, part := range []string{"a \x1b", "[1m http://me:pa", "ss@host\nvery", "secret", "\nend of \xc3", "\xa9"} {
		n, err := w.Write([]byte(part))
		require.NoError(t, err)
		require.Len(t, part, n)
	}
	require.Equal(t, "a \\x1b[1m http://[hidden]@host\n[hidden]\n", b.String())
	require.NoError(t, w.Flush())
	require.Equal(t, "a \\x1b[1m http://[hidden]@host\n[hidden]\nend of é", b.String())

	long := strings.Repeat("x", maxLine+1)
	_, err := w.Write([]byte(long))
	require.NoError(t, err)
	require.Contains(t, b.String(), long, "a line without an end is not kept for ever")

	full := errors.New("full")
	w = NewWriter(failing{full})
	_, err = w.Write([]byte("a\n"))
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, w.Flush(), full)
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

// Whatever comes in, what is shown is valid UTF-8 of characters that are seen,
// and is shown as it is when it comes in again.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a", "\x1b[0m", "\u202e", "\xff\r\n", "http://a:b@c", "_authToken=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shownText := Text(text)
		require.True(t, utf8.ValidString(shownText))
		for _, r := range shownText {
			require.False(t, unicode.IsControl(r) && r != '\n' && r != '\t', "%q", r)
			require.True(t, r == '\n' || r == '\t' || shown(r), "%q", r)
		}
		require.Equal(t, visible(shownText), shownText)
		line := Line(text, 100)
		require.LessOrEqual(t, len(line), 100)
		require.NotContains(t, line, "\n")
	})
}
