package recognition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// pickle reads Python's pickles as far as files of torch.save use them. It
// runs nothing: of the classes and functions that a pickle may name it knows a
// dictionary's and those of tensors.
type pickle struct {
	data  []byte
	at    int
	stack []any
	marks []int // places in the stack
	memo  map[uint32]any
	sizes map[string]int // of storages by their keys: bytes of a value
}

// What values of a pickle are, beside string, int and bool.
type (
	long      []byte // a large integer, the lowest byte first
	global    string // the name of a class or function
	tuple     []any
	list      struct{ items []any }
	dict      map[string]any
	none      struct{}
	storage   string // the key of a storage of float32
	other     string // the key of a storage of another type
	tensorRef struct {
		storage        string
		offset, length int // in values
	}
)

var errPickle = errors.New("it is not a pickle of torch.save, or is cut off")

// load reads one pickle and returns its value.
func (p *pickle) load() (any, error) {
	p.stack, p.marks, p.memo = nil, nil, map[uint32]any{}
	for {
		op, err := p.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			return p.pop()
		}
		if err := p.step(op[0]); err != nil {
			return nil, err
		}
	}
}

// take returns the next n bytes.
func (p *pickle) take(n int) ([]byte, error) {
	if n < 0 || n > len(p.data)-p.at {
		return nil, errPickle
	}
	p.at += n
	return p.data[p.at-n : p.at], nil
}

// number returns the next n bytes as an integer, the lowest byte first.
func (p *pickle) number(n int) (uint32, error) {
	b, err := p.take(n)
	if err != nil {
		return 0, err
	}
	var word [4]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint32(word[:]), nil
}

// line returns what comes before the next line's end.
func (p *pickle) line() (string, error) {
	n := bytes.IndexByte(p.data[p.at:], '\n')
	if n < 0 {
		return "", errPickle
	}
	b, err := p.take(n + 1)
	return string(b[:n]), err
}

func (p *pickle) push(v any) { p.stack = append(p.stack, v) }

func (p *pickle) pop() (any, error) {
	n := len(p.stack)
	if n == 0 || len(p.marks) > 0 && n <= p.marks[len(p.marks)-1] {
		return nil, errPickle
	}
	v := p.stack[n-1]
	p.stack = p.stack[:n-1]
	return v, nil
}

// since returns what was pushed after the last mark, and takes it off.
func (p *pickle) since() ([]any, error) {
	if len(p.marks) == 0 {
		return nil, errPickle
	}
	mark := p.marks[len(p.marks)-1]
	p.marks = p.marks[:len(p.marks)-1]
	values := append([]any(nil), p.stack[mark:]...)
	p.stack = p.stack[:mark]
	return values, nil
}

