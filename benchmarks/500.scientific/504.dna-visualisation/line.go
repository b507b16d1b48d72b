package dna

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// rise is how far a base takes the line up in its first half and in its whole.
// Letters for bases that are not known take it nowhere.
func rise(base byte) (half, whole float64) {
	switch base {
	case 'A', 'a':
		return 0.5, 0
	case 'C', 'c':
		return -0.5, 0
	case 'G', 'g':
		return 0.5, 1
	case 'T', 't':
		return -0.5, -1
	}
	return 0, 0
}

// compare says where a drawing is not the line of a sequence: [[x, …], [y, …]]
// with two points for each base after the first, at 0. All values are halves
// and therefore exact.
func compare(drawing, bases []byte) error {
	l := list{data: drawing}
	if err := l.token('['); err != nil {
		return err
	}
	x := 0.0
	err := l.numbers("x", 2*len(bases)+1, func(int) float64 { x += 0.5; return x - 0.5 })
	if err != nil {
		return err
	}
	if err := l.token(','); err != nil {
		return err
	}
	y := 0.0
	err = l.numbers("y", 2*len(bases)+1, func(i int) float64 {
		if i == 0 {
			return 0
		}
		half, whole := rise(bases[(i-1)/2])
		if i%2 == 1 {
			return y + half
		}
		y += whole
		return y
	})
	if err != nil {
		return err
	}
	if err := l.token(']'); err != nil {
		return err
	}
	if l.space(); l.at < len(l.data) {
		return fmt.Errorf("byte %d: more follows the drawing", l.at)
	}
	return nil
}

// list reads JSON of lists of numbers. A drawing has millions of them, so
// decoding them with encoding/json would take longer than the function.
type list struct {
	data []byte
	at   int
}

func (l *list) space() {
	for l.at < len(l.data) && (l.data[l.at] == ' ' || l.data[l.at] == '\n' || l.data[l.at] == '\t' || l.data[l.at] == '\r') {
		l.at++
	}
}

// next returns the next byte after white space, 0 at the end.
func (l *list) next() byte {
	if l.space(); l.at < len(l.data) {
		return l.data[l.at]
	}
	return 0
}

func (l *list) token(want byte) error {
	if got := l.next(); got != want {
		return fmt.Errorf("byte %d: got %.20q, want %q", l.at, l.data[l.at:], want)
	}
	l.at++
	return nil
}

// numbers compares a list of numbers with the n that want returns, in order.
func (l *list) numbers(name string, n int, want func(int) float64) error {
	if err := l.token('['); err != nil {
		return err
	}
	for i := range n {
		if i > 0 {
			if l.next() == ']' {
				return fmt.Errorf("the drawing has %d %s, want %d", i, name, n)
			}
			if err := l.token(','); err != nil {
				return err
			}
		}
		l.space()
		end := bytes.IndexAny(l.data[l.at:min(l.at+32, len(l.data))], ",] \n\t\r")
		if end < 0 {
			return fmt.Errorf("byte %d: want a number and what follows it", l.at)
		}
		text := l.data[l.at : l.at+end]
		got, err := strconv.ParseFloat(string(text), 64)
		if err != nil || !json.Valid(text) {
			return fmt.Errorf("%s %d of the drawing is %q, want a number", name, i, text)
		}
		if w := want(i); got != w {
			return fmt.Errorf("%s %d of the drawing is %v, want %v", name, i, got, w)
		}
		l.at += end
	}
	if l.next() == ',' {
		return fmt.Errorf("the drawing has more than %d %s", n, name)
	}
	return l.token(']')
}
