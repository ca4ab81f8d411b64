#include "scalar/bsp/detail/arrivals.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_bad_segment(const Segment& segment, std::size_t message_bytes) {
  throw Error(Errc::parse,
              "peer " + std::to_string(segment.source) + " sent " + std::to_string(segment.bytes.size()) +
                  " bytes for " + std::to_string(segment.count) + " messages" +
                  (message_bytes != 0 ? " of " + std::to_string(message_bytes) + " bytes" : std::string()),
              "bsp peer " + std::to_string(segment.destination));
}

}  // namespace scalar::inline v0::bsp::detail
