#pragma once
/// Counter-based random numbers: the same on every machine and for any number of threads.
#include <array>
#include <cstdint>

namespace scalar::inline v0 {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): one sequence for each (seed,
/// stream). Satisfies UniformRandomBitGenerator. Thread safety: one thread at a time; copies are independent.
class Philox {
 public:
  using result_type = std::uint32_t;

  constexpr explicit Philox(std::uint64_t seed, std::uint64_t stream = 0) noexcept : key_(seed), stream_(stream) {}

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return 0xffffffffu; }

  constexpr result_type operator()() noexcept {
    if (used_ == 4) {
      block_ = block(key_, stream_, counter_++);
      used_ = 0;
    }
    return block_[used_++];
  }
  /// Uniform in `[0, 1)`, with 53 random bits.
  constexpr double uniform() noexcept {
    const std::uint64_t high = (*this)();
    return static_cast<double>((high << 32 | (*this)()) >> 11) * 0x1.0p-53;
  }
  /// Uniform in `[0, bound)` without bias (Lemire, "Fast random integer generation in an interval", 2019); `bound > 0`.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    for (const std::uint64_t threshold = -bound % bound;;) {
      const std::uint64_t word = std::uint64_t{(*this)()} << 32 | (*this)();
      const Wide product = static_cast<Wide>(word) * bound;
      if (static_cast<std::uint64_t>(product) >= threshold) return static_cast<std::uint64_t>(product >> 64);
    }
  }

  /// Block number `counter` of the stream: four 32-bit words.
  static constexpr std::array<std::uint32_t, 4> block(std::uint64_t seed, std::uint64_t stream,
                                                      std::uint64_t counter) noexcept {
    std::uint32_t key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
    std::array<std::uint32_t, 4> word{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                                      static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t first = std::uint64_t{0xD2511F53u} * word[0], second = std::uint64_t{0xCD9E8D57u} * word[2];
      word = {static_cast<std::uint32_t>(second >> 32) ^ word[1] ^ key0, static_cast<std::uint32_t>(second),
              static_cast<std::uint32_t>(first >> 32) ^ word[3] ^ key1, static_cast<std::uint32_t>(first)};
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    return word;
  }

 private:
  __extension__ using Wide = unsigned __int128;
  std::uint64_t key_, stream_, counter_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace scalar::inline v0
