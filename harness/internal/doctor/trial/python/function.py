import six
from . import storage


def handler(event):
    content = storage.storage.get_instance().download_stream(event["bucket"], event["key"])
    return {"result": six.ensure_str(bytes(content))}
