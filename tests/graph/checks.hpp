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

/// What the call's error says; it must have the code.
inline std::string message(scalar::Errc expected, const std::function<void()>& call) {
  try {
    call();
  } catch (const scalar::Error& error) {
    CHECK(name(error.code()) == name(expected));
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace graph_test
