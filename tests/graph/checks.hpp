#pragma once
/// What the tests of graph storage share: lists as vectors, and the text of an error.
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/graph/graph.hpp"
#include "support/catch.hpp"

namespace graph_test {

template <class T>
std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}
using Vertices = std::vector<scalar::graph::Vertex>;

}  // namespace graph_test
