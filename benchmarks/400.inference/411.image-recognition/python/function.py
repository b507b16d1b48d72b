"""Downloads photos and says what is on them, by ResNet-50 in ONNX Runtime."""

import numpy
import onnxruntime

from . import recognition

MEAN = numpy.array(recognition.MEAN, dtype=numpy.float32)
DEVIATION = numpy.array(recognition.DEVIATION, dtype=numpy.float32)


def load(data, key):
    """Returns a session with a model."""
    try:
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        shapes = session.get_inputs()[0].shape, session.get_outputs()[0].shape
    except Exception as error:  # onnxruntime's errors have no type of their own
        raise ValueError(f"the object {key} is not a whole model: {error}") from error
    if shapes != ([1, 3, recognition.SIDE, recognition.SIDE], [1, len(recognition.CLASSES)]):
        raise ValueError(f"the object {key} is a model with the shapes {shapes}")
    return session


def classify(session, image):
    """Returns the number and the score of an image's class."""
    values = (numpy.asarray(image, dtype=numpy.float32) / 255 - MEAN) / DEVIATION
    values = numpy.ascontiguousarray(values.transpose(2, 0, 1)[numpy.newaxis])
    scores = session.run(None, {session.get_inputs()[0].name: values})[0][0]
    index = int(scores.argmax())
    return index, float(scores[index])


def handler(event):
    return recognition.recognize(event, load, classify)
