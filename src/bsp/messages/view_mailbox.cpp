#include "scalar/bsp/messages/view_mailbox.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void check_lengths(std::span<const std::uint64_t> lengths, std::size_t values, int source, int rank) {
  std::uint64_t left = values;
  bool fits = true;
  for (const std::uint64_t length : lengths) {  // their sum may be a lie that overflows
    fits = fits && length <= left;
    left -= length;
  }
  if (fits && left == 0) return;
  throw Error(Errc::parse,
              "peer " + std::to_string(source) + " sent " + std::to_string(values) + " elements for " +
                  std::to_string(lengths.size()) + " messages of another length in all",
              "bsp peer " + std::to_string(rank));
}

}  // namespace scalar::inline v0::bsp::detail
