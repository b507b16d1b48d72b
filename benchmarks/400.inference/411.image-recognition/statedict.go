package recognition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// stateDict is what a file of torch.save holds in the format that was usual
// before PyTorch 1.6, as resnet50-19c8e357.pth has it: tensors of float32 by
// name.
type stateDict map[string][]float32

// readStateDict reads such a file. After a magic number, a version and facts
// about the machine come the tensors, which name storages, then a list of the
// storages' keys, each of them a pickle, then the storages in that order.
func readStateDict(data []byte) (stateDict, error) {
	p := pickle{data: data, sizes: map[string]int{}}
	magic, err := p.load()
	if err != nil {
		return nil, err
	}
	want := []byte{0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}
	if number, ok := magic.(long); !ok || !bytes.Equal(number, want) {
		return nil, errors.New("it does not begin with the magic number of torch.save's old format")
	}
	var values [4]any
	for i := range values {
		if values[i], err = p.load(); err != nil {
			return nil, err
		}
	}
	tensors, ok := values[2].(dict)
	if !ok {
		return nil, errors.New("it holds no dictionary of tensors")
	}
	keys, ok := values[3].(*list)
	if !ok {
		return nil, errors.New("it has no list of storages")
	}
	storages := map[string][]byte{}
	rest := p.data[p.at:]
	for _, key := range keys.items {
		name, ok := key.(string)
		if !ok || len(rest) < 8 {
			return nil, errors.New("its storages are cut off")
		}
		n := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		size, ok := p.sizes[name]
		if !ok || n > uint64(len(rest)/size) {
			return nil, errors.New("its storages are cut off")
		}
		end := int(n) * size
		storages[name], rest = rest[:end], rest[end:]
	}
	state := stateDict{}
	for name, value := range tensors {
		ref, ok := value.(tensorRef)
		if !ok {
			continue // a counter of batches, which inference does not use
		}
		storage := storages[ref.storage]
		if ref.offset < 0 || ref.length < 0 || ref.offset > len(storage)/4 || ref.length > len(storage)/4-ref.offset {
			return nil, fmt.Errorf("the tensor %s is not within its storage", name)
		}
		floats := make([]float32, ref.length)
		for i := range floats {
			floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(storage[4*(ref.offset+i):]))
		}
		state[name] = floats
	}
	return state, nil
}

// tensor returns the values of a parameter.
func (s stateDict) tensor(t tensor) ([]float32, error) {
	values, ok := s[t.name]
	if !ok {
		return nil, fmt.Errorf("there is no %s: want a state dictionary of ResNet-50", t.name)
	}
	return values, nil
}
