#pragma once
/// Machine: the four numbers of the BSP cost model, and probe, which measures them.
#include <chrono>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "scalar/core/fields.hpp"

namespace scalar::inline v0::bsp {
class Engine;

using Nanoseconds = std::chrono::duration<double, std::nano>;

/// What a superstep costs on a machine: `w + h * g(h) + l` (Valiant, "A bridging model for parallel computation", CACM
/// 1990; `g` depends on the size as in Bisseling's BSPbench). Save it by `to_json` and load it by `parse_json` of
/// scalar/core/described.hpp.
struct Machine {
  struct Gap {
    std::uint64_t bytes = 0;  ///< the size of an h-relation: the most that a peer sends or receives
    double nanoseconds = 0;   ///< the time of that h-relation, without the latency

    static constexpr std::string_view name = "gap";
    static constexpr auto fields() { return std::tuple{field<&Gap::bytes>, field<&Gap::nanoseconds>.in(0, 1e18)}; }
  };
  int peers = 0;
  double rate = 0;          ///< multiply-adds per nanosecond, by one peer while all compute
  double latency = 0;       ///< nanoseconds of an empty superstep (`l` of the model)
  std::vector<Gap> gaps{};  ///< in ascending order of size (`g` of the model)

  static constexpr std::string_view name = "machine";
  static constexpr auto fields() {
    return std::tuple{field<&Machine::peers>.in(0, 1 << 20), field<&Machine::rate>.in(0, 1e18),
                      field<&Machine::latency>.in(0, 1e18), field<&Machine::gaps>};
  }

  /// The time of an h-relation of `bytes`, interpolated between the measured sizes.
  Nanoseconds exchange(std::uint64_t bytes) const noexcept;
  /// The time of a superstep whose longest work takes `work`.
  Nanoseconds predict(Nanoseconds work, std::uint64_t bytes) const noexcept {
    return work + exchange(bytes) + Nanoseconds(latency);
  }
};

/// Measures the machine of an engine in about 0.3 seconds, with the engine's peers and workers. In an engine of several
/// processes every process must call `probe`.
Machine probe(const Engine& engine);

}  // namespace scalar::inline v0::bsp
