"""Runs the functions of a benchmark's input.py for the harness.

usage: python3 runner.py INPUT_PY PROJECT, with the harness's requests on file
descriptor 3 and the answers and calls to it on file descriptor 4: JSON objects,
one a line. PROJECT is what input.py takes for the root of SeBS. Everything in
this file's folder is deleted, and every process of this process's group is
killed, once the requests end.
"""

import ast
import decimal
import enum
import importlib.machinery
import importlib.util
import inspect
import json
import operator
import os
import pathlib
import queue
import random
import shutil
import signal
import sys
import threading
import traceback

MAX_MESSAGE = 16 << 20  # bytes, as the harness reads them
MAX_COUNT = 100  # of buckets and of tables
TRACEBACK_LINES = 16

# Packages with the modules that input.py of SeBS import, and the like.
PACKAGES = {"PIL": "pillow", "imageio_ffmpeg": "imageio-ffmpeg", "numpy": "numpy", "cv2": "opencv-python", "yaml": "pyyaml"}
WORK = os.getcwd()

PREFIXED = ["data_dir", "size", "benchmarks_bucket", "input_paths", "output_paths", "upload_func", "nosql_func"]
BUCKETED = ["data_dir", "size", "input_buckets", "output_buckets", "upload_func"]
TRIGGERED = BUCKETED + ["trigger_type"]
VALIDATE = ["data_dir", "input_config", "output", "language", "storage"]
VALIDATE_ARCHITECTURE = ["data_dir", "input_config", "output", "language", "architecture", "storage"]


class Refused(Exception):
    """input.py does not keep to its contract."""


class StorageError(Exception):
    """The harness could not do what input.py asked for."""


class Harness:
    """The other end: takes requests, makes calls while one is served."""

    def __init__(self):
        self.requests = os.fdopen(3, "rb")
        self.answers = os.fdopen(4, "wb")
        os.set_inheritable(3, False)
        os.set_inheritable(4, False)
        self.pid = os.getpid()
        self.lines = queue.Queue()
        self.lock = threading.Lock()
        self.serving = False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.requests:
            self.lines.put(line)
        end()

    def request(self):
        request = json.loads(self.lines.get())
        with self.lock:
            self.serving = True
        return request

    def answer(self, message):
        with self.lock:
            self.serving = False
            self.send(message)

    def call(self, name, **arguments):
        with self.lock:
            if not self.serving:
                raise RuntimeError("the call came after the function of input.py had returned")
            self.send({"call": name, **arguments})
            answer = json.loads(self.lines.get())
        if "error" in answer:
            raise StorageError(answer["error"])
        return answer.get("value")

    def send(self, message):
        if os.getpid() != self.pid:  # a forked child that fell through to here
            os._exit(1)
        line = json.dumps(message, allow_nan=False, default=number).encode() + b"\n"
        if len(line) > MAX_MESSAGE:
            raise Refused("%d bytes of JSON, more than %d" % (len(line), MAX_MESSAGE))
        self.answers.write(line)
        self.answers.flush()


ending = threading.Lock()


def end():
    """Deletes the runner's folder and ends the group. Does not return."""
    ending.acquire()  # for good
    shutil.rmtree(os.path.dirname(os.path.abspath(__file__)), ignore_errors=True)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def number(value):
    """Encodes the numbers that DynamoDB's Python library asks for."""
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError("a %s is not JSON" % kind(value))


def kind(value):
    cls = type(value)
    return cls.__name__ if cls.__module__ == "builtins" else cls.__module__ + "." + cls.__name__


def check_json(value, where, depth=0):
    """Refuses what is not JSON, by its place."""
    if depth > 100:
        raise Refused("%s is nested too deeply, or contains itself" % where)
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, (str, int, float)) and key is not None:
                raise Refused("%s has the key %.60r, a %s: JSON wants strings" % (where, key, kind(key)))
            check_json(item, "%s[%.60r]" % (where, key), depth + 1)
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            check_json(item, "%s[%d]" % (where, i), depth + 1)
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise Refused("%s is %r, which is not JSON" % (where, value))
    elif value is not None and not isinstance(value, (str, bool, int, decimal.Decimal)):
        raise Refused("%s is a %s, which is not JSON: convert it to a string, a number, a list or a dict" % (where, kind(value)))


