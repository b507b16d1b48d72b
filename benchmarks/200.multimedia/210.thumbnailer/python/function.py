"""Downloads a photo, shrinks it to fit a box and uploads it as JPEG."""

import io
import posixpath
import time

from PIL import Image

from . import storage

QUALITY = 85

client = storage.storage.get_instance()


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


def shrink(photo, width, height):
    """Returns the photo as a JPEG of at most width x height, its aspect kept."""
    with Image.open(photo) as image:
        image.thumbnail((width, height))
        if image.mode not in ("RGB", "L"):
            image = image.convert("RGB")
        out = io.BytesIO()
        image.save(out, "JPEG", quality=QUALITY)
    out.seek(0)
    return out


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    bucket = field(event, "bucket.bucket", str)
    source = posixpath.join(field(event, "bucket.input", str), field(event, "object.key", str))
    target = posixpath.join(field(event, "bucket.output", str), posixpath.basename(source))
    width = field(event, "object.width", int)
    height = field(event, "object.height", int)
    if width < 1 or height < 1:
        raise ValueError(f"the event's object.width and object.height are {width} x {height}, want at least 1 x 1")

    begin = time.perf_counter_ns()
    photo = bytes(client.download_stream(bucket, source))
    downloaded = time.perf_counter_ns()
    if not photo:
        raise ValueError(f"the object {source} is empty")
    try:
        thumbnail = shrink(io.BytesIO(photo), width, height)
    except OSError as error:
        raise ValueError(f"the object {source} is not a whole image: {error}") from error
    computed = time.perf_counter_ns()
    size = thumbnail.getbuffer().nbytes
    key = client.upload_stream(bucket, target, thumbnail)
    uploaded = time.perf_counter_ns()

    return {
        "result": {"bucket": bucket, "key": key},
        "measurement": {
            "download_time": microseconds(begin, downloaded),
            "download_size": len(photo),
            "compute_time": microseconds(downloaded, computed),
            "upload_time": microseconds(computed, uploaded),
            "upload_size": size,
        },
    }
