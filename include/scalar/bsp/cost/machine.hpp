#pragma once
/// Machine: the four numbers of the BSP cost model, and probe, which measures them.
#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "scalar/core/fields.hpp"

namespace scalar::inline v0::bsp {
class Engine;

/// What a superstep costs on a machine: `w + h * g(h) + l` (Valiant, "A bridging model for parallel computation", CACM
/// 1990; `g` depends on the size as in Bisseling's BSPbench). To be kept, it goes through `to_json` and `parse_json` of
/// scalar/core/described.hpp.
struct Machine {
  struct Gap {
    std::uint64_t bytes = 0;  ///< of an h-relation: the most that a peer sends or receives
    double nanoseconds = 0;   ///< for it, without `l`

    static constexpr std::string_view name = "gap";
    static constexpr auto fields() { return std::tuple{field<&Gap::bytes>, field<&Gap::nanoseconds>.in(0, 1e18)}; }
  };
  int p = 0;             ///< peers
  double r = 0;          ///< multiply-adds a nanosecond, by one peer while all compute
  double l = 0;          ///< nanoseconds of a superstep with nothing in it
  std::vector<Gap> g{};  ///< by size, ascending

  static constexpr std::string_view name = "machine";
  static constexpr auto fields() {
    return std::tuple{field<&Machine::p>.in(0, 1 << 20), field<&Machine::r>.in(0, 1e18), field<&Machine::l>.in(0, 1e18),
                      field<&Machine::g>};
  }

  /// The time of an h-relation, in nanoseconds, between the sizes that were measured.
  double exchange(std::uint64_t bytes) const noexcept;
  /// The time of a superstep whose longest work is `work` nanoseconds.
  double predict(std::int64_t work, std::uint64_t bytes) const noexcept {
    return static_cast<double>(work) + exchange(bytes) + l;
  }
};

/// Measures an engine's machine in about 0.3 seconds, with the peers and workers that it has. In an engine of several
/// processes every process calls it.
Machine probe(const Engine& engine);

}  // namespace scalar::inline v0::bsp
