"""The conformance suite's probe: a function that does what the event asks."""
import os
import signal
import socket
import stat
import subprocess
import sys
import time

if os.environ.get("PROBE_INIT") == "raise":
    raise ImportError("PROBE_INIT asks for it")

TMP = os.environ.get("TMPDIR") or "/tmp"


class ProbeError(Exception):
    pass


def echo(event):
    return {"value": event.get("value"), "environment": os.environ.get(event.get("environment", ""))}


def length(event):
    return {"length": len(event["value"].encode())}  # bytes of UTF-8


def sleep(event):
    time.sleep(event["ms"] / 1000)
    return {"slept": event["ms"]}


def hang(event):
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    while True:
        time.sleep(3600)


def fail(event):
    raise ProbeError(event["message"])


def quit(event):
    os._exit(3)


def allocate(event):
    block = bytearray(event["mb"] << 20)
    for i in range(0, len(block), 4096):  # touch each page
        block[i] = 1
    return {"mb": len(block) >> 20}


def spawn(event):
    for _ in range(event["processes"]):
        subprocess.Popen(["sleep", "600." + event["marker"]])
    return {"processes": event["processes"]}


def leave(event):
    """Leaves a process that reads and prints whatever it inherits."""
    subprocess.Popen(["sh", "-c", "cat; cat <&3; echo left; exec sleep 600." + event["marker"]], close_fds=False)
    return {}


def exhaust(event):
    """Opens files until no more may be, and leaves them open."""
    opened = 0
    try:
        while opened < event["most"]:
            os.open(os.devnull, os.O_RDONLY)
            opened += 1
    except OSError:
        pass
    return {"opened": opened}


def nest(event):
    value = None
    for _ in range(event["depth"]):
        value = [value]
    return {"value": value}


def inside(event):
    """Tells how long the handler took by its own clock."""
    return {"inside_ns": time.perf_counter_ns() - event["entered"]}


def leftovers(event):
    """Counts the visible processes that spawn left with this marker."""
    wanted, count = "600." + event["marker"], 0
    if os.path.isdir("/proc/self"):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid) as f:
                    words = f.read().split("\0")
            except OSError:
                continue
            count += words[:1] == ["sleep"] and wanted in words
    else:
        listed = subprocess.run(["ps", "-axo", "args"], stdout=subprocess.PIPE, check=True).stdout.decode()
        count = sum(line.split() == ["sleep", wanted] for line in listed.splitlines())
    return {"processes": count}


def write(event):
    with open(os.path.join(TMP, event["name"]), "w") as f:
        f.write(event["text"])
    return {"name": event["name"]}


def listing(event):
    return {"names": sorted(os.listdir(TMP))}


def say(event):
    """Prints on both streams, and past the interpreter's buffers."""
    line = event["text"] + "\n"
    lines = event["bytes"] // len(line) + 1
    for fd, stream in ((1, sys.stdout), (2, sys.stderr)):
        stream.write(line * lines)
        stream.flush()
        try:
            os.write(fd, line.encode())
        except OSError:
            pass  # closed: nobody listens
    return {"printed": event["bytes"]}


def fill(event):
    return {"filler": "x" * event["bytes"]}


def unserialisable(event):
    return {"value": object()}


def corrupt(event):
    """Writes nonsense into every socket that the process has."""
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, b"this is no answer\r\n\r\n")
        except OSError:
            pass
    return {}


def connect(event):
    """Sends a text to a server and returns what it sends back."""
    received = []
    with socket.create_connection((event["host"], event["port"]), timeout=5) as server:
        server.sendall(event["text"].encode())
        server.shutdown(socket.SHUT_WR)
        while not received or received[-1]:
            received.append(server.recv(1024))
    return {"text": b"".join(received).decode()}


def measure(event):
    return {"result": {"n": 1}, "measurement": {"compute_us": 123}}


def facts(event):
    variant = os.path.join(os.path.dirname(os.path.abspath(__file__)), "variant.txt")
    return {
        "keys": sorted(event),
        "cwd": os.getcwd(),
        "variant": open(variant).read().strip() if os.path.exists(variant) else "",
    }


ACTIONS = {
    "echo": echo, "length": length, "sleep": sleep, "hang": hang, "raise": fail, "exit": quit,
    "allocate": allocate, "spawn": spawn, "leftovers": leftovers, "write": write, "list": listing,
    "print": say, "fill": fill, "unserialisable": unserialisable, "corrupt": corrupt,
    "connect": connect, "measure": measure, "facts": facts, "leave": leave, "exhaust": exhaust, "nest": nest,
    "inside": inside,
}


def handler(event):
    if event["do"] == "inside":
        event["entered"] = time.perf_counter_ns()
    return ACTIONS[event["do"]](event)