// several returns the last n values, and takes them off.
func (p *pickle) several(n int) ([]any, error) {
	values := make([]any, n)
	for i := n - 1; i >= 0; i-- {
		var err error
		if values[i], err = p.pop(); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// step executes one instruction.
func (p *pickle) step(op byte) error {
	switch op {
	case 0x80: // version of the format
		_, err := p.take(1)
		return err
	case '(':
		p.marks = append(p.marks, len(p.stack))
	case 'N':
		p.push(none{})
	case 0x88, 0x89:
		p.push(op == 0x88)
	case 'K', 'M', 'J': // integers of 1, 2 and 4 bytes
		n, err := p.number(map[byte]int{'K': 1, 'M': 2, 'J': 4}[op])
		if err != nil {
			return err
		}
		p.push(int(int32(n)))
	case 0x8a:
		n, err := p.number(1)
		if err != nil {
			return err
		}
		b, err := p.take(int(n))
		if err != nil {
			return err
		}
		p.push(long(b))
	case 'X', 'T', 'U': // strings, with 4, 4 and 1 bytes of length
		n, err := p.number(map[byte]int{'X': 4, 'T': 4, 'U': 1}[op])
		if err != nil {
			return err
		}
		b, err := p.take(int(n))
		if err != nil {
			return err
		}
		p.push(string(b))
	case 'c':
		module, err := p.line()
		if err != nil {
			return err
		}
		name, err := p.line()
		if err != nil {
			return err
		}
		p.push(global(module + "." + name))
	case 'q', 'r', 'h', 'j':
		return p.remember(op)
	default:
		return p.build(op)
	}
	return nil
}

// remember executes an instruction that stores a value in the memo or takes
// one from it.
func (p *pickle) remember(op byte) error {
	size := 1
	if op == 'r' || op == 'j' {
		size = 4
	}
	at, err := p.number(size)
	if err != nil {
		return err
	}
	if op == 'q' || op == 'r' {
		if len(p.stack) == 0 {
			return errPickle
		}
		p.memo[at] = p.stack[len(p.stack)-1]
		return nil
	}
	v, ok := p.memo[at]
	if !ok {
		return errPickle
	}
	p.push(v)
	return nil
}

// build executes an instruction that makes a value of others.
func (p *pickle) build(op byte) error {
	switch op {
	case '}':
		p.push(dict{})
	case ']':
		p.push(&list{})
	case ')':
		p.push(tuple{})
	case 0x85, 0x86, 0x87: // tuples of 1, 2 and 3 values
		values, err := p.several(int(op) - 0x84)
		if err != nil {
			return err
		}
		p.push(tuple(values))
	case 't':
		values, err := p.since()
		if err != nil {
			return err
		}
		p.push(tuple(values))
	case 'a', 'e', 's', 'u':
		return p.extend(op)
	case 'Q':
		id, err := p.pop()
		if err != nil {
			return err
		}
		v, err := p.persistent(id)
		if err != nil {
			return err
		}
		p.push(v)
	case 'R':
		values, err := p.several(2)
		if err != nil {
			return err
		}
		v, err := call(values[0], values[1])
		if err != nil {
			return err
		}
		p.push(v)
	case 'b': // the state of an object: versions of its modules
		_, err := p.pop()
		return err
	default:
		return fmt.Errorf("%w: instruction %#02x", errPickle, op)
	}
	return nil
}

// extend executes an instruction that adds values to a list or a dictionary.
func (p *pickle) extend(op byte) error {
	var values []any
	var err error
	switch op {
	case 'a':
		values, err = p.several(1)
	case 's':
		values, err = p.several(2)
	default:
		values, err = p.since()
	}
	if err != nil {
		return err
	}
	if len(p.stack) == 0 {
		return errPickle
	}
	switch to := p.stack[len(p.stack)-1].(type) {
	case *list:
		to.items = append(to.items, values...)
	case dict:
		for i := 0; i+1 < len(values); i += 2 {
			if key, ok := values[i].(string); ok {
				to[key] = values[i+1]
			}
		}
	default:
		return errPickle
	}
	return nil
}

// valueBytes are the sizes of values by the types of storages.
var valueBytes = map[global]int{
	"torch.ByteStorage": 1, "torch.CharStorage": 1, "torch.BoolStorage": 1,
	"torch.ShortStorage": 2, "torch.HalfStorage": 2, "torch.BFloat16Storage": 2,
	"torch.IntStorage": 4, "torch.FloatStorage": 4,
	"torch.LongStorage": 8, "torch.DoubleStorage": 8,
}

// persistent returns the storage that a persistent id names: ("storage", type,
// key, device, length, view).
func (p *pickle) persistent(id any) (any, error) {
	t, ok := id.(tuple)
	if !ok || len(t) < 5 || t[0] != any("storage") {
		return nil, errPickle
	}
	kind, isGlobal := t[1].(global)
	key, isString := t[2].(string)
	if !isGlobal || !isString || valueBytes[kind] == 0 {
		return nil, errPickle
	}
	p.sizes[key] = valueBytes[kind]
	if kind != "torch.FloatStorage" {
		return other(key), nil
	}
	return storage(key), nil
}

// call returns what a class or function makes of its arguments.
func call(callee, arguments any) (any, error) {
	name, ok := callee.(global)
	args, isTuple := arguments.(tuple)
	if !ok || !isTuple {
		return nil, errPickle
	}
	switch {
	case name == "collections.OrderedDict":
		return ordered(args)
	case name == "torch._utils._rebuild_parameter" && len(args) > 0:
		return args[0], nil
	case (name == "torch._utils._rebuild_tensor" || name == "torch._utils._rebuild_tensor_v2") && len(args) >= 4:
		return rebuild(args)
	}
	return nil, fmt.Errorf("it calls %s, which is no part of a dictionary of tensors", name)
}

// ordered returns a dictionary from a list of pairs, or an empty one.
func ordered(args tuple) (any, error) {
	d := dict{}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := args[0].(*list)
	if !ok {
		return nil, errPickle
	}
	for _, item := range pairs.items {
		pair, ok := item.(*list)
		if !ok || len(pair.items) != 2 {
			return nil, errPickle
		}
		if key, ok := pair.items[0].(string); ok {
			d[key] = pair.items[1]
		}
	}
	return d, nil
}

// rebuild returns a tensor from a storage, an offset, a shape and strides,
// which must be those of a tensor without gaps.
func rebuild(args tuple) (any, error) {
	offset, ok := args[1].(int)
	shape, isShape := args[2].(tuple)
	strides, isStrides := args[3].(tuple)
	if !ok || !isShape || !isStrides || len(shape) != len(strides) || len(shape) > 4 {
		return nil, errPickle
	}
	length := 1
	for i := len(shape) - 1; i >= 0; i-- {
		size, ok := shape[i].(int)
		stride, isInt := strides[i].(int)
		if !ok || !isInt || size < 0 || size > 1<<26 || length > 1<<28 {
			return nil, errPickle
		}
		if stride != length && size > 1 {
			return nil, errors.New("it has a tensor with gaps")
		}
		length *= size
	}
	if key, ok := args[0].(storage); ok {
		return tensorRef{string(key), offset, length}, nil
	}
	if key, ok := args[0].(other); ok {
		return key, nil // not of float32
	}
	return nil, errPickle
}
