"""The answer of a Python function, the same on every platform.

A platform's handler takes the event off its transport, calls answer(), and
sends the bytes back. The function itself is the module function/function.py
beside this file, with the entry point handler(event).

    prepare()   first, where the process is the wrapper's own
    load()      loads the function's module: in a platform's init phase, where
                it has one; the first call does it otherwise
    answer()    a call, answered with bytes: call() and then encode()
    call()      a call, answered with a value, for a runtime that encodes values

Calls may come from several threads at once. The CPU time of an answer is that
of the process, so it is then also that of other calls.

Everything that an answer needs is imported and opened before the handler is
called: it may use up what the process can open.
"""
import _thread
import builtins
import json
import os
import sys
import time

_ROOT = os.path.dirname(os.path.abspath(__file__))
_MOST = 4096  # characters of an error's message
_SHIMS = ("storage.py", "nosql.py", "sigv4.py")  # not the function's own
_encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode

_lock = _thread.allocate_lock()  # for what follows; the module threading takes a millisecond to import
_handler = None
_failure = None  # why it could not be loaded, until a call was answered with it
_init = None  # how long loading took the first time, µs
_count = 0
_sandbox = ""
_worker = os.urandom(8).hex()


def prepare():
    """Makes the function's packages and modules importable, here and in
    children, in a process that is the wrapper's own: it decides where the
    interpreter looks for modules at all."""
    import sitecustomize

    sitecustomize.extend()
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = _ROOT + (os.pathsep + inherited if inherited else "")
    if not hasattr(builtins, "exit"):  # what the site module adds
        builtins.exit = builtins.quit = sys.exit


def load():
    """Loads the function's module, once. Where that fails, the first call is
    answered with the error, and the next one tries again."""
    with _lock:
        _load()


def _load():
    global _handler, _failure, _init
    if _handler is not None or _failure is not None:
        return
    start = time.perf_counter_ns()
    try:
        _make_importable()
        from function import function
        _handler = function.handler
    except BaseException as e:
        _failure = _error("init", e)
    if _init is None:
        _init = (time.perf_counter_ns() - start) // 1000


def _make_importable():
    """Adds the function's places to those of somebody else's process, whose own
    stay where they are."""
    if _ROOT not in sys.path:
        sys.path.insert(0, _ROOT)
    folder = os.path.join(_ROOT, "function")
    if folder not in sys.path:
        sys.path.insert(sys.path.index(_ROOT) + 1, folder)
    packages = os.path.join(_ROOT, ".python_packages", "lib", "site-packages")
    if packages not in sys.path and os.path.isdir(packages):
        sys.path.append(packages)


def answer(event, platform_request=""):
    """Calls the function; returns the answer's bytes and whether it failed."""
    return encode(call(event, platform_request))


def call(event, platform_request=""):
    """Calls the function; returns the answer as a value. Its result is what the
    handler returned, which may be nothing that JSON has: encode() says so."""
    global _failure, _count, _sandbox
    income = time.time()
    request = event.get("request-id", "") if isinstance(event, dict) else ""
    a = {
        "request": request if isinstance(request, str) else str(request),
        "platform_request": platform_request,
        "begin_us": 0,
        "end_us": 0,
        "handler_ns": 0,
        "init_us": 0,
        "boot_us": _BOOT,
        "sandbox": "",
        "cold": False,
        "worker": _worker,
        "worker_cold": False,
        "count": 0,
        "cpu_us": 0,
        "memory_bytes": 0,
        "result": None,
        "measurement": None,
        "error": None,
    }
    with _lock:
        _count += 1
        a["count"] = _count
        a["worker_cold"] = _count == 1
        if not _sandbox:
            _sandbox, a["cold"] = _enter_sandbox()
        a["sandbox"] = _sandbox
        _load()
        if _count == 1:
            a["init_us"] = _init
        a["error"], _failure = _failure, None
    if a["error"] is None:
        _call(a, event, income)
    else:
        a["begin_us"] = a["end_us"] = time.time_ns() // 1000
    a["memory_bytes"] = _peak_memory()
    return a


def encode(a):
    """Returns the bytes of an answer, UTF-8, and whether the call failed: also
    where what the handler returned has no JSON."""
    try:
        body = _encode(a)
    except BaseException as e:
        a["result"] = a["measurement"] = None
        a.pop("others", None)
        a["error"] = _error("handler", e)
        body = _encode(a)
    # Half a character has no bytes in UTF-8 and stays an escape, which is JSON:
    # it can only be within a string.
    return body.encode("utf-8", "backslashreplace"), a["error"] is not None


