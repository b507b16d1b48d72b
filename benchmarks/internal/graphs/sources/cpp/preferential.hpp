// Random graphs by preferential attachment, equal in every language.
//
// A new vertex brings `attached` edges to different vertices before it, drawn
// with a probability proportional to their degree: each is an end, taken at
// random, of the edges that earlier vertices have. The first vertices are
// joined with all before them. Random numbers are Park and Miller's with the
// multiplier 48271.
#pragma once

#include <igraph.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace preferential {

constexpr size_t attached = 10;

using Random = std::minstd_rand;

// Parameters are what the event says of the graph.
struct Parameters {
  int64_t size;  // vertices
  uint32_t seed;
};

// parameter returns a number of the event.
inline int64_t parameter(const nlohmann::json &event, const char *name, int64_t least, int64_t most) {
  const nlohmann::json value = event.value(name, nlohmann::json());
  if (!value.is_number_integer() || value < least || value > most) {
    throw std::invalid_argument("the event's " + std::string(name) + " is " + value.dump() + ", want an integer from " +
                                std::to_string(least) + " to " + std::to_string(most));
  }
  return value.get<int64_t>();
}

inline Parameters parameters(const nlohmann::json &event) {
  return {parameter(event, "size", 2, 1 << 24), uint32_t(parameter(event, "seed", 1, Random::modulus - 1))};
}

// grow returns the ends of all edges, two for each. The numbers that random
// gives afterwards are the weights of the edges.
inline std::vector<igraph_integer_t> grow(int64_t size, Random &random) {
  std::vector<igraph_integer_t> ends;
  ends.reserve(2 * attached * size_t(size));
  for (int64_t newer = 1; newer < std::min<int64_t>(size, attached + 1); newer++) {
    for (int64_t older = 0; older < newer; older++) ends.insert(ends.end(), {older, newer});
  }
  for (int64_t newer = attached + 1; newer < size; newer++) {
    size_t total = ends.size(), count = 0;
    std::array<igraph_integer_t, attached> drawn;
    while (count < attached) {
      igraph_integer_t older = ends[random() % total];
      if (std::find(drawn.begin(), drawn.begin() + count, older) == drawn.begin() + count) drawn[count++] = older;
    }
    for (igraph_integer_t older : drawn) ends.insert(ends.end(), {older, newer});
  }
  return ends;
}

// check throws what igraph says is wrong. Its own handler would end the
// process.
inline void check(igraph_error_t code) {
  if (code == IGRAPH_ENOMEM) throw std::bad_alloc();
  if (code != IGRAPH_SUCCESS) throw std::runtime_error(std::string("igraph: ") + igraph_strerror(code));
}

inline igraph_error_handler_t *const replaced = igraph_set_error_handler(igraph_error_handler_ignore);

// Graph is an undirected graph of igraph's.
class Graph {
 public:
  Graph(int64_t size, const std::vector<igraph_integer_t> &ends) {
    igraph_vector_int_t edges;
    igraph_vector_int_view(&edges, ends.data(), igraph_integer_t(ends.size()));
    check(igraph_create(&graph, &edges, size, IGRAPH_UNDIRECTED));
  }
  ~Graph() { igraph_destroy(&graph); }
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;

  const igraph_t *get() const { return &graph; }
  igraph_integer_t vertices() const { return igraph_vcount(&graph); }
  igraph_integer_t edges() const { return igraph_ecount(&graph); }

 private:
  igraph_t graph;
};

// Integers is a vector of igraph's.
class Integers {
 public:
  Integers() { check(igraph_vector_int_init(&vector, 0)); }
  ~Integers() { igraph_vector_int_destroy(&vector); }
  Integers(const Integers &) = delete;
  Integers &operator=(const Integers &) = delete;

  igraph_vector_int_t *get() { return &vector; }
  const igraph_integer_t *begin() const { return vector.stor_begin; }
  const igraph_integer_t *end() const { return vector.end; }
  igraph_integer_t operator[](igraph_integer_t i) const { return vector.stor_begin[i]; }

 private:
  igraph_vector_int_t vector;
};

using Clock = std::chrono::steady_clock;

inline int64_t microseconds(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<std::chrono::microseconds>(end - start).count();
}

}  // namespace preferential
