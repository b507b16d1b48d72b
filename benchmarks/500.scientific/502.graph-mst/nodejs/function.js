// Makes a random graph with weights and finds its minimal spanning tree.
'use strict';

const { StaticDisjointSet } = require('mnemonist');

const preferential = require('./preferential');

// minimalTree returns the numbers of the edges of a graph's minimal spanning
// tree, by Kruskal's algorithm.
function minimalTree(graph, weights) {
  const trees = new StaticDisjointSet(graph.order);
  const tree = [];
  for (const edge of graph.edges().map(Number).sort((a, b) => weights[a] - weights[b])) {
    const [older, newer] = graph.extremities(edge).map(Number);
    if (!trees.connected(older, newer)) {
      trees.union(older, newer);
      tree.push(edge);
    }
  }
  return tree;
}

function microseconds(start, end) {
  return Number((end - start) / 1000n);
}

exports.handler = async function (event) {
  const [size, seed] = preferential.parameters(event);

  const begin = process.hrtime.bigint();
  const [graph, state] = preferential.grow(size, seed);
  const weights = preferential.weights(graph.size, state);
  const generated = process.hrtime.bigint();
  const tree = minimalTree(graph, weights);
  const computed = process.hrtime.bigint();

  let weight = 0;
  let heaviest = 0;
  for (const edge of tree) {
    weight += weights[edge];
    heaviest = Math.max(heaviest, weights[edge]);
  }
  return {
    result: { vertices: graph.order, edges: graph.size, tree: { edges: tree.length, weight, heaviest } },
    measurement: {
      graph_generating_time: microseconds(begin, generated),
      compute_time: microseconds(generated, computed),
    },
  };
};
