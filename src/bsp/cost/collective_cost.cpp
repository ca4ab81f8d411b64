#include "scalar/bsp/cost/collective_cost.hpp"

#include <fmt/core.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp {
namespace {

/// The time of an h-relation of `count * bytes` bytes, also when that product overflows.
Nanoseconds exchange(const Machine& machine, std::uint64_t count, std::uint64_t bytes) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t product = 0;
  if (!__builtin_mul_overflow(count, bytes, &product)) return machine.exchange(product);
  return machine.exchange(most) / static_cast<double>(most) * static_cast<double>(count) * static_cast<double>(bytes);
}

/// The bytes of all chunks of a vector but the process's own.
std::uint64_t foreign_part(std::uint64_t bytes, std::uint64_t processes) noexcept { return bytes - bytes / processes; }

}  // namespace

const Machine& typical_machine() {
  static const Machine machine{
      .peers = 2, .rate = 1, .latency = 25'000, .gaps = {{1 << 10, 1'000}, {64 << 10, 30'000}, {1 << 20, 500'000}}};
  return machine;
}

Nanoseconds predict_collective(const Machine& machine, Algorithm algorithm, int processes, std::uint64_t bytes,
                               int parts) {
  if (algorithm == Algorithm::automatic) return choose_collective(machine, processes, bytes, parts).time;
  const Machine& known = machine.gaps.empty() ? typical_machine() : machine;
  const Nanoseconds latency(known.latency);
  if (processes <= 1) return 2 * latency;  // nothing travels
  const auto all = static_cast<std::uint64_t>(processes), of_each = static_cast<std::uint64_t>(parts < 1 ? 1 : parts);
  if (algorithm == Algorithm::one_phase) return exchange(known, (all - 1) * of_each, bytes) + 3 * latency;
  const std::uint64_t foreign = foreign_part(bytes, all);
  return exchange(known, of_each, foreign) + known.exchange(foreign) + 4 * latency;
}

Choice choose_collective(const Machine& machine, int processes, std::uint64_t bytes, int parts) {
  const Nanoseconds one = predict_collective(machine, Algorithm::one_phase, processes, bytes, parts);
  const Nanoseconds two = predict_collective(machine, Algorithm::two_phase, processes, bytes, parts);
  return two < one ? Choice{Algorithm::two_phase, two} : Choice{Algorithm::one_phase, one};
}

namespace detail {

void check_machine(const Machine& machine) {
  const auto check = [](const std::string& what, double nanoseconds) {
    if (!std::isfinite(nanoseconds) || nanoseconds < 0)
      fail(Errc::invalid_argument, "bsp::Engine", "machine.{} is {}, expected 0 or more nanoseconds", what,
           nanoseconds);
  };
  check("latency", machine.latency);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < machine.gaps.size(); ++i) {
    const std::string entry = fmt::format("gaps[{}]", i);
    check(entry + ".nanoseconds", machine.gaps[i].nanoseconds);
    if (machine.gaps[i].bytes <= before)
      fail(Errc::invalid_argument, "bsp::Engine", "machine.{}.bytes is {}, expected more than {}", entry,
           machine.gaps[i].bytes, before);
    before = machine.gaps[i].bytes;
  }
}

}  // namespace detail
}  // namespace scalar::inline v0::bsp
