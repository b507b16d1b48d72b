"""The object store of a function: storage.storage.get_instance()."""
import os

if __package__:
    from . import sigv4
else:  # a function imported this file by its plain name
    import sigv4

_CHUNK = 1 << 18


class storage:
    """Objects in buckets. Safe for use by several threads."""

    instance = None

    def __init__(self):
        self.client = sigv4.Client(
            sigv4.environment("SEBS_STORAGE_URL"),
            os.environ.get("SEBS_STORAGE_REGION", "us-east-1"),
            "s3",
            sigv4.environment("SEBS_STORAGE_ACCESS_KEY"),
            sigv4.environment("SEBS_STORAGE_SECRET_KEY"),
        )

    @staticmethod
    def get_instance():
        if storage.instance is None:
            storage.instance = storage()
        return storage.instance

    @staticmethod
    def unique_name(name):
        """Returns name with eight random digits before its extension."""
        base, extension = os.path.splitext(name)
        return "%s.%s%s" % (base, os.urandom(4).hex(), extension)

    def upload(self, bucket, file, filepath, unique_name=True, overwrite=False):
        """Stores a file under a unique name made of the key file, or that key
        itself, and returns the name."""
        name = self.unique_name(file) if unique_name and not overwrite else file
        with open(filepath, "rb") as f:
            self._put(bucket, name, f, os.fstat(f.fileno()).st_size)
        return name

    def download(self, bucket, file, filepath):
        """Stores an object in a file."""
        response = self.client.request("GET", "/%s/%s" % (bucket, file))
        try:
            with open(filepath, "wb") as f:
                while True:
                    chunk = response.read(_CHUNK)
                    if not chunk:
                        break
                    f.write(chunk)
            if response.length:
                raise ConnectionError("GET /%s/%s: %d bytes are missing" % (bucket, file, response.length))
        except BaseException:
            self.client.drop()
            raise

    def download_directory(self, bucket, prefix, path):
        """Stores all objects whose keys begin with prefix in files path/key."""
        for key in list(self.list_directory(bucket, prefix)):
            if ".." in key.split("/"):
                raise ValueError("the object %s would be stored outside of %s" % (key, path))
            if key.endswith("/"):
                continue  # the marker of a folder
            file = os.path.join(path, key.lstrip("/"))
            os.makedirs(os.path.dirname(file), exist_ok=True)
            self.download(bucket, key, file)

    def upload_stream(self, bucket, file, data, overwrite=False):
        """Stores bytes, or what a file has, under a unique name made of the key
        file, or that key itself, and returns the name."""
        name = file if overwrite else self.unique_name(file)
        if hasattr(data, "getvalue"):
            data = data.getvalue()  # the whole of a BytesIO, wherever it stands
        if isinstance(data, str):
            data = data.encode()
        if hasattr(data, "read"):
            if hasattr(data, "seekable") and data.seekable():
                at = data.tell()
                length = data.seek(0, os.SEEK_END) - at
                data.seek(at)
                self._put(bucket, name, data, length)
                return name
            data = data.read()
        self._put(bucket, name, bytes(data), len(data))
        return name

    def download_stream(self, bucket, file):
        """Returns an object's content as bytes."""
        return self.client.request("GET", "/%s/%s" % (bucket, file)).read()

    def download_within_range(self, bucket, file, start_byte, stop_byte):
        """Returns a part of an object, both ends included, as text."""
        headers = {"range": "bytes=%d-%d" % (start_byte, stop_byte)}
        return self.client.request("GET", "/%s/%s" % (bucket, file), headers=headers).read().decode()

    def _put(self, bucket, key, body, length):
        headers = {"content-type": "application/octet-stream"}
        self.client.request("PUT", "/%s/%s" % (bucket, key), headers=headers, body=body, length=length).read()

    def list_directory(self, bucket, prefix):
        """Yields the keys that begin with prefix, however many there are."""
        from urllib.parse import unquote_plus
        from xml.etree import ElementTree
        token = None
        while True:
            query = [("list-type", "2"), ("prefix", prefix), ("encoding-type", "url")]
            if token:
                query.append(("continuation-token", token))
            found = {"Key": [], "EncodingType": [], "NextContinuationToken": []}
            page = self.client.request("GET", "/" + bucket, query=query).read()
            for element in ElementTree.fromstring(page).iter():
                name = element.tag.rpartition("}")[2]
                if name in found:
                    found[name].append(element.text or "")
            for key in found["Key"]:
                yield unquote_plus(key) if found["EncodingType"] == ["url"] else key
            token = "".join(found["NextContinuationToken"])
            if not token:
                return
