#pragma once
/// What the ready algorithms share. Internal to the room.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/quoted.hpp"
#include "scalar/bsp/arrays/replicated.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

[[noreturn]] inline void refuse(const char* algorithm, const char* option, double value, const char* expected) {
  throw Error(Errc::invalid_argument, std::string(option) + " is " + shown(value) + ", expected " + expected,
              algorithm);
}

/// Peers for a run of its own: one a thread.
inline int peers_for(int asked, const Runtime& runtime, const char* algorithm) {
  if (asked < 0) refuse(algorithm, "peers", asked, "0 or more");
  if (asked > 0) return asked;
  return runtime.threads();
}

inline void check_source(const Graph& graph, Vertex source, const char* algorithm) {
  if (source < graph.vertices()) return;
  throw Error(Errc::out_of_range,
              "the source is vertex " + std::to_string(source) + " of a graph of " + std::to_string(graph.vertices()) +
                  " vertices",
              algorithm);
}

/// The vertices of `rank` when peers divide the lists' work evenly: a vertex costs as much as four edges. Shares begin
/// at multiples of 64, which no two peers' cache lines and bitmap words cross.
inline bsp::Share edge_share(std::span<const std::int64_t> offsets, int rank, int peers) {
  const std::size_t vertices = offsets.size() - 1;
  const auto work_before = [&](std::size_t v) { return static_cast<std::size_t>(offsets[v]) + 4 * v; };
  const auto cut = [&](int at) {
    const std::size_t target = bsp::even_share(work_before(vertices), at, peers).begin;
    std::size_t low = 0, high = vertices;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (work_before(middle) < target)
        low = middle + 1;
      else
        high = middle;
    }
    return (std::min)(vertices, (low + 63) / 64 * 64);
  };
  return {rank == 0 ? 0 : cut(rank), rank + 1 == peers ? vertices : cut(rank + 1)};
}

/// Deals the vertices of `list` to the peers in even runs, from this one on; short lists to few.
inline void deal(bsp::Mailbox<Vertex>& box, std::span<const Vertex> list, int rank, int peers) {
  constexpr std::size_t least = 64;  // what is not worth another thread's attention
  const std::size_t run =
      (std::max)(least, (list.size() + static_cast<std::size_t>(peers) - 1) / static_cast<std::size_t>(peers));
  for (std::size_t begin = 0; begin < list.size(); begin += run) {
    box.send(rank, list.subspan(begin, (std::min)(run, list.size() - begin)));
    rank = rank + 1 == peers ? 0 : rank + 1;
  }
}

}  // namespace scalar::inline v0::graph
