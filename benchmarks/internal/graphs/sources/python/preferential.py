"""Random graphs by preferential attachment, equal in every language.

A new vertex brings ATTACHED edges to different vertices before it, drawn with
a probability proportional to their degree: each is an end, taken at random, of
the edges that earlier vertices have. The first vertices are joined with all
before them. Random numbers are Park and Miller's with the multiplier 48271.
"""

from array import array

ATTACHED = 10
MULTIPLIER = 48271
MODULUS = 2**31 - 1


def parameter(event, name, least, most):
    """Returns a number of the event."""
    value = event.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"the event's {name} is {value!r}, want an integer from {least} to {most}")
    return value


def parameters(event):
    """Returns the number of vertices and the seed that the event names."""
    return parameter(event, "size", 2, 2**24), parameter(event, "seed", 1, MODULUS - 1)


def grow(size, seed):
    """Returns the ends of all edges, two for each, and the last random number."""
    ends = array("q")
    for newer in range(1, min(size, ATTACHED + 1)):
        for older in range(newer):
            ends.append(older)
            ends.append(newer)
    state = seed
    for newer in range(ATTACHED + 1, size):
        total = len(ends)
        drawn = []
        while len(drawn) < ATTACHED:
            state = state * MULTIPLIER % MODULUS
            older = ends[state % total]
            if older not in drawn:
                drawn.append(older)
        for older in drawn:
            ends.append(older)
            ends.append(newer)
    return ends, state


def weights(count, state):
    """Returns the weights of the edges: the random numbers after state."""
    values = []
    for _ in range(count):
        state = state * MULTIPLIER % MODULUS
        values.append(state)
    return values
