"""Serves a function on the socket that the platform passes as descriptor 3.

One HTTP/1.1 request at a time, bodies by Content-Length. It reads and writes
the descriptor itself: the modules for sockets and HTTP would double the time
that the interpreter takes to start. The platform runs

    python -S -B -c "import handler; handler.main()"

in the function's folder: an imported module is loaded in its compiled form, and
what the machine has installed for its other users is not visible.
"""
import json
import os
import sys

import answer

_HEAD = 16 << 10  # the longest request head
_BODY = 50 << 20  # the largest event


def read_request(fd, rest):
    """Returns a request's body and what was read beyond it, or None at the end."""
    while True:
        end = rest.find(b"\r\n\r\n")
        if end >= 0:
            break
        if len(rest) > _HEAD:
            raise ValueError("the request's head is too long")
        chunk = os.read(fd, 65536)
        if not chunk:
            return None, b""
        rest += chunk
    length = 0
    for line in rest[:end].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    end += 4
    missing = end + length - len(rest)
    if not 0 <= length <= _BODY:
        while missing > 0:  # who sends it reads no answer before it is sent
            missing -= len(os.read(fd, 1 << 20)) or missing
        raise ValueError("the request has %d bytes, more than %d" % (length, _BODY))
    if missing <= 0:
        return rest[end:end + length], rest[end + length:]
    chunks = [rest[end:]]
    while missing > 0:
        chunk = os.read(fd, min(missing, 1 << 20))
        if not chunk:
            return None, b""
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks), b""


def write(fd, head, body):
    """Writes an answer in one piece if the socket takes it."""
    if len(body) < 65536:
        body = head + body
    else:
        os.write(fd, head)
    sent = os.write(fd, body)
    view = memoryview(body)
    while sent < len(body):
        sent += os.write(fd, view[sent:])


_process = os.getpid()
_serving = None  # the connection


def _leave():
    """Keeps a child that the function forks from the connection."""
    if _serving is not None:
        try:
            os.close(_serving)
        except OSError:
            pass  # the function closed it


os.register_at_fork(after_in_child=_leave)


def serve(fd):
    global _serving
    _serving = fd
    rest = b""
    while True:
        try:
            body, rest = read_request(fd, rest)
            if body is None:
                return
            if not body:  # a question whether anybody is there
                write(fd, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"")
                continue
            event = json.loads(body)
        except ValueError as e:
            text = str(e).encode()
            write(fd, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(text), text)
            return
        body, failed = answer.answer(event)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass  # the function may have closed or replaced it
        if os.getpid() != _process:  # a child that the function forked and let return
            os._exit(0)
        write(fd, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
              % (b"Sebs-Error: 1\r\n" if failed else b"", len(body)), body)


def main():
    os.set_inheritable(3, False)
    answer.prepare()
    serve(3)
