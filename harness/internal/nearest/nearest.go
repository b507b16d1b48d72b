// Package nearest finds the word that somebody meant by one that is not known.
// It refuses to guess: a word that is like none has no nearest.
package nearest

import (
	"fmt"
	"strings"
)

// Word returns the word of words that is most like the given one, whatever
// their cases: that takes the fewest insertions, deletions, replacements and
// swaps of neighbouring letters, of which there may be one for three letters.
// Of several the first is returned; ok is false if none is that near.
func Word(word string, words []string) (nearest string, ok bool) {
	best := -1
	for _, w := range words {
		d := distance(strings.ToLower(word), strings.ToLower(w))
		if most := max(1, max(len([]rune(word)), len([]rune(w)))/3); d > most || d >= len([]rune(word)) {
			continue
		}
		if best < 0 || d < best {
			nearest, best = w, d
		}
	}
	return nearest, best >= 0
}

// Hint returns ` (did you mean "…"?)` with the nearest of words, empty if there
// is none.
func Hint(word string, words []string) string {
	if w, ok := Word(word, words); ok {
		return fmt.Sprintf(" (did you mean %q?)", w)
	}
	return ""
}

// distance is the edit distance of optimal string alignment: between a and b,
// swaps of neighbours included.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 200 || len(y) > 200 { // no word
		return max(len(x), len(y))
	}
	before, above, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			replaced := above[j]
			if x[i] != y[j] {
				replaced++
			}
			row[j+1] = min(replaced, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}
