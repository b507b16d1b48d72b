package nearest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The distances are those that the definition gives by hand; "ca" to "abc" is
// 3 where a letter may not be edited twice.
func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"warm", "warm", 0},
		{"wram", "warm", 1}, {"pyhton", "python", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
		{"nodjes", "nodejs", 1}, {"grüße", "gruesse", 4},
	} {
		require.Equal(t, tt.want, distance(tt.a, tt.b), "%s %s", tt.a, tt.b)
		require.Equal(t, tt.want, distance(tt.b, tt.a), "%s %s", tt.b, tt.a)
	}
}

func TestWord(t *testing.T) {
	for _, tt := range []struct {
		word  string
		words []string
		want  string // empty: none is near
	}{
		{"pyhton", []string{"java", "nodejs", "python"}, "python"},
		{"Python", []string{"java", "python"}, "python"},
		{"node", []string{"go", "nodejs"}, "nodejs"},
		{"wram", []string{"cold", "warm"}, "warm"},
		{"SEBS_SAMLPES", []string{"SEBS_SIZE", "SEBS_SAMPLES"}, "SEBS_SAMPLES"},
		{"SEBS_TIMEOUT", []string{"SEBS_SIZE", "SEBS_SAMPLES"}, ""},
		{"rust", []string{"go", "cpp", "java"}, ""},
		{"x", []string{"y"}, ""},
		{"", []string{"y", ""}, ""},
		{"moed", []string{"mode", "mood"}, "mode"},
	} {
		got, ok := Word(tt.word, tt.words)
		require.Equal(t, tt.want, got, tt.word)
		require.Equal(t, tt.want != "", ok, tt.word)
	}
	require.Equal(t, ` (did you mean "warm"?)`, Hint("wram", []string{"warm"}))
	require.Empty(t, Hint("lukewarm", []string{"warm"}))
}

// FuzzDistance checks what every distance is: symmetric, zero for the same
// alone, and no larger than the longer word.
func FuzzDistance(f *testing.F) {
	f.Add("warm", "wram")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		d := distance(a, b)
		require.Equal(t, d, distance(b, a))
		require.LessOrEqual(t, d, max(len([]rune(a)), len([]rune(b))))
		if string([]rune(a)) == string([]rune(b)) && len(a) < 200 {
			require.Zero(t, d)
		} else if len([]rune(a)) <= 200 && len([]rune(b)) <= 200 {
			require.Positive(t, d)
		}
	})
}
