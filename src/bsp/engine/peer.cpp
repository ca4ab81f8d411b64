#include "scalar/bsp/peer.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0::bsp {

void Peer::throw_bad_rank(int rank, std::string_view where) const {
  fail(Errc::out_of_range, fmt::format("bsp peer {}", rank_), "{}: rank is {}, expected 0 to {}", where, rank,
       size() - 1);
}

}  // namespace scalar::inline v0::bsp
