#include "scalar/bsp/span_collectives.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

void Peer::throw_bad_rank(int rank, std::string_view where) const {
  throw Error(
      Errc::out_of_range,
      std::string(where) + ": rank is " + std::to_string(rank) + ", expected 0 to " + std::to_string(size() - 1),
      "bsp peer " + std::to_string(rank_));
}

namespace detail {

void throw_bad_segment(const Segment& segment, std::size_t message_bytes) {
  throw Error(Errc::parse,
              "peer " + std::to_string(segment.source) + " sent " + std::to_string(segment.bytes.size()) +
                  " bytes for " + std::to_string(segment.count) + " messages" +
                  (message_bytes != 0 ? " of " + std::to_string(message_bytes) + " bytes" : std::string()),
              "bsp peer " + std::to_string(segment.destination));
}

void throw_unlike_roots(std::string_view collective, int expected, int rank, int root) {
  throw Error(Errc::invalid_argument,
              std::string(collective) + ": root is " + std::to_string(expected) + " for peer 0, but " +
                  std::to_string(root) + " for peer " + std::to_string(rank),
              "bsp");
}

void throw_unlike_sizes(std::string_view collective, std::size_t expected, int rank, std::size_t size) {
  throw Error(Errc::shape_mismatch,
              std::string(collective) + ": peer 0 gives " + std::to_string(expected) + " elements, but peer " +
                  std::to_string(rank) + " gives " + std::to_string(size),
              "bsp");
}

Chunk chunk_of(std::size_t count, std::size_t element_bytes, int index, int pieces) noexcept {
  const std::size_t line = (std::max)(std::size_t{1}, 64 / element_bytes);
  const std::size_t lines = (count + line - 1) / line;
  const auto bound = [&](int chunk) {
    const auto part = static_cast<std::size_t>(chunk), parts = static_cast<std::size_t>(pieces);
    return (std::min)(count, (lines / parts * part + lines % parts * part / parts) * line);
  };
  return {bound(index), bound(index + 1)};
}

namespace {

void add_nodes(TreeNode node, int first, int count, std::vector<TreeNode>& nodes) {
  if (node.first >= first + count || node.first + node.count <= first) return;
  if (node.first >= first && node.first + node.count <= first + count) return nodes.push_back(node);
  add_nodes(node.left(), first, count, nodes);
  add_nodes(node.right(), first, count, nodes);
}

}  // namespace

std::vector<TreeNode> nodes_within(int size, int first, int count) {
  std::vector<TreeNode> nodes;
  add_nodes({0, size}, first, count, nodes);
  return nodes;
}

}  // namespace detail
}  // namespace scalar::inline v0::bsp
