#pragma once
/// Two channels of one array in two processes that are none: what one collects is delivered to the other.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/bsp/detail/world.hpp"

namespace bsp_test {

class CopyingOutbox final : public scalar::bsp::detail::Outbox {
 public:
  void add(int source, int destination, std::uint64_t count, std::span<const std::byte> bytes,
           std::size_t alignment) override {
    parts.push_back({source, destination, count, alignment, {bytes.begin(), bytes.end()}});
  }
  void deliver(std::uint64_t superstep, scalar::bsp::detail::ChannelBase& to) {
    for (Part& part : parts) to.deliver(superstep, {part.source, part.destination, part.count, part.bytes});
    parts.clear();
  }

  struct Part {
    int source = 0, destination = 0;
    std::uint64_t count = 0;
    std::size_t alignment = 0;
    std::vector<std::byte> bytes{};
  };
  std::vector<Part> parts{};
};

}  // namespace bsp_test
