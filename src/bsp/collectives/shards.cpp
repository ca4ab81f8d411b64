#include "scalar/bsp/collectives/shards.hpp"

#include <fmt/core.h>

#include "core/fail.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp {

ShardRange shards_of(int shards, int rank, int peers) {
  if (shards < 1 || shards > 1 << 20)
    fail(Errc::invalid_argument, "bsp::ShardReduce", "shards is {}, expected 1 to 1048576", shards);
  if (peers > shards)
    fail(Errc::invalid_argument, "bsp::ShardReduce",
         "{} peers cannot share {} {}, expected at most as many peers as shards", peers, shards,
         shards == 1 ? "shard" : "shards");
  const Range mine =
      even_part(static_cast<std::size_t>(shards), static_cast<std::size_t>(rank), static_cast<std::size_t>(peers));
  return {static_cast<int>(mine.begin), static_cast<int>(mine.end)};
}

std::vector<ShardRange> nodes_of(ShardRange shards) {
  std::vector<ShardRange> nodes;
  for (int first = shards.first; first < shards.last;) {
    int count = 1;
    while (first % (2 * count) == 0 && 2 * count <= shards.last - first) count *= 2;
    nodes.push_back({first, first + count});
    first += count;
  }
  return nodes;
}

void detail::throw_bad_fold(const char* what, std::size_t seen, std::size_t expected, int rank) {
  fail(Errc::shape_mismatch, fmt::format("bsp::ShardReduce peer {}", rank), "{}: {}, expected {}", what, seen,
       expected);
}

}  // namespace scalar::inline v0::bsp
