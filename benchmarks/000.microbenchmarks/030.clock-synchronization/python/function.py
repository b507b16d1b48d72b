"""Sends datagrams to a server until the shortest round trip stands, and stores when."""

import posixpath
import time

from . import roundtrips, storage

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
    with roundtrips.connect(address, port) as server:
        rows = until_settled(roundtrips.round_trips(server, request), repetitions)
        server.send(f"{request} stop".encode())
    measured = time.perf_counter_ns()
    data = roundtrips.table(rows)
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
