"""What recognizing photos is with any library: the event, the downloads, how a
photo is cut, and the measurement. The model is kept for later calls."""

import io
import json
import os
import posixpath
import time

from PIL import Image

from . import storage

SHORTER, SIDE = 256, 224  # a photo is shrunk until its shorter side has 256 pixels, and 224 x 224 of its middle are used
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the colours of the photos that networks are trained on

client = storage.storage.get_instance()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "resources", "classes.json"), encoding="utf-8") as f:
    CLASSES = json.load(f)

loaded = None  # bucket and key of the model, and what load made of it


def field(event, path, kind):
    """Returns the event's value at a dotted path, which must be of type kind."""
    value = event
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"the event has no {path}")
        value = value[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"the event's {path} is {type(value).__name__}, want {kind.__name__}")
    return value


def fetch(bucket, key):
    """Returns an object's content."""
    data = bytes(client.download_stream(bucket, key))
    if not data:
        raise ValueError(f"the object {key} is empty")
    return data


def cut(photo, key):
    """Returns the part of a photo that the network reads, SIDE x SIDE pixels."""
    try:
        with Image.open(io.BytesIO(photo)) as image:
            image = image.convert("RGB")
    except OSError as error:
        raise ValueError(f"the object {key} is not a whole image: {error}") from error
    width, height = image.size
    shorter = min(width, height)
    image = image.resize((width * SHORTER // shorter, height * SHORTER // shorter), Image.Resampling.BILINEAR)
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    return image.crop((left, top, left + SIDE, top + SIDE))


def microseconds(start, end):
    return (end - start) // 1000


def recognize(event, load, classify):
    """Answers an event. load makes a model of an object's content and key, and
    classify returns the number and the score of the best class, given a model
    and an image."""
    global loaded
    bucket = field(event, "bucket.bucket", str)
    model = posixpath.join(field(event, "bucket.model", str), field(event, "object.model", str))
    inputs = field(event, "object.inputs", list)
    folder = field(event, "bucket.input", str)
    if not inputs or not all(isinstance(name, str) for name in inputs):
        raise TypeError("the event's object.inputs is not a list of at least one name")

    begin = time.perf_counter_ns()
    photos = [(posixpath.join(folder, name), fetch(bucket, posixpath.join(folder, name))) for name in inputs]
    downloaded = time.perf_counter_ns()
    size = sum(len(photo) for _, photo in photos)

    model_begin = model_downloaded = model_loaded = downloaded
    if loaded is None or loaded[0] != (bucket, model):
        data = fetch(bucket, model)
        model_downloaded = time.perf_counter_ns()
        size += len(data)
        loaded = (bucket, model), load(data, model)
        del data
        model_loaded = time.perf_counter_ns()

    predictions = []
    for name, (key, photo) in zip(inputs, photos):
        index, score = classify(loaded[1], cut(photo, key))
        predictions.append({"key": name, "idx": index, "class": CLASSES[index], "score": score})
    computed = time.perf_counter_ns()

    return {
        "result": {"predictions": predictions},
        "measurement": {
            "download_time": microseconds(begin, model_downloaded),
            "download_size": size,
            "compute_time": microseconds(model_downloaded, computed),
            "model_time": microseconds(model_downloaded, model_loaded),
            "model_download_time": microseconds(model_begin, model_downloaded),
        },
    }
