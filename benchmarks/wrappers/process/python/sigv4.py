"""Signed requests to a store that speaks a protocol of AWS.

Requests are signed with version 4 and sent over connections that stay open,
one for each thread. Nothing beyond the standard library is used, and nothing of
it is loaded before the first request.
"""
import os


class Failure(Exception):
    """A store's refusal of what was asked: "GET /bucket/key", or a table's operation.

    status is HTTP's, code the store's own word.
    """

    def __init__(self, status, code, message, asked):
        super().__init__("%s: %s: %s (HTTP status %d)" % (asked, code, message, status))
        self.status = status
        self.code = code


def environment(name):
    """Returns a variable of the store's access, which the platform sets."""
    value = os.environ.get(name)
    if not value:
        raise RuntimeError("%s is not set: config.json must name the module in its list of modules" % name)
    return value


def quote(text, safe="-._~"):
    """Encodes text as signatures want it: everything but letters, digits and safe."""
    from urllib.parse import quote as encode
    return encode(text, safe=safe)


class Client:
    """Sends requests to one service. Safe for use by several threads."""

    def __init__(self, url, region, service, access_key, secret_key):
        from threading import local
        from urllib.parse import urlsplit
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._netloc = parts.netloc
        self._region = region
        self._service = service
        self._access_key = access_key
        self._secret_key = secret_key
        self._key = ("", b"")  # of a day, and that day
        self._local = local()

    def request(self, method, path, query=(), headers=(), body=b"", length=None):
        """Sends a request and returns its response, which must be read.

        path is not encoded. body is bytes, or a file of length bytes that is
        sent from where it stands.
        """
        asked = dict(headers).get("x-amz-target") or "%s %s" % (method, path)
        path = quote(path, "/-._~")
        query = "&".join(sorted("%s=%s" % (quote(k), quote(v)) for k, v in query))
        if length is None:
            length = len(body)
        signed = self._sign(method, path, query, dict(headers), body)
        signed["Content-Length"] = str(length)
        target = path + "?" + query if query else path
        start = None if isinstance(body, bytes) else body.tell()
        response = self._send(method, target, body, signed, start)
        if response.status >= 300:
            raise self._failure(response, asked)
        return response

    def _send(self, method, target, body, headers, start):
        import http.client
        fresh = False
        while True:
            connection = getattr(self._local, "connection", None)
            if connection is None or self._local.pid != os.getpid():
                kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
                connection = kind(self._host, self._port, timeout=300, blocksize=1 << 18)
                self._local.connection, self._local.pid = connection, os.getpid()
                fresh = True
            try:
                connection.request(method, target, body, headers)
                return connection.getresponse()
            except (http.client.HTTPException, OSError) as e:
                self.drop()
                # The store may have closed a connection that was idle.
                if fresh or not isinstance(e, (ConnectionError, http.client.BadStatusLine)):
                    raise
                if start is not None:
                    body.seek(start)

    def drop(self):
        """Closes this thread's connection, as after an answer that was not read to its end."""
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()

    def _failure(self, response, asked):
        text = response.read(1 << 16).decode("utf-8", "replace")
        if response.length:
            self.drop()
        code, message = "Error", response.reason
        if text.startswith("{"):
            import json
            try:
                said = json.loads(text)
                code = said.get("__type", code).rpartition("#")[2]
                message = said.get("message") or said.get("Message") or message
            except ValueError:
                pass
        else:
            from re import search
            for name in ("Code", "Message"):
                found = search("<%s>([^<]*)</%s>" % (name, name), text)
                if found and name == "Code":
                    code = found.group(1)
                elif found:
                    message = found.group(1)
        return Failure(response.status, code, message, asked)

    def _sign(self, method, path, query, headers, body):
        import hmac
        from hashlib import sha256
        from time import gmtime, strftime
        time = strftime("%Y%m%dT%H%M%SZ", gmtime())
        day = time[:8]
        if self._key[0] != day:
            key = ("AWS4" + self._secret_key).encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (day, key)
        # The content of an object is not hashed twice: it goes over loopback
        # or TLS.
        content = "UNSIGNED-PAYLOAD" if self._service == "s3" else sha256(body).hexdigest()
        headers = {k.lower(): v for k, v in headers.items()}
        headers.update({"host": self._netloc, "x-amz-date": time, "x-amz-content-sha256": content})
        names = sorted(headers)
        signed = ";".join(names)
        canonical = "\n".join([method, path, query]
                              + ["%s:%s" % (k, headers[k]) for k in names]
                              + ["", signed, content])
        scope = "/".join((day, self._region, self._service, "aws4_request"))
        text = "\n".join(("AWS4-HMAC-SHA256", time, scope, sha256(canonical.encode()).hexdigest()))
        headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
            self._access_key, scope, signed, hmac.digest(self._key[1], text.encode(), "sha256").hex())
        return headers
