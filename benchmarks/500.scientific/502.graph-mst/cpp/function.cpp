// Makes a random graph with weights and finds its minimal spanning tree.
#include <sebs/function.hpp>

#include "preferential.hpp"

using json = nlohmann::json;
using namespace preferential;

json function(const json &event) {
  auto [size, seed] = parameters(event);

  auto begin = Clock::now();
  Random random(seed);
  Graph graph(size, grow(size, random));
  std::vector<igraph_real_t> weights(size_t(graph.edges()));
  for (igraph_real_t &weight : weights) weight = igraph_real_t(random());
  auto generated = Clock::now();
  Integers tree;
  igraph_vector_t view;
  igraph_vector_view(&view, weights.data(), igraph_integer_t(weights.size()));
  check(igraph_minimum_spanning_tree(graph.get(), tree.get(), &view));
  auto computed = Clock::now();

  int64_t edges = 0, weight = 0, heaviest = 0;
  for (igraph_integer_t edge : tree) {
    int64_t w = int64_t(weights[size_t(edge)]);
    edges++;
    weight += w;
    heaviest = std::max(heaviest, w);
  }
  return {
      {"result",
       {{"vertices", graph.vertices()},
        {"edges", graph.edges()},
        {"tree", {{"edges", edges}, {"weight", weight}, {"heaviest", heaviest}}}}},
      {"measurement",
       {{"graph_generating_time", microseconds(begin, generated)}, {"compute_time", microseconds(generated, computed)}}},
  };
}
