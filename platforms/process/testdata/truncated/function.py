from . import storage


def attempt(download):
    try:
        download()
        return ""
    except Exception as e:
        return str(e) or type(e).__name__


def handler(event):
    client = storage.storage.get_instance()
    return {
        "result": {
            "file": attempt(lambda: client.download("b", "cut", "/tmp/cut")),
            "stream": attempt(lambda: client.download_stream("b", "cut")),
        }
    }
