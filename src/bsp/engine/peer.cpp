#include "scalar/bsp/peer.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

void Peer::throw_bad_rank(int rank, std::string_view where) const {
  throw Error(
      Errc::out_of_range,
      std::string(where) + ": rank is " + std::to_string(rank) + ", expected 0 to " + std::to_string(size() - 1),
      "bsp peer " + std::to_string(rank_));
}

}  // namespace scalar::inline v0::bsp