class Trigger:
    """SeBS's Trigger, of which an input.py compares the types."""

    class TriggerType(enum.Enum):
        HTTP = "http"
        LIBRARY = "library"
        STORAGE = "storage"


def provide_sebs(project):
    """Makes importable what the input.py of benchmarks use of the package sebs,
    which is not that package: it has dependencies, and wants an account."""

    def get_project_root():
        """Returns the folder that holds benchmarks-data."""
        return pathlib.Path(project)

    def get_benchmarks_data_path():
        return get_project_root() / "benchmarks-data"

    def get_resource_path(*parts):
        return get_project_root().joinpath(*parts)

    offered = {
        "sebs": {},
        "sebs.utils": {f.__name__: f for f in (get_project_root, get_benchmarks_data_path, get_resource_path)},
        "sebs.faas": {},
        "sebs.faas.function": {"Trigger": Trigger},
        "sebs.faas.storage": {"PersistentStorage": Storage},
    }
    for name, members in offered.items():
        module = sys.modules[name] = type(sys)(name)
        module.__dict__.update(members)
        module.__path__ = []
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)


def load(path):
    """Imports input.py by the name under which SeBS imports it. Its assert
    statements hold, whatever the interpreter was told."""
    sys.path[0] = os.path.dirname(path)
    loader = importlib.machinery.SourceFileLoader("input", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("input", loader))
    sys.modules["input"] = module
    code = compile(loader.get_data(path), path, "exec", dont_inherit=True, optimize=0)
    exec(code, module.__dict__)
    return module


class Source:
    """What can be seen of an input.py without calling it."""

    def __init__(self, path):
        with open(path, "rb") as f:
            tree = ast.parse(f.read(), path)
        self.functions = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}

    def used(self, name):
        """Returns the functions of the file that a function uses, itself first."""
        found = [name] if name in self.functions else []
        for function in found:
            for node in ast.walk(self.functions[function]):
                if isinstance(node, ast.Name) and node.id in self.functions and node.id not in found:
                    found.append(node.id)
        return found

    def reads_data(self, name):
        """Says whether a function uses its data_dir; one that cannot be seen may."""
        function = self.functions.get(name)
        if function is None or function.args.vararg or function.args.kwarg:
            return True
        names = [a.arg for a in getattr(function.args, "posonlyargs", []) + function.args.args + function.args.kwonlyargs]
        data = "data_dir" if "data_dir" in names or len(names) < len(BUCKETED) else names[0]
        return any(isinstance(node, ast.Name) and node.id == data for node in ast.walk(function))

    def missing(self, name, certain):
        """Returns modules that a function imports when it is called and that
        cannot be found. An import that it can do without (in a try or an if)
        does not count, nor does one after a return, unless that is not certain
        to be taken."""
        absent = []
        for used in self.used(name):
            body = self.functions[used].body
            returns = min((n.lineno for n in ast.walk(self.functions[used]) if isinstance(n, ast.Return)), default=None)
            for node in body:
                if returns is not None and node.lineno > returns and not certain:
                    break
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module]
                else:
                    continue
                absent += [n for n in (name.partition(".")[0] for name in names) if not found(n) and n not in absent]
        return absent


def remedy(modules):
    """Says how python3 gets modules that it has not."""
    text = ": install what has it for the python3 that PATH finds"
    if all(name in PACKAGES for name in modules):
        text += ", by python3 -m pip install " + " ".join(PACKAGES[name] for name in modules)
    return text


def found(name):
    """Says whether a module can be imported."""
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def buckets(module):
    """Returns how many input and output buckets are declared."""
    function = getattr(module, "buckets_count", None)
    if function is None:
        return 0, 0
    counts = function()
    if (
        not isinstance(counts, (list, tuple))
        or len(counts) != 2
        or not all(isinstance(n, int) and 0 <= n <= MAX_COUNT for n in counts)
    ):
        raise Refused("buckets_count() returned %.60r: want a pair of numbers from 0 to %d, as (1, 1)" % (counts, MAX_COUNT))
    return int(counts[0]), int(counts[1])


