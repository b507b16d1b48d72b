"""Downloads a genome and draws it as a line: its points are uploaded as JSON."""

import json
import posixpath
import time

from squiggle import transform

from . import storage

METHOD = "squiggle"

client = storage.storage.get_instance()


def field(event, path):
    """Returns the event's value at a dotted path, which must be a string."""
    value = event
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"the event has no {path}")
        value = value[name]
    if not isinstance(value, str):
        raise TypeError(f"the event's {path} is {type(value).__name__}, want str")
    return value


def read(fasta, name):
    """Returns the bases of all sequences of a FASTA file."""
    if not fasta:
        raise ValueError(f"the object {name} is empty")
    lines = fasta.split(b"\n")
    if not lines[0].startswith(b">"):
        raise ValueError(f"the object {name} is not a FASTA file: it does not begin with >")
    bases = b"".join(line.strip() for line in lines if not line.startswith(b">"))
    if not bases:
        raise ValueError(f"the object {name} has no sequence")
    if not bases.isalpha():
        raise ValueError(f"the object {name} has a sequence with other characters than letters")
    return bases.decode("ascii")


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    bucket = field(event, "bucket.bucket")
    source = posixpath.join(field(event, "bucket.input"), field(event, "object.key"))
    target = posixpath.join(field(event, "bucket.output"), posixpath.basename(source) + ".json")

    begin = time.perf_counter_ns()
    fasta = bytes(client.download_stream(bucket, source))
    downloaded = time.perf_counter_ns()
    points = transform(read(fasta, source), METHOD)
    drawing = json.dumps(points).encode("ascii")
    computed = time.perf_counter_ns()
    key = client.upload_stream(bucket, target, drawing)
    uploaded = time.perf_counter_ns()

    return {
        "result": {"bucket": bucket, "key": key},
        "measurement": {
            "download_time": microseconds(begin, downloaded),
            "download_size": len(fasta),
            "compute_time": microseconds(downloaded, computed),
            "upload_time": microseconds(computed, uploaded),
            "upload_size": len(drawing),
        },
    }
