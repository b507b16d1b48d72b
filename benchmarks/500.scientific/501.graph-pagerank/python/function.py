"""Makes a random graph and computes the PageRank of its vertices."""

import math
import random
import time

import igraph

EDGES = 10  # that each new vertex brings


def integer(event, name, least):
    value = event.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"the event's {name} is {value!r}, want an integer of at least {least}")
    return value


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    size = integer(event, "size", 1)
    if event.get("seed") is not None:
        random.seed(integer(event, "seed", 0))  # igraph's random numbers are Python's

    begin = time.perf_counter_ns()
    graph = igraph.Graph.Barabasi(size, EDGES)
    generated = time.perf_counter_ns()
    ranks = graph.pagerank()
    computed = time.perf_counter_ns()

    # What a check needs beside the first vertex's rank: the whole, and the
    # newest vertex with its neighbours.
    neighbours = graph.neighbors(size - 1)
    return {
        "result": {
            "rank": ranks[0],
            "sum": math.fsum(ranks),
            "vertices": graph.vcount(),
            "edges": graph.ecount(),
            "newest": {
                "rank": ranks[-1],
                "neighbours": [
                    {"rank": ranks[vertex], "degree": degree}
                    for vertex, degree in zip(neighbours, graph.degree(neighbours))
                ],
            },
        },
        "measurement": {
            "graph_generating_time": microseconds(begin, generated),
            "compute_time": microseconds(generated, computed),
        },
    }
