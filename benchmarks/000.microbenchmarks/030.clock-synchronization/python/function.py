"""Sends datagrams to a server until the shortest round trip stands, and stores when."""

import posixpath
import socket
import time

from . import storage

FIRST = 3  # seconds in which the first echo must come
LATER = 2  # and any other
LOST = 5  # echoes in a row that may not come
MOST = 1000  # rounds

client = storage.storage.get_instance()


def field(event, path, kind):
    """Returns the event's value at a dotted path, which must be of type kind."""
    value = event
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"the event has no {path}")
        value = value[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"the event's {path} is {type(value).__name__}, want {kind.__name__}")
    return value


def connect(address, port):
    """Returns a datagram socket that leads to the server alone."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
        server = socket.socket(family, kind, protocol)
        server.connect(target)
    except OSError as error:
        raise ValueError(f"the server {address}, port {port}: {error}") from error
    return server


def echo(server, message):
    """Sends a message; returns when, and when its echo came, in µs."""
    sent = time.time_ns() // 1000
    server.send(message)
    while True:
        data = server.recv(2048)
        received = time.time_ns() // 1000
        if data == message:  # another one is the late echo of a round given up
            return sent, received


def round_trips(server, request):
    """Yields number and times of each round with an echo, without end."""
    server.settimeout(FIRST)
    number = lost = 0
    while True:
        try:
            times = echo(server, f"{request} {number}".encode())
        except ConnectionRefusedError as error:
            raise ConnectionError("nobody receives datagrams at %s, port %d" % server.getpeername()[:2]) from error
        except socket.timeout as error:
            lost += 1
            if lost == LOST:
                raise TimeoutError("%d datagrams in a row to %s, port %d, have no echo" % (lost, *server.getpeername()[:2])) from error
        else:
            lost = 0
            server.settimeout(LATER)
            yield (number, *times)
        number += 1


def until_settled(rounds, repetitions):
    """Returns rounds, the first left out, until repetitions in a row are not shorter than one before."""
    next(rounds)  # finds the way
    rows = [next(rounds)]
    shortest, row = rows[0][2] - rows[0][1], 0
    while row < repetitions and len(rows) < MOST:
        number, sent, received = next(rounds)
        rows.append((number, sent, received))
        if received - sent < shortest:
            shortest, row = received - sent, 0
        else:
            row += 1
    return rows


def table(rows):
    """Returns rows of a number and two times in µs as CSV, the times in seconds."""
    lines = ["id,client_send,client_rcv"]
    lines += (
        f"{number},{sent // 1000000}.{sent % 1000000:06d},{received // 1000000}.{received % 1000000:06d}"
        for number, sent, received in rows
    )
    return ("\n".join(lines) + "\n").encode()


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    request = field(event, "request-id", str)
    address = field(event, "server-address", str)
    port = field(event, "server-port", int)
    repetitions = field(event, "repetitions", int)
    bucket = field(event, "bucket.bucket", str)
    target = posixpath.join(field(event, "bucket.output", str), f"results-{request}.csv")
    if not request or len(request) > 128 or " " in request or "/" in request:
        raise ValueError(f"the event's request-id is {request!r}, want up to 128 characters without blanks and slashes")
    if not address or not 0 < port < 65536:
        raise ValueError(f"the event's server-address is {address!r} and its server-port {port}, want a host and 1 to 65535")
    if repetitions < 1:
        raise ValueError(f"the event's repetitions are {repetitions}, want at least 1")

    begin = time.perf_counter_ns()
    with connect(address, port) as server:
        rows = until_settled(round_trips(server, request), repetitions)
        server.send(f"{request} stop".encode())
    measured = time.perf_counter_ns()
    data = table(rows)
    start = time.perf_counter_ns()
    key = client.upload_stream(bucket, target, data)
    uploaded = time.perf_counter_ns()

    return {
        "result": {"bucket-key": key, "timestamp": event["income-timestamp"]},
        "measurement": {
            "network_time": microseconds(begin, measured),
            "upload_time": microseconds(start, uploaded),
            "upload_size": len(data),
        },
    }