def _call(a, event, income):
    """Calls the handler and fills in times, result and error."""
    returned = None
    begin = time.time_ns()
    cpu = time.clock_gettime_ns(time.CLOCK_PROCESS_CPUTIME_ID)
    start = time.perf_counter_ns()
    try:
        if not isinstance(event, dict):
            raise TypeError("the event is not a JSON object")
        event["request-id"] = a["request"]
        event["income-timestamp"] = income
        returned = _handler(event)
        end = time.perf_counter_ns()
    except BaseException as e:
        end = time.perf_counter_ns()
        a["error"] = _error("handler", e)
    a["handler_ns"] = end - start
    a["cpu_us"] = (time.clock_gettime_ns(time.CLOCK_PROCESS_CPUTIME_ID) - cpu) // 1000
    a["begin_us"] = begin // 1000
    a["end_us"] = time.time_ns() // 1000
    if a["error"] is not None:
        return
    a["result"] = returned
    if isinstance(returned, dict):
        a["result"] = returned.get("result", returned)
        a["measurement"] = returned.get("measurement")
        if "result" in returned and len(returned) > 1 + ("measurement" in returned):
            a["others"] = {k: v for k, v in returned.items() if k not in ("result", "measurement")}
        if not isinstance(a["measurement"], (dict, type(None))):
            a["measurement"] = None
            a["error"] = _error("handler", TypeError("the measurement is not an object"))


def _error(phase, e):
    """Describes an exception, and prints it with its trace."""
    try:
        sys.excepthook(type(e), e, e.__traceback__)
    except Exception:
        pass  # standard error may be closed
    try:
        message = str(e)
    except Exception:
        message = "(the exception cannot be printed)"
    message = message[:_MOST] + _remedy(message) * isinstance(e, (ImportError, AttributeError)) + _place(e)
    return {"phase": phase, "type": type(e).__name__, "message": message}


def _remedy(message):
    """Says what an import needs, or the function, that failed with a message."""
    if message.startswith("module 'function.function' has no attribute 'handler'"):
        return ": function.py must define handler(event)"
    if message.startswith("cannot import name 'function' from 'function'"):
        return ": the language's folder has no function.py"
    for module in ("storage", "nosql"):
        if message.startswith(("cannot import name '%s' from 'function'" % module, "No module named '%s'" % module)):
            return ": config.json must name the module %s" % module
    return ": requirements.txt must name its package" * message.startswith("No module named")


def _place(e):
    """Returns the last line of the function's own files that an exception passed."""
    place, trace = "", e.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_ROOT + os.sep):
            file = file[len(_ROOT) + 1:]
        if file.startswith("function" + os.sep) and file[9:] not in _SHIMS:
            place = " (%s, line %d)" % (file[9:], trace.tb_lineno)
        trace = trace.tb_next
    return place


def _enter_sandbox():
    """Returns the sandbox's id, and whether this call made it."""
    path = os.path.join(os.environ.get("TMPDIR") or "/tmp", ".sebs-sandbox")
    name = os.urandom(8).hex()
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        for _ in range(100):  # another process may be about to write it
            with open(path) as f:
                found = f.read()
            if found:
                return found, False
            time.sleep(0.001)
        return _worker, False
    except OSError:  # no place to write: the process is all that can be told
        return _worker, _count == 1
    os.write(fd, name.encode())
    os.close(fd)
    return name, True


def _boot_time():
    """Returns when the process started, Unix µs.

    What the process has computed since then is a good estimate where it did
    not have to wait; Linux's own figure bounds it to ten milliseconds.
    """
    now = time.time_ns()
    boot = now - time.clock_gettime_ns(time.CLOCK_PROCESS_CPUTIME_ID)
    try:
        with open("/proc/self/stat", "rb") as f:
            ticks = int(f.read().rpartition(b")")[2].split()[19])
        second = os.sysconf("SC_CLK_TCK")
        earliest = now - time.clock_gettime_ns(time.CLOCK_BOOTTIME) + ticks * 1000000000 // second
        boot = min(max(boot, earliest), earliest + 1000000000 // second)
    except (OSError, AttributeError, ValueError, IndexError):
        pass  # not Linux
    return boot // 1000


def _peak_memory():
    """Returns the process's peak resident memory in bytes.

    Elsewhere than on Linux it is getrusage's figure, in which a process begins
    with its parent's.
    """
    try:
        text = os.pread(_STATUS, 4096, 0)
        at = text.index(b"VmHWM:") + 6
        return int(text[at:text.index(b"kB", at)]) * 1024
    except (OSError, ValueError):
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


try:
    _STATUS = os.open("/proc/self/status", os.O_RDONLY)
except OSError:  # not Linux
    _STATUS = -1
    import resource  # noqa: F401, as long as it can be opened
_BOOT = _boot_time()
