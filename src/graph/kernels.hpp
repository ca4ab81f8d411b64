#pragma once
/// Functions shared by the graph algorithms. Internal.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/bsp/arrays/replicated.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/core/range.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/graph/graph.hpp"

namespace scalar::inline v0::graph {

[[noreturn]] inline void refuse(const char* algorithm, const char* option, double value, const char* expected) {
  fail(Errc::invalid_argument, algorithm, "{} is {}, expected {}", option, shown(value), expected);
}

/// The number of peers for an algorithm that starts its own engine: `asked`, or one per thread if that is 0.
inline int peers_for(int asked, const Runtime& runtime, const char* algorithm) {
  if (asked < 0) refuse(algorithm, "peers", asked, "0 or more");
  if (asked > 0) return asked;
  return runtime.threads();
}

inline void check_source(const Graph& graph, Vertex source, const char* algorithm) {
  if (source < graph.vertices()) return;
  fail(Errc::out_of_range, algorithm, "the source is vertex {} of a graph of {} vertices", source, graph.vertices());
}

/// The vertices of `rank` when peers divide the work on the lists evenly; a vertex costs as much as four edges. Shares
/// begin at multiples of 64, so that no cache line or bitmap word belongs to two peers.
inline Range edge_share(std::span<const std::int64_t> offsets, int rank, int peers) {
  const std::size_t vertices = offsets.size() - 1;
  const auto work_before = [&](std::size_t v) { return static_cast<std::size_t>(offsets[v]) + 4 * v; };
  const auto cut = [&](int at) {
    const std::size_t target =
        even_bound(work_before(vertices), static_cast<std::size_t>(at), static_cast<std::size_t>(peers));
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

/// Distributes the vertices of `list` among the peers in equal runs, beginning with this peer. A short list goes to
/// fewer peers.
inline void deal(bsp::Mailbox<Vertex>& box, std::span<const Vertex> list, int rank, int peers) {
  constexpr std::size_t least = 64;  // fewer vertices are not worth sending to another thread
  const std::size_t run =
      (std::max)(least, (list.size() + static_cast<std::size_t>(peers) - 1) / static_cast<std::size_t>(peers));
  for (std::size_t begin = 0; begin < list.size(); begin += run) {
    box.send(rank, list.subspan(begin, (std::min)(run, list.size() - begin)));
    rank = rank + 1 == peers ? 0 : rank + 1;
  }
}

}  // namespace scalar::inline v0::graph
