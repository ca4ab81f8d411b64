#include "scalar/bsp/detail/tree_fold.hpp"

#include <algorithm>

#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp::detail {

Range chunk_of(std::size_t count, std::size_t element_bytes, int index, int pieces) noexcept {
  const std::size_t line = (std::max)(std::size_t{1}, 64 / element_bytes);
  const std::size_t lines = (count + line - 1) / line;
  const Range part = even_part(lines, static_cast<std::size_t>(index), static_cast<std::size_t>(pieces));
  return {(std::min)(count, part.begin * line), (std::min)(count, part.end * line)};
}

int most_nodes(const Placement& placement) noexcept {
  int most = 0;
  for (int process = 0; process < placement.processes(); ++process) {
    int nodes = 0;
    each_node_within({0, placement.size()}, placement.first(process), placement.count(process),
                     [&](TreeNode) { ++nodes; });
    most = (std::max)(most, nodes);
  }
  return most;
}

}  // namespace scalar::inline v0::bsp::detail