def tables(module):
    """Returns the declared tables with the names of their keys."""
    function = getattr(module, "allocate_nosql", None)
    declared = function() if function is not None else None
    if declared is None:
        declared = {}
    want = 'want {"table": {"primary_key": "name", "secondary_key": "name"}}'
    if not isinstance(declared, dict) or len(declared) > MAX_COUNT:
        raise Refused("allocate_nosql() returned %.60r: %s" % (declared, want))
    found = []
    for name, keys in declared.items():
        if not isinstance(name, str) or not name or not isinstance(keys, dict):
            raise Refused("allocate_nosql() returned %.60r for table %.60r: %s" % (keys, name, want))
        primary, secondary = keys.get("primary_key"), keys.get("secondary_key") or ""
        if not isinstance(primary, str) or not primary or not isinstance(secondary, str):
            raise Refused("allocate_nosql() returned %.60r for table %.60r: %s" % (keys, name, want))
        found.append({"name": name, "primary": primary, "secondary": secondary})
    return found


def generator(module):
    function = getattr(module, "generate_input", None)
    if not callable(function):
        raise Refused("it has no function generate_input(%s)" % ", ".join(PREFIXED))
    return function


def split(function):
    """Returns a function's parameters: positional, keyword-only, open ends."""
    parameters = list(inspect.signature(function).parameters.values())
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    named = [p for p in parameters if p.kind == p.KEYWORD_ONLY]
    return positional, named, {p.kind for p in parameters}


def match(function, by_count, roles, aliases=()):
    """Returns the roles to pass to a function: by position, by name.

    SeBS passes all by position, so their number decides, whatever they are
    called; another number of parameters must have the contract's names.
    """
    positional, named, kinds = split(function)
    names = [p.name for p in positional]
    required = sum(p.default is p.empty for p in positional)
    if not any(p.default is p.empty for p in named):
        for count in (len(names), required):
            found = by_count(names[:count])
            if found is not None:
                return found, []
        if inspect.Parameter.VAR_POSITIONAL in kinds and required <= len(roles):
            return roles, []
    known = list(roles) + list(aliases)
    wanted = [p for p in positional + named if p.name in known or p.default is p.empty]
    if any(p.name not in known or p.kind == p.POSITIONAL_ONLY for p in wanted):
        raise Refused("%s%s has parameters that the contract does not know: want (%s)" % (function.__name__, inspect.signature(function), ", ".join(roles)))
    keywords = [p.name for p in wanted]
    if inspect.Parameter.VAR_KEYWORD in kinds:
        keywords += [name for name in roles if name not in keywords]
    return [], keywords


def generate_roles(function):
    """Returns the roles of generate_input, by position and by name, and whether
    it wants a bucket for each input and output instead of a prefix."""

    def by_count(names):
        if names[-1:] == ["trigger_type"] and len(names) == 6:
            return TRIGGERED
        if len(names) == 6:  # one of the two forms with a part of the other
            return BUCKETED + ["nosql_func"] if "input" in names[2] else PREFIXED[:6]
        return {5: BUCKETED, 7: PREFIXED}.get(len(names))

    positional, named = match(function, by_count, PREFIXED, ["input_buckets", "output_buckets", "trigger_type"])
    roles = positional + named
    separate = "benchmarks_bucket" not in roles and ("input_buckets" in roles or "output_buckets" in roles)
    return positional, named, separate


def validate_roles(function):
    """Returns the roles of validate_output, by position and by name."""

    def by_count(names):
        if set(names) <= set(VALIDATE_ARCHITECTURE):
            return None  # the names say more than the number
        return VALIDATE_ARCHITECTURE if len(names) == 6 else VALIDATE if len(names) == 5 else None

    return match(function, by_count, VALIDATE_ARCHITECTURE)


