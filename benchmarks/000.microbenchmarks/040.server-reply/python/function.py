"""Connects to a server and returns the message that it sends."""

import socket
import time

PATIENCE = 20  # seconds for the connection, and for the message
MOST = 1024  # bytes of a message


def field(event, name, kind):
    """Returns a value of the event, which must be of type kind."""
    if name not in event:
        raise ValueError(f"the event has no {name}")
    value = event[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"the event's {name} is {type(value).__name__}, want {kind.__name__}")
    return value


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    address = field(event, "ip-address", str)
    port = field(event, "port", int)
    if not address or not 0 < port < 65536:
        raise ValueError(f"the event's ip-address is {address!r} and its port {port}, want a host and 1 to 65535")

    begin = time.perf_counter_ns()
    try:
        server = socket.create_connection((address, port), timeout=PATIENCE)
    except OSError as error:
        raise ConnectionError(f"connect to {address}, port {port}: {error}") from error
    with server:
        connected = time.perf_counter_ns()
        try:
            message = server.recv(MOST)
        except OSError as error:
            raise ConnectionError(f"wait for the message of {address}, port {port}: {error}") from error
        received = time.perf_counter_ns()
    if not message:
        raise ConnectionError(f"{address}, port {port}, closed the connection without a message")

    return {
        "result": message.decode(),
        "measurement": {
            "connect_time": microseconds(begin, connected),
            "reply_time": microseconds(connected, received),
        },
    }
