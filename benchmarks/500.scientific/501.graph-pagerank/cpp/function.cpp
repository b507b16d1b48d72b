// Makes a random graph and computes the PageRank of its vertices.
#include <sebs/function.hpp>

#include "preferential.hpp"

using json = nlohmann::json;
using namespace preferential;

static const double damping = 0.85;
static const int64_t shown = 10;  // ranks, at least

// Reals is a vector of igraph's.
struct Reals {
  Reals() { check(igraph_vector_init(&vector, 0)); }
  ~Reals() { igraph_vector_destroy(&vector); }
  Reals(const Reals &) = delete;
  Reals &operator=(const Reals &) = delete;

  igraph_vector_t vector;
};

json function(const json &event) {
  auto [size, seed] = parameters(event);

  auto begin = Clock::now();
  Random random(seed);
  Graph graph(size, grow(size, random));
  auto generated = Clock::now();
  Reals ranks;
  check(igraph_pagerank(graph.get(), IGRAPH_PAGERANK_ALGO_PRPACK, &ranks.vector, nullptr, igraph_vss_all(),
                        IGRAPH_UNDIRECTED, damping, nullptr, nullptr));
  auto computed = Clock::now();

  long double sum = 0;
  for (int64_t v = 0; v < size; v++) sum += VECTOR(ranks.vector)[v];
  json some = json::array();
  for (int64_t v = 0; v < size; v += std::max<int64_t>(size / shown, 1)) some.push_back(VECTOR(ranks.vector)[v]);
  return {
      {"result", {{"vertices", graph.vertices()}, {"edges", graph.edges()}, {"sum", double(sum)}, {"ranks", some}}},
      {"measurement",
       {{"graph_generating_time", microseconds(begin, generated)}, {"compute_time", microseconds(generated, computed)}}},
  };
}
