"""Makes a random graph with weights and finds its minimal spanning tree."""

import time

import igraph

from . import preferential


def microseconds(start, end):
    return (end - start) // 1000


def handler(event):
    size, seed = preferential.parameters(event)

    begin = time.perf_counter_ns()
    ends, state = preferential.grow(size, seed)
    graph = igraph.Graph(size, edges=zip(ends[::2], ends[1::2]))
    weights = preferential.weights(graph.ecount(), state)
    generated = time.perf_counter_ns()
    tree = graph.spanning_tree(weights=weights, return_tree=False)
    computed = time.perf_counter_ns()

    return {
        "result": {
            "vertices": graph.vcount(),
            "edges": graph.ecount(),
            "tree": {
                "edges": len(tree),
                "weight": sum(weights[edge] for edge in tree),
                "heaviest": max(weights[edge] for edge in tree),
            },
        },
        "measurement": {
            "graph_generating_time": microseconds(begin, generated),
            "compute_time": microseconds(generated, computed),
        },
    }
