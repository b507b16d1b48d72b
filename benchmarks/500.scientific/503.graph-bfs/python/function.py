"""Makes a random graph and searches it breadth first."""

import time

import igraph

from . import preferential


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    size, seed = preferential.parameters(event)

    begin = time.perf_counter_ns()
    ends, _ = preferential.grow(size, seed)
    graph = igraph.Graph(size, edges=zip(ends[::2], ends[1::2]))
    generated = time.perf_counter_ns()
    order, starts, parents = graph.bfs(0)
    computed = time.perf_counter_ns()

    # The order has as many vertices as the graph; what is returned is bounded.
    path = [order[-1]]
    while path[-1] != 0:
        path.append(parents[path[-1]])
    return {
        "result": {
            "vertices": graph.vcount(),
            "edges": graph.ecount(),
            "layers": [
                {"vertices": end - start, "sum": sum(order[start:end])}
                for start, end in zip(starts, starts[1:])
            ],
            "path": path,
        },
        "measurement": {
            "graph_generating_time": microseconds(begin, generated),
            "compute_time": microseconds(generated, computed),
        },
    }
