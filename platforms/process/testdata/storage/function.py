import hashlib
import io
import os

from . import storage


def handler(event):
    client = storage.storage.get_instance()
    bucket, key = event["bucket"], event["key"]
    with open("/tmp/up", "wb") as f:
        for _ in range(event["megabytes"]):
            f.write(b"x" * (1 << 20))
    names = [
        client.upload(bucket, key, "/tmp/up"),
        client.upload_stream(bucket, key, io.BytesIO(b"stream")),
        client.upload_stream(bucket, key, b""),
    ]
    client.download(bucket, names[0], "/tmp/down")
    digest = hashlib.sha256(open("/tmp/down", "rb").read()).hexdigest()
    client.download_directory(bucket, event["prefix"], "/tmp/all")
    found = []
    for folder, _, files in os.walk("/tmp/all"):
        found += [os.path.relpath(os.path.join(folder, f), "/tmp/all") for f in files]
    try:
        client.download_stream(bucket, "no-such-key")
        refused = ""
    except Exception as e:
        refused = str(e)
    return {
        "result": {
            "names": names,
            "sha256": digest,
            "stream": client.download_stream(bucket, names[1]).decode(),
            "found": sorted(found),
            "refused": refused,
            "same": storage.storage.get_instance() is client,
        }
    }
