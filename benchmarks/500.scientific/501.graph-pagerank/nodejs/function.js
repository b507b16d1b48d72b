// Makes a random graph and computes the PageRank of its vertices.
'use strict';

const pagerank = require('graphology-metrics/centrality/pagerank');

const preferential = require('./preferential');

const DAMPING = 0.85;
const SHOWN = 10; // ranks, at least
const TOLERANCE = 1e-14; // change of a rank at which the iteration ends

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const [size, seed] = preferential.parameters(event);

  const begin = process.hrtime.bigint();
  const [graph] = preferential.grow(size, seed);
  const generated = process.hrtime.bigint();
  const ranks = pagerank(graph, { alpha: DAMPING, tolerance: TOLERANCE, maxIterations: 1000, getEdgeWeight: null });
  const computed = process.hrtime.bigint();

  const shown = [];
  let sum = 0;
  const step = Math.max(Math.floor(size / SHOWN), 1);
  for (let vertex = 0; vertex < size; vertex++) {
    sum += ranks[vertex];
    if (vertex % step === 0) {
      shown.push(ranks[vertex]);
    }
  }
  return {
    result: { vertices: graph.order, edges: graph.size, sum, ranks: shown },
    measurement: {
      graph_generating_time: microseconds(begin, generated),
      compute_time: microseconds(generated, computed),
    },
  };
};
