// Random graphs by preferential attachment, equal in every language.
//
// A new vertex brings ATTACHED edges to different vertices before it, drawn
// with a probability proportional to their degree: each is an end, taken at
// random, of the edges that earlier vertices have. The first vertices are
// joined with all before them. Random numbers are Park and Miller's with the
// multiplier 48271; their products are exact in a double.
'use strict';

const { UndirectedGraph } = require('graphology');

const ATTACHED = 10;
const MULTIPLIER = 48271;
const MODULUS = 2 ** 31 - 1;

function parameter(event, name, least, most) {
  const value = event[name];
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`the event's ${name} is ${JSON.stringify(value)}, want an integer from ${least} to ${most}`);
  }
  return value;
}

// parameters returns the number of vertices and the seed that the event names.
exports.parameters = function (event) {
  return [parameter(event, 'size', 2, 2 ** 24), parameter(event, 'seed', 1, MODULUS - 1)];
};

// grow returns a graph whose nodes are the numbers of its vertices, and whose
// edges' keys their numbers, and the last random number.
exports.grow = function (size, seed) {
  const ends = []; // of all edges, two for each
  for (let newer = 1; newer < Math.min(size, ATTACHED + 1); newer++) {
    for (let older = 0; older < newer; older++) {
      ends.push(older, newer);
    }
  }
  let state = seed;
  for (let newer = ATTACHED + 1; newer < size; newer++) {
    const total = ends.length;
    const drawn = [];
    while (drawn.length < ATTACHED) {
      state = (state * MULTIPLIER) % MODULUS;
      const older = ends[state % total];
      if (!drawn.includes(older)) {
        drawn.push(older);
      }
    }
    for (const older of drawn) {
      ends.push(older, newer);
    }
  }

  const graph = new UndirectedGraph({ allowSelfLoops: false });
  for (let vertex = 0; vertex < size; vertex++) {
    graph.addNode(vertex);
  }
  for (let i = 0; i < ends.length; i += 2) {
    graph.addUndirectedEdgeWithKey(i / 2, ends[i], ends[i + 1]);
  }
  return [graph, state];
};

// weights returns the weights of the edges: the random numbers after state.
exports.weights = function (count, state) {
  const values = [];
  for (let i = 0; i < count; i++) {
    state = (state * MULTIPLIER) % MODULUS;
    values.push(state);
  }
  return values;
};
