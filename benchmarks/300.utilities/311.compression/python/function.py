"""Downloads a folder, packs it into a zip archive and uploads that."""

import os
import posixpath
import shutil
import tempfile
import time
import zipfile

from . import storage

LEVEL = 9  # of deflate

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


def files(folder):
    """Returns the paths of the files in a folder, relative to it, sorted."""
    return sorted(
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
    )


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    bucket = field(event, "bucket.bucket")
    prefix = posixpath.join(field(event, "bucket.input"), field(event, "object.key"))
    target = posixpath.join(field(event, "bucket.output"), posixpath.basename(prefix) + ".zip")

    work = tempfile.mkdtemp(prefix="compression-")
    try:
        tree = os.path.join(work, "tree")
        archive = os.path.join(work, "archive.zip")
        os.mkdir(tree)

        begin = time.perf_counter_ns()
        client.download_directory(bucket, prefix + "/", tree)
        downloaded = time.perf_counter_ns()
        names = files(tree)
        if not names:
            raise FileNotFoundError(f"there are no objects under {prefix}")
        size = sum(os.path.getsize(os.path.join(tree, name)) for name in names)

        start = time.perf_counter_ns()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as packed:
            for name in names:
                packed.write(os.path.join(tree, name), name)
        computed = time.perf_counter_ns()
        archive_size = os.path.getsize(archive)
        key = client.upload(bucket, target, archive)
        uploaded = time.perf_counter_ns()
    finally:
        shutil.rmtree(work)

    return {
        "result": {"bucket": bucket, "key": key},
        "measurement": {
            "download_time": microseconds(begin, downloaded),
            "download_size": size,
            "compute_time": microseconds(start, computed),
            "upload_time": microseconds(computed, uploaded),
            "upload_size": archive_size,
        },
    }
