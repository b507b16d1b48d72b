"""Reads the parameters of a model in the format ONNX."""

# The numbers of fields: a model's graph, the graph's parameters, and what of a
# parameter is read.
GRAPH, INITIALIZER = 7, 5
DIMS, TYPE, NAME, RAW = 1, 2, 8, 9
FLOAT = 1


def varint(data, at):
    """Returns the number that begins at a place, and where it ends."""
    number = shift = 0
    while shift < 64:
        if at >= len(data):
            raise ValueError("it ends in the middle of a number")
        number |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return number, at
        shift += 7
    raise ValueError("it has a number of more than 64 bits")


def fields(data):
    """Yields the fields of a message: number, and value or content."""
    data, at = content(data), 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind in (1, 2, 5):
            length = {1: 8, 5: 4}.get(kind)
            if length is None:
                length, at = varint(data, at)
            if length > len(data) - at:
                raise ValueError(f"it ends {length - len(data) + at} bytes early")
            value, at = data[at:at + length], at + length
        else:
            raise ValueError(f"it has a field of the unknown kind {kind}")
        yield tag >> 3, value


def content(value):
    """Returns the content of a field, which must not be a number."""
    if isinstance(value, int):
        raise ValueError(f"it has the number {value} where content is expected")
    return value


def dims(value):
    """Returns the dimensions of a field: one, or several that are packed."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        found.append(number)
    return found


def initializers(data):
    """Returns shape and content, little-endian float32, of a model's parameters
    by their names. The contents are views of the model."""
    tensors = {}
    graphs = [value for number, value in fields(memoryview(data)) if number == GRAPH]
    if len(graphs) != 1:
        raise ValueError(f"it has {len(graphs)} graphs")
    for number, message in fields(graphs[0]):
        if number != INITIALIZER:
            continue
        name, shape, kind, raw = "", [], None, b""
        for number, value in fields(message):
            if number == DIMS:
                shape += dims(value)
            elif number == TYPE:
                kind = value
            elif number == NAME:
                name = str(content(value), "utf-8")
            elif number == RAW:
                raw = content(value)
        length = 4
        for dimension in shape:
            length *= dimension
        if kind != FLOAT or len(raw) != length:
            raise ValueError(f"its {name} of type {kind} and shape {shape} has {len(raw)} bytes")
        tensors[name] = tuple(shape), raw
    return tensors
