"""Downloads a file from a URL and uploads it to the object store."""

import os
import posixpath
import shutil
import tempfile
import time
import urllib.parse
import urllib.request

from . import storage

TIMEOUT = 30  # seconds without a byte

client = storage.storage.get_instance()


def field(event, path, kind):
    """Returns the event's value at a dotted path, which must be of type kind."""
    value = event
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"the event has no {path}")
        value = value[name]
    if not isinstance(value, kind):
        raise TypeError(f"the event's {path} is {type(value).__name__}, want {kind.__name__}")
    return value


def shown(url):
    """Returns a URL without its query, which may hold a signature."""
    return url.partition("?")[0]


def fetch(url, path):
    """Writes what the URL has to a file, whole."""
    request = urllib.request.Request(url, headers={"User-Agent": "SeBS 120.uploader"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response, open(path, "wb") as file:
            shutil.copyfileobj(response, file, 1 << 20)
            got, announced = file.tell(), response.headers.get("Content-Length")
            if announced is not None and got != int(announced):
                raise OSError(f"the file ended after {got} of {announced} bytes")
    except OSError as error:
        raise OSError(f"GET {shown(url)}: {error}") from error


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    bucket = field(event, "bucket.bucket", str)
    output = field(event, "bucket.output", str)
    url = field(event, "object.url", str)
    parts = urllib.parse.urlsplit(url)
    name = posixpath.basename(urllib.parse.unquote(parts.path))
    if parts.scheme not in ("http", "https") or not name:
        raise ValueError(f"the event's object.url is {shown(url)!r}, want http or https and a file's name")

    handle, path = tempfile.mkstemp(prefix="uploader-")
    os.close(handle)
    try:
        begin = time.perf_counter_ns()
        fetch(url, path)
        downloaded = time.perf_counter_ns()
        size = os.path.getsize(path)
        start = time.perf_counter_ns()
        key = client.upload(bucket, posixpath.join(output, name), path)
        uploaded = time.perf_counter_ns()
    finally:
        os.remove(path)

    return {
        "result": {"bucket": bucket, "url": url, "key": key},
        "measurement": {
            "download_time": microseconds(begin, downloaded),
            "download_size": size,
            "compute_time": 0,
            "upload_time": microseconds(start, uploaded),
            "upload_size": size,
        },
    }