def pass_roles(function, positional, named, values):
    return function(*[values[role] for role in positional], **{role: values[role] for role in named})


def describe(module, harness, request):
    inputs, outputs = buckets(module)
    separate = generate_roles(generator(module))[2]
    declared = tables(module)
    validates = callable(getattr(module, "validate_output", None))
    if validates:
        validate_roles(module.validate_output)
    source = Source(sys.argv[1])
    for function, certain in (("generate_input", True), ("validate_output", inputs + outputs > 0)):
        absent = source.missing(function, certain)
        if absent:
            raise Refused("%s imports %s, which python3 has not%s" % (function, ", ".join(absent), remedy(absent)))
    return {
        "inputs": inputs,
        "outputs": outputs,
        "tables": declared,
        "separate": separate,
        "validates": validates,
        "data": any(source.reads_data(f) for f in ("generate_input", "validate_output") if callable(getattr(module, f, None))),
    }


def generate(module, harness, request):
    inputs, _ = buckets(module)
    keys = {table["name"]: table for table in tables(module)}

    def upload(index, key, path):
        index = operator.index(index)
        if not 0 <= index < inputs:
            raise ValueError("upload_func: input bucket %d does not exist: buckets_count() declares %d input buckets" % (index, inputs))
        key = os.fspath(key)
        if not isinstance(key, str) or not key or key.startswith("/") or ".." in key.split("/"):
            raise ValueError("upload_func: the key %.200r leaves its bucket: want a relative path" % (key,))
        path = os.path.abspath(os.fspath(path))
        if not os.path.isfile(path):
            raise FileNotFoundError("upload_func: %s is not a file" % path)
        harness.call("upload", index=index, key=key, path=path)

    def put(benchmark, table, data, primary_key, secondary_key=None):
        if table not in keys:
            raise ValueError("nosql_func: table %.60r does not exist: allocate_nosql() declares %s" % (table, sorted(keys) or "none"))
        if not isinstance(data, dict):
            raise TypeError("nosql_func: the data of an item is a %s: want a dict" % kind(data))
        item = dict(data)
        for role, pair in (("primary", primary_key), ("secondary", secondary_key)):
            name = keys[table][role]
            if not name and not pair:
                continue
            if not isinstance(pair, (list, tuple)) or len(pair) != 2 or pair[0] != name or not isinstance(pair[1], str):
                raise ValueError("nosql_func: the %s key of table %s is %.60r: want (%r, a string)" % (role, table, pair, name or "none"))
            item[name] = pair[1]
        check_json(item, "nosql_func: the item")
        harness.call("put", table=table, item=item)

    failed = []

    def remember(function):
        """A failed upload is an error also where input.py ignores it."""

        def call(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except Exception as error:
                failed.append(error)
                raise

        return call

    function = generator(module)
    positional, named, _ = generate_roles(function)
    values = {
        "data_dir": request["data_dir"],
        "size": request["size"],
        "benchmarks_bucket": request["bucket"],
        "input_paths": request["inputs"],
        "output_paths": request["outputs"],
        "input_buckets": request["inputs"],
        "output_buckets": request["outputs"],
        "trigger_type": Trigger.TriggerType.HTTP,
        "upload_func": remember(upload),
        "nosql_func": remember(put),
    }
    random.seed(0)  # the same input in every run
    payload = pass_roles(function, positional, named, values)
    if failed:
        raise failed[0]
    if not isinstance(payload, dict):
        raise Refused("generate_input returned a %s: want a dict" % kind(payload))
    check_json(payload, "the payload of generate_input")
    return payload


class Storage:
    """What validate_output reads the object store through."""

    def __init__(self, harness):
        self._harness = harness

    def download(self, bucket_name, key, filepath):
        """Writes an object to a file."""
        self._harness.call("download", bucket=bucket_name, key=key, path=os.path.abspath(os.fspath(filepath)))

    def download_stream(self, bucket, key):
        """Returns an object's content."""
        path = os.path.abspath("download_stream-%d" % threading.get_ident())
        try:
            self.download(bucket, key, path)
            with open(path, "rb") as f:
                return f.read()
        finally:
            if os.path.exists(path):
                os.remove(path)

    def download_directory(self, bucket, prefix, path):
        """Writes the objects under a prefix to a folder, by their keys."""
        root = os.path.abspath(os.fspath(path))
        for key in self.list_bucket(bucket, prefix):
            target = os.path.normpath(os.path.join(root, key))
            if not target.startswith(root + os.sep):
                raise StorageError("the key %r leaves the folder" % key)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            self.download(bucket, key, target)

    def download_bucket(self, bucket_name, output_dir):
        """Writes all objects of a bucket to a folder, by their keys."""
        self.download_directory(bucket_name, "", output_dir)

    def list_bucket(self, bucket_name, prefix=""):
        """Returns the keys that begin with a prefix, sorted."""
        return self._harness.call("list", bucket=bucket_name, prefix=prefix)

    def list_buckets(self, bucket_name=None):
        """Returns the names of the benchmark's buckets, or those with a part of a name."""
        return [name for name in self._harness.call("buckets") if not bucket_name or bucket_name in name]

    def exists_bucket(self, bucket_name):
        """Says whether a bucket exists."""
        return bucket_name in self.list_buckets()

    def __getattr__(self, name):
        offered = sorted(n for n in vars(Storage) if not n.startswith("_"))
        raise AttributeError("storage has no %s for validate_output: it has %s" % (name, ", ".join(offered)))


def begin_afresh():
    """Goes to an empty working folder, so that what one check left under a fixed
    name is not taken for what the next one finds."""
    folder = os.path.join(WORK, "check")
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    os.chdir(folder)


def validate(module, harness, request):
    """Returns what is wrong with an output, or None."""
    function = getattr(module, "validate_output", None)
    if not callable(function):
        return None

    positional, named = validate_roles(function)
    begin_afresh()
    values = {
        "data_dir": request["data_dir"],
        "input_config": request["payload"],
        "output": request["output"],
        "language": request["language"],
        "architecture": request["architecture"],
        "storage": Storage(harness) if request["storage"] else None,
    }
    try:
        wrong = pass_roles(function, positional, named, values)
    except AssertionError as error:
        wrong = "assertion failed: %s" % error
    if wrong is None or wrong is True or wrong == "":
        return None
    if wrong is False:
        return "validate_output returned False"
    if not isinstance(wrong, str):
        raise Refused("validate_output returned a %s: want None, or a string that says what is wrong" % kind(wrong))
    return wrong[:4096]


def describe_error(error):
    """Returns an exception with the last lines of its traceback that are not
    this file's."""
    trace = traceback.TracebackException(type(error), error, error.__traceback__)
    part = trace
    while part is not None:
        part.stack = traceback.StackSummary.from_list([f for f in part.stack if f.filename != __file__ and not f.filename.startswith("<frozen importlib")])
        part = part.__cause__ or part.__context__
    lines = "".join(trace.format()).rstrip().split("\n")
    message = str(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        message += remedy([error.name.partition(".")[0]])
    if isinstance(error, SystemExit):
        message = "sys.exit(%s) was called" % ("" if error.code is None else repr(error.code))
    return {"type": kind(error), "message": message[:2000], "traceback": [line[:400] for line in lines[-TRACEBACK_LINES:]]}


def main():
    harness = Harness()
    provide_sebs(sys.argv[2])
    operations = {"describe": describe, "generate": generate, "validate": validate}
    module = None
    while True:
        request = harness.request()
        running = "import"
        try:
            if module is None:
                module = load(sys.argv[1])
            running = request["operation"]
            harness.answer({"value": operations[request["operation"]](module, harness, request)})
        except Refused as error:
            harness.answer({"refused": str(error)})
        except BaseException as error:  # SystemExit too: whatever input.py raises is an answer
            harness.answer({"raised": dict(describe_error(error), running=running)})


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # the harness is gone, and the end of its requests may not have been read yet
        end()
