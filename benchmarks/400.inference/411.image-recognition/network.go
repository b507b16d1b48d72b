package recognition

import "fmt"

// The network is ResNet-50, version 1.5 (the stride of a block is its 3 x 3
// convolution's), with the names of torchvision's state dictionary.

const (
	side    = 224  // width and height of what the network reads
	classes = 1000 // of ImageNet
	width   = 2048 // features before the last layer
)

// tensor is a parameter of the network.
type tensor struct {
	name  string
	shape []int
}

// length returns the number of values.
func (t tensor) length() int {
	n := 1
	for _, d := range t.shape {
		n *= d
	}
	return n
}

// convolution is a convolution without bias, then a batch normalization, then
// perhaps a ReLU.
type convolution struct {
	name, norm    string // of the parameters: norm.weight, norm.bias, norm.running_mean, norm.running_var
	in, out       int    // channels
	kernel        int    // width and height
	stride        int
	relu          bool
	from, to, add string // values: its input, its output, and what is added before the ReLU
}

// convolutions lists the network's convolutions in an order in which they can
// be computed. The first one's output, "stem", goes through max pooling of 3 x 3
// with stride 2 to "pool"; the last one's is averaged to features, from which
// fc.weight and fc.bias make the classes' scores.
func convolutions() []convolution {
	list := []convolution{{name: "conv1", norm: "bn1", in: 3, out: 64, kernel: 7, stride: 2, relu: true, from: "input", to: "stem"}}
	from, in := "pool", 64
	for stage, blocks := range []int{3, 4, 6, 3} {
		middle := 64 << stage
		for block := range blocks {
			name := fmt.Sprintf("layer%d.%d", stage+1, block)
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			list = append(list,
				convolution{name: name + ".conv1", norm: name + ".bn1", in: in, out: middle, kernel: 1, stride: 1, relu: true, from: from, to: name + ".1"},
				convolution{name: name + ".conv2", norm: name + ".bn2", in: middle, out: middle, kernel: 3, stride: stride, relu: true, from: name + ".1", to: name + ".2"})
			add := from
			if block == 0 {
				add = name + ".shortcut"
				list = append(list, convolution{
					name: name + ".downsample.0", norm: name + ".downsample.1", in: in, out: 4 * middle, kernel: 1, stride: stride, from: from, to: add,
				})
			}
			list = append(list, convolution{
				name: name + ".conv3", norm: name + ".bn3", in: middle, out: 4 * middle, kernel: 1, stride: 1, relu: true, from: name + ".2", to: name, add: add,
			})
			from, in = name, 4*middle
		}
	}
	return list
}

// weight is the kernel of a convolution.
func (c convolution) weight() tensor {
	return tensor{c.name + ".weight", []int{c.out, c.in, c.kernel, c.kernel}}
}

// normalization lists scale, bias, mean and variance of a convolution's batch
// normalization.
func (c convolution) normalization() []tensor {
	var list []tensor
	for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
		list = append(list, tensor{c.norm + "." + part, []int{c.out}})
	}
	return list
}

// parameters lists all tensors of the network.
func parameters() []tensor {
	var list []tensor
	for _, c := range convolutions() {
		list = append(append(list, c.weight()), c.normalization()...)
	}
	return append(list, tensor{"fc.weight", []int{classes, width}}, tensor{"fc.bias", []int{classes}})
}
