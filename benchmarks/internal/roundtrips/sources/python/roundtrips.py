"""Datagrams to a server and back, and the table of when."""

import socket
import time

FIRST = 3  # seconds in which the first echo must come
LATER = 2  # and any other
LOST = 5  # echoes in a row that may not come


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


def table(rows):
    """Returns rows of a number and two times in µs as CSV, the times in seconds."""
    lines = ["id,client_send,client_rcv"]
    lines += (
        f"{number},{sent // 1000000}.{sent % 1000000:06d},{received // 1000000}.{received % 1000000:06d}"
        for number, sent, received in rows
    )
    return ("\n".join(lines) + "\n").encode()
