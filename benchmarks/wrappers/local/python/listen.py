"""Serves a function in a container, on a TCP port.

One connection at a time, which the platform keeps for the container's life,
with the requests and answers of handler.py on it. The platform runs

    python3 -S -B -c "import listen; listen.main()" PORT once

in the function's folder; with "once" the process ends with the first connection
on which a request came, so that no container outlives who uses it. A platform
that waited for too long to be connected may hang up before that. The module
socket would add to each start what it takes to import; its C part does all that
is needed here.
"""
import _socket
import os
import sys

import answer
import handler


def main():
    answer.prepare()
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", int(sys.argv[1])))
    listener.listen(16)
    while True:
        fd, _ = listener._accept()
        connection = _socket.socket(fileno=fd)
        connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        used = False
        try:
            used = connection.recv(1, _socket.MSG_PEEK) != b""
            handler.serve(fd)
        except OSError:
            pass  # the client is gone
        connection.close()
        if used and "once" in sys.argv:
            return
