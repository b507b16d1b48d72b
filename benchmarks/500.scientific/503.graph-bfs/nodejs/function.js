// Makes a random graph and searches it breadth first.
'use strict';

const { bfsFromNode } = require('graphology-traversal');

const preferential = require('./preferential');

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const [size, seed] = preferential.parameters(event);

  const begin = process.hrtime.bigint();
  const [graph] = preferential.grow(size, seed);
  const generated = process.hrtime.bigint();
  const depths = {};
  let last; // vertex that was visited
  bfsFromNode(graph, 0, (vertex, _, depth) => {
    depths[vertex] = depth;
    last = vertex;
  });
  const computed = process.hrtime.bigint();

  // The search has as many vertices as the graph; what is returned is bounded.
  const layers = [];
  for (const [vertex, depth] of Object.entries(depths)) {
    layers[depth] ??= { vertices: 0, sum: 0 };
    layers[depth].vertices++;
    layers[depth].sum += Number(vertex);
  }
  const path = [Number(last)];
  for (let depth = depths[last] - 1; depth >= 0; depth--) {
    last = graph.findNeighbor(last, (neighbour) => depths[neighbour] === depth);
    path.push(Number(last));
  }
  return {
    result: { vertices: graph.order, edges: graph.size, layers, path },
    measurement: {
      graph_generating_time: microseconds(begin, generated),
      compute_time: microseconds(generated, computed),
    },
  };
};
