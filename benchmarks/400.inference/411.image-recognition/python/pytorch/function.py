"""Downloads photos and says what is on them, by ResNet-50 in PyTorch."""

import torch
from torch.nn.functional import adaptive_avg_pool2d, batch_norm, conv2d, linear, max_pool2d, relu

from . import onnx, recognition

MEAN = torch.tensor(recognition.MEAN).reshape(3, 1, 1)
DEVIATION = torch.tensor(recognition.DEVIATION).reshape(3, 1, 1)


def blocks():
    """Lists the network's blocks: name, channels in, channels inside, stride."""
    channels = 64
    for stage, count in enumerate((3, 4, 6, 3)):
        for block in range(count):
            yield f"layer{stage + 1}.{block}", channels, 64 << stage, 2 if stage > 0 and block == 0 else 1
            channels = 256 << stage


def shapes():
    """Returns the shapes of the network's parameters by their names."""
    wanted = {"fc.weight": (len(recognition.CLASSES), 2048), "fc.bias": (len(recognition.CLASSES),)}

    def convolution(name, norm, *shape):
        wanted[name + ".weight"] = shape
        for part in "weight", "bias", "running_mean", "running_var":
            wanted[f"{norm}.{part}"] = shape[:1]

    convolution("conv1", "bn1", 64, 3, 7, 7)
    for name, channels, inside, _ in blocks():
        convolution(name + ".conv1", name + ".bn1", inside, channels, 1, 1)
        convolution(name + ".conv2", name + ".bn2", inside, inside, 3, 3)
        convolution(name + ".conv3", name + ".bn3", 4 * inside, inside, 1, 1)
        if name.endswith(".0"):
            convolution(name + ".downsample.0", name + ".downsample.1", 4 * inside, channels, 1, 1)
    return wanted


def load(data, key):
    """Returns the parameters of a model by their names."""
    try:
        tensors = onnx.initializers(data)
    except ValueError as error:
        raise ValueError(f"the object {key} is not a whole model: {error}") from error
    wanted, found = shapes(), {name: shape for name, (shape, _) in tensors.items()}
    if found != wanted:
        name = min(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise ValueError(f"the object {key} is another model: its {name} has the shape {found.get(name)}, want {wanted.get(name)}")
    return {name: torch.frombuffer(bytearray(values), dtype=torch.float32).reshape(shape) for name, (shape, values) in tensors.items()}


def forward(parameters, values):
    """Returns the scores of the classes."""

    def convolve(values, name, norm, stride=1):
        kernel = parameters[name + ".weight"]
        values = conv2d(values, kernel, stride=stride, padding=kernel.shape[-1] // 2)
        return batch_norm(values, *(parameters[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))

    values = max_pool2d(relu(convolve(values, "conv1", "bn1", 2)), 3, stride=2, padding=1)
    for name, _, _, stride in blocks():
        shortcut = values
        if name.endswith(".0"):
            shortcut = convolve(values, name + ".downsample.0", name + ".downsample.1", stride)
        values = relu(convolve(values, name + ".conv1", name + ".bn1"))
        values = relu(convolve(values, name + ".conv2", name + ".bn2", stride))
        values = relu(convolve(values, name + ".conv3", name + ".bn3") + shortcut)
    return linear(adaptive_avg_pool2d(values, 1).flatten(1), parameters["fc.weight"], parameters["fc.bias"])


@torch.inference_mode()
def classify(parameters, image):
    """Returns the number and the score of an image's class."""
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(image.height, image.width, 3)
    values = (pixels.permute(2, 0, 1) / 255 - MEAN) / DEVIATION
    scores = forward(parameters, values.unsqueeze(0).contiguous())[0]
    index = int(scores.argmax())
    return index, float(scores[index])


def handler(event):
    return recognition.recognize(event, load, classify)
