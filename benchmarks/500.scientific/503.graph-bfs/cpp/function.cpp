// Makes a random graph and searches it breadth first.
#include <sebs/function.hpp>

#include "preferential.hpp"

#include <numeric>

using json = nlohmann::json;
using namespace preferential;

json function(const json &event) {
  auto [size, seed] = parameters(event);

  auto begin = Clock::now();
  Random random(seed);
  Graph graph(size, grow(size, random));
  auto generated = Clock::now();
  Integers order, starts, parents;
  check(igraph_bfs_simple(graph.get(), 0, IGRAPH_ALL, order.get(), starts.get(), parents.get()));
  auto computed = Clock::now();

  // The order has as many vertices as the graph; what is returned is bounded.
  json layers = json::array();
  for (const igraph_integer_t *start = starts.begin(); start + 1 < starts.end(); start++) {
    int64_t sum = std::accumulate(order.begin() + start[0], order.begin() + start[1], int64_t(0));
    layers.push_back({{"vertices", start[1] - start[0]}, {"sum", sum}});
  }
  json path = json::array();
  igraph_integer_t vertex = order.end()[-1];
  for (path.push_back(vertex); vertex != 0; path.push_back(vertex)) vertex = parents[vertex];
  return {
      {"result", {{"vertices", graph.vertices()}, {"edges", graph.edges()}, {"layers", layers}, {"path", path}}},
      {"measurement",
       {{"graph_generating_time", microseconds(begin, generated)}, {"compute_time", microseconds(generated, computed)}}},
  };
}
