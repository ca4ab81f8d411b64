#include "scalar/bsp/collectives/shards.hpp"

#include <cstdint>
#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

ShardRange shards_of(int shards, int rank, int peers) {
  if (shards < 1 || shards > 1 << 20)
    throw Error(Errc::invalid_argument, "shards is " + std::to_string(shards) + ", expected 1 to 1048576",
                "bsp::ShardReduce");
  if (peers > shards)
    throw Error(Errc::invalid_argument,
                std::to_string(peers) + " peers cannot share " + std::to_string(shards) +
                    (shards == 1 ? " shard" : " shards") + ", expected at most as many peers as shards",
                "bsp::ShardReduce");
  const auto bound = [&](int peer) { return static_cast<int>(std::int64_t{shards} * peer / peers); };
  return {bound(rank), bound(rank + 1)};
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
  throw Error(Errc::shape_mismatch,
              std::string(what) + ": " + std::to_string(seen) + ", expected " + std::to_string(expected),
              "bsp::ShardReduce peer " + std::to_string(rank));
}

}  // namespace scalar::inline v0::bsp
