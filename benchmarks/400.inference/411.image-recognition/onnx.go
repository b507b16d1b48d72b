package recognition

import (
	"encoding/binary"
	"fmt"
	"math"
)

// onnx returns the network with its weights as a file of the Open Neural
// Network Exchange format, which runtimes of every language read: an input
// "input" of 1 x 3 x 224 x 224 values and an output "output" of 1 x 1000.
func onnx(w weights) ([]byte, error) {
	var graph message
	node := func(kind string, inputs []string, output string, attributes ...attribute) {
		var n message
		for _, in := range inputs {
			n.text(1, in)
		}
		n.text(2, output)
		n.text(3, output) // its name
		n.text(4, kind)
		for _, a := range attributes {
			n.bytes(5, a.encode())
		}
		graph.bytes(1, n)
	}
	for _, c := range convolutions() {
		pad := int64(c.kernel / 2)
		node("Conv", []string{c.from, c.name + ".weight"}, c.to+"/convolved",
			attribute{"kernel_shape", []int64{int64(c.kernel), int64(c.kernel)}},
			attribute{"pads", []int64{pad, pad, pad, pad}},
			attribute{"strides", []int64{int64(c.stride), int64(c.stride)}})
		norm := []string{c.to + "/convolved"}
		for _, t := range c.normalization() {
			norm = append(norm, t.name)
		}
		steps := []string{c.to + "/normalized", c.to + "/added", c.to}
		switch {
		case !c.relu:
			node("BatchNormalization", norm, c.to)
		case c.add == "":
			node("BatchNormalization", norm, steps[0])
			node("Relu", steps[:1], c.to)
		default:
			node("BatchNormalization", norm, steps[0])
			node("Add", []string{steps[0], c.add}, steps[1])
			node("Relu", steps[1:2], c.to)
		}
		if c.to == "stem" {
			node("MaxPool", []string{"stem"}, "pool",
				attribute{"kernel_shape", []int64{3, 3}}, attribute{"pads", []int64{1, 1, 1, 1}}, attribute{"strides", []int64{2, 2}})
		}
	}
	node("GlobalAveragePool", []string{"layer4.2"}, "averages")
	node("Flatten", []string{"averages"}, "features")
	node("Gemm", []string{"features", "fc.weight", "fc.bias"}, "output", attribute{"transB", []int64{1}})
	graph.text(2, "resnet50")
	for _, t := range parameters() {
		values, err := w(t)
		if err != nil {
			return nil, err
		}
		if len(values) != t.length() {
			return nil, fmt.Errorf("%s has %d values, want %d", t.name, len(values), t.length())
		}
		graph.bytes(5, initializer(t, values))
	}
	graph.bytes(11, valueInfo("input", 1, 3, side, side))
	graph.bytes(12, valueInfo("output", 1, classes))

	var opset, model message
	opset.number(2, 13)
	model.number(1, 7) // version of the format
	model.text(2, "sebs")
	model.bytes(7, graph)
	model.bytes(8, opset)
	return model, nil
}

// initializer encodes a parameter.
func initializer(t tensor, values []float32) message {
	var m message
	for _, d := range t.shape {
		m.number(1, uint64(d))
	}
	m.number(2, 1) // float
	m.text(8, t.name)
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	m.bytes(9, raw)
	return m
}

// valueInfo encodes what an input or output of the network is.
func valueInfo(name string, shape ...int) message {
	var dims, kind, typ, info message
	for _, d := range shape {
		var dim message
		dim.number(1, uint64(d))
		dims.bytes(1, dim)
	}
	kind.number(1, 1) // float
	kind.bytes(2, dims)
	typ.bytes(1, kind)
	info.text(1, name)
	info.bytes(2, typ)
	return info
}

// attribute is an attribute of a node: one integer, or several.
type attribute struct {
	name   string
	values []int64
}

func (a attribute) encode() message {
	var m message
	m.text(1, a.name)
	if len(a.values) == 1 {
		m.number(3, uint64(a.values[0]))
		m.number(20, 2) // an integer
		return m
	}
	for _, v := range a.values {
		m.number(8, uint64(v))
	}
	m.number(20, 7) // integers
	return m
}

// message is an encoded message of protocol buffers.
type message []byte

func (m *message) number(field int, v uint64) {
	*m = binary.AppendUvarint(binary.AppendUvarint(*m, uint64(field<<3)), v)
}

func (m *message) bytes(field int, data []byte) {
	*m = binary.AppendUvarint(binary.AppendUvarint(*m, uint64(field<<3|2)), uint64(len(data)))
	*m = append(*m, data...)
}

func (m *message) text(field int, s string) { m.bytes(field, []byte(s)) }
