#pragma once
/// The graphs of reference.json, which reference.py writes with networkx and scipy.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "scalar/core/json.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/graph.hpp"
#include "scalar/graph/read.hpp"
#include "support/paths.hpp"

namespace graph_test {

using namespace scalar;

inline const json::Value& reference() {
  static const json::Value value = [] {
    std::ifstream file(test::source_file("tests/graph/fast/reference.json"));
    return json::parse(std::string(std::istreambuf_iterator<char>(file), {}), "reference.json");
  }();
  return value;
}

/// A small graph and what is known of it.
struct Known {
  std::string name;
  graph::Graph graph;  ///< with weights
  const json::Value* answers;

  std::vector<double> numbers(std::string_view key) const {
    std::vector<double> result;
    for (const json::Value& value : answers->at(key).as_array()) result.push_back(value.as_double());
    return result;
  }
};

inline std::vector<Known> known_graphs() {
  std::vector<Known> result;
  for (const json::Value& entry : reference().at("graphs").as_array()) {
    std::vector<graph::WeightedEdge> edges;
    for (const json::Value& edge : entry.at("edges").as_array()) {
      const auto& parts = edge.as_array();
      edges.push_back({static_cast<graph::Vertex>(parts[0].as_int()), static_cast<graph::Vertex>(parts[1].as_int()),
                       static_cast<float>(parts[2].as_double())});
    }
    const graph::BuildOptions build{.directed = entry.at("directed").as_bool(),
                                    .vertices = entry.at("vertices").as_uint()};
    result.push_back({entry.at("name").as_string(), graph::from_edges(edges, build), &entry});
  }
  return result;
}

/// A file of the shared data; empty where it is not there.
inline std::string shared_file(const std::string& name) {
  const std::string path = test::shared_data(name);
  return std::ifstream(path).good() ? path : std::string();
}

/// The numbers of peers and threads that every algorithm is run with.
struct Division {
  int peers = 1;
  Runtime runtime{};
};
inline std::vector<Division> divisions() {
  const Runtime one({.threads = 1}), two({.threads = 2});
  std::vector<Division> result;
  for (const int peers : {1, 2, 3, 4, 5, 6, 7, 8}) result.push_back({peers, peers % 2 == 0 ? two : one});
  result.push_back({3, two});
  return result;
}

inline graph::Graph graph_of(std::vector<graph::Edge> edges, bool directed = true, std::uint64_t vertices = 0) {
  return graph::from_edges(edges, {.directed = directed, .vertices = vertices});
}

}  // namespace graph_test
