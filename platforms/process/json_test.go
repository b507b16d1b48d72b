package process_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

// A function gets the values that were sent, and what it returns arrives,
// whatever is in them. What is no JSON is refused, and is no call.
func TestJSON(t *testing.T) {
	p := openPlatform(t, isolations["full"])
	texts := []string{
		`0`, `-1`, `2147483648`, `-9007199254740991`, `0.1`, `-2.5e-3`, `1E+2`, `1e300`, `5e-324`,
		`""`, `"a\"\\\/\b\f\n\r\tz"`, `"\u0000\u001f\u007f"`, `"é ß 日本 😀"`, `"\u00e9\ud83d\ude00\u2028"`,
		`[]`, `{}`, `[[],{},[{}]]`, `{"":{"a b":[null,true,false]}}`, " [ 1 ,\t2 ,\r\n3 ] ",
		strings.Repeat("[", 200) + strings.Repeat("]", 200),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		text, err := json.Marshal(randomValue(random, 4))
		require.NoError(t, err)
		texts = append(texts, string(text))
	}
	malformed := []string{
		`{`, `{"value":}`, `{"value":1,}`, `{"value":[1 2]}`, `{"value":01}`, `{"value":1.}`, `{"value":.5}`, `{"value":1e}`, `{"value":-}`,
		`{"value":"\x"}`, `{"value":"\u12"}`, `{"value":"` + "\n" + `"}`, `{"value":"}`, `{'value':1}`, `{"value" 1}`, `{value:1}`,
		`{"value":tru}`, `{"value":1}}`, `{} {}`, `nothing`,
	}
	for language := range sources {
		t.Run(language, func(t *testing.T) {
			s := spec(t, p, language)
			c := deploy(t, p, s, stage(t, s, echo[language]))
			for _, text := range texts {
				var want any
				require.NoError(t, json.Unmarshal([]byte(text), &want))
				got := result[struct{ Value any }](t, c, fmt.Sprintf(`{"value":%s}`, text))
				require.Equal(t, want, got.Value, text)
			}
			for _, text := range []string{"\u2028 \u2029 \\u2028", "é日😀\x7f", "<script>&", `\u2028\`} {
				want := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
				got := call(t, c, fmt.Sprintf(`{"value":"%s"}`, want))
				require.Contains(t, string(got.Result), `"`+want+`"`, "the same text has the same bytes in every language")
			}
			for _, text := range malformed {
				x := c.Call(t.Context(), []byte(text))
				require.NotNil(t, x.Failure, text)
				require.Equal(t, driver.Protocol, x.Failure.Cause, text)
			}
			a := call(t, c, `{}`)
			require.Equal(t, int64(1), a.Count, "what was refused is no call")
		})
	}
}

var letters = []rune("ab\"\\/\x00\x1f\n é߀日😀\u2028")

// randomValue returns a value that JSON can write.
func randomValue(random *rand.Rand, depth int) any {
	switch n := random.IntN(8); {
	case n == 0:
		return nil
	case n == 1:
		return random.IntN(2) == 0
	case n == 2:
		return random.Int64N(1<<53) - 1<<52
	case n == 3:
		return random.NormFloat64() * 1e6
	case n < 6 || depth == 0:
		runes := make([]rune, random.IntN(12))
		for i := range runes {
			runes[i] = letters[random.IntN(len(letters))]
		}
		return string(runes)
	case n == 6:
		list := make([]any, random.IntN(5))
		for i := range list {
			list[i] = randomValue(random, depth-1)
		}
		return list
	}
	object := map[string]any{}
	for i := range random.IntN(5) {
		object[fmt.Sprint("key ", i)] = randomValue(random, depth-1)
	}
	return object
}
