#include "scalar/bsp/detail/arrivals.hpp"

#include <fmt/core.h>

#include <string>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_bad_segment(const Segment& segment, std::size_t message_bytes) {
  fail(Errc::parse, fmt::format("bsp peer {}", segment.destination), "peer {} sent {} bytes for {} messages{}",
       segment.source, segment.bytes.size(), segment.count,
       message_bytes != 0 ? fmt::format(" of {} bytes", message_bytes) : std::string());
}

}  // namespace scalar::inline v0::bsp::detail
