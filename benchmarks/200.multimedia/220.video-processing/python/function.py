"""Downloads a video, puts a watermark on it or makes a GIF of it with ffmpeg, and uploads that."""

import glob
import importlib.util
import math
import os
import posixpath
import shutil
import subprocess
import tempfile
import time

from . import storage

WATERMARK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "resources", "watermark.png")

# Of each operation: the output's extension, and what ffmpeg is told after its
# inputs, the video and the watermark.
OPERATIONS = {
    "watermark": (".mp4", [
        "-i", WATERMARK,
        "-filter_complex", "overlay=(main_w-overlay_w)/2:(main_h-overlay_h)/2",
        "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p",
    ]),
    "extract-gif": (".gif", [
        "-vf", "fps=10,scale=320:-1:flags=lanczos,split[a][b];[a]palettegen[p];[b][p]paletteuse",
        "-loop", "0",
    ]),
}


def find_ffmpeg():
    """Returns the path of the package's ffmpeg. Importing the package takes longer."""
    folder = os.path.dirname(importlib.util.find_spec("imageio_ffmpeg").origin)
    found = glob.glob(os.path.join(folder, "binaries", "ffmpeg*"))
    if len(found) != 1:
        raise FileNotFoundError(f"{folder}/binaries has {len(found)} files called ffmpeg*, want 1")
    return found[0]


ffmpeg = find_ffmpeg()
client = storage.storage.get_instance()


def field(event, path, *kinds):
    """Returns the event's value at a dotted path, which must be of one of the kinds."""
    value = event
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"the event has no {path}")
        value = value[name]
    if not isinstance(value, kinds) or isinstance(value, bool):
        want = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"the event's {path} is {type(value).__name__}, want {want}")
    return value


def check_whole(file, name):
    """Raises an error unless the file is MP4 to its end: what was cut off may not be missed."""
    size = os.path.getsize(file)
    if size == 0:
        raise ValueError(f"the object {name} is empty")
    with open(file, "rb") as f:
        at = 0
        while at < size:
            f.seek(at)
            header = f.read(16)
            length = int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:], "big")
            if length == 0:
                length = size - at  # the box lasts to the end
            if length < 8 or at == 0 and header[4:8] != b"ftyp":
                raise ValueError(f"the object {name} is not an MP4 video")
            at += length
    if at > size:
        raise ValueError(f"the object {name} is not a whole video: {at - size} bytes are missing")


def process(source, target, arguments, duration, name):
    """Runs ffmpeg on the beginning of a video."""
    run = subprocess.run(
        [ffmpeg, "-nostdin", "-y", "-loglevel", "error", "-xerror", "-t", repr(duration), "-i", source, *arguments, target],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )
    if run.returncode != 0:
        said = run.stdout.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise ValueError(f"ffmpeg failed with {run.returncode} on the object {name}; it said: {said[-1]}")


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    bucket = field(event, "bucket.bucket", str)
    key = posixpath.join(field(event, "bucket.input", str), field(event, "object.key", str))
    operation = field(event, "object.op", str)
    duration = field(event, "object.duration", int, float)
    if operation not in OPERATIONS:
        raise ValueError(f"the event's object.op is {operation!r}, want one of {', '.join(OPERATIONS)}")
    if not (math.isfinite(duration) and duration > 0):
        raise ValueError(f"the event's object.duration is {duration}, want more than 0 seconds")
    extension, arguments = OPERATIONS[operation]
    stem = posixpath.splitext(posixpath.basename(key))[0]
    output = posixpath.join(field(event, "bucket.output", str), f"{stem}-{operation}{extension}")

    work = tempfile.mkdtemp(prefix="video-")
    try:
        source = os.path.join(work, "input.mp4")
        target = os.path.join(work, "output" + extension)

        begin = time.perf_counter_ns()
        client.download(bucket, key, source)
        downloaded = time.perf_counter_ns()
        check_whole(source, key)
        download_size = os.path.getsize(source)
        process(source, target, arguments, duration, key)
        computed = time.perf_counter_ns()
        upload_size = os.path.getsize(target)
        stored = client.upload(bucket, output, target)
        uploaded = time.perf_counter_ns()
    finally:
        shutil.rmtree(work)

    return {
        "result": {"bucket": bucket, "key": stored},
        "measurement": {
            "download_time": microseconds(begin, downloaded),
            "download_size": download_size,
            "compute_time": microseconds(downloaded, computed),
            "upload_time": microseconds(computed, uploaded),
            "upload_size": upload_size,
        },
    }
