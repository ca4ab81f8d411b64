#include "scalar/bsp/messages/view_mailbox.hpp"

#include <fmt/core.h>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void check_lengths(std::span<const std::uint64_t> lengths, std::size_t values, int source, int rank) {
  std::uint64_t left = values;
  bool fits = true;
  for (const std::uint64_t length : lengths) {  // not summed: corrupt lengths may overflow
    fits = fits && length <= left;
    left -= length;
  }
  if (fits && left == 0) return;
  fail(Errc::parse, fmt::format("bsp peer {}", rank),
       "peer {} sent {} elements for {} messages of another length in all", source, values, lengths.size());
}

}  // namespace scalar::inline v0::bsp::detail
