"""Makes a random graph and computes the PageRank of its vertices."""

import math
import time

import igraph

from . import preferential

DAMPING = 0.85
SHOWN = 10  # ranks, at least


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    size, seed = preferential.parameters(event)

    begin = time.perf_counter_ns()
    ends, _ = preferential.grow(size, seed)
    graph = igraph.Graph(size, edges=zip(ends[::2], ends[1::2]))
    generated = time.perf_counter_ns()
    ranks = graph.pagerank(damping=DAMPING)
    computed = time.perf_counter_ns()

    return {
        "result": {
            "vertices": graph.vcount(),
            "edges": graph.ecount(),
            "sum": math.fsum(ranks),
            "ranks": ranks[:: max(size // SHOWN, 1)],
        },
        "measurement": {
            "graph_generating_time": microseconds(begin, generated),
            "compute_time": microseconds(generated, computed),
        },
    }
