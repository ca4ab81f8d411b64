#pragma once
/// Features as small integers: quantile bins, stored in blocks of features whose histograms fit in the first-level
/// cache.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/native/rows.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/core/tensor.hpp"

namespace scalar::inline v0::bsp {
class Peer;
}

namespace scalar::inline v0::backend::trees {

/// The bins of one feature. A value's bin is the number of cuts that are not greater than it; missing values have the
/// bin after the last.
struct Cuts {
  std::vector<float> values{};  ///< ascending, not NaN
  bool missing = false;         ///< some training rows lack the feature
  bool infinite = false;        ///< some training rows hold +infinity, which goes right at every split

  int bins() const { return static_cast<int>(values.size()) + 1; }
  int slots() const { return bins() + (missing ? 1 : 0); }
};

/// Neighboring features: `codes[row * width + i]` is the bin of feature `first + i`.
struct Block {
  int first = 0;
  int width = 0;
};

inline constexpr int max_block_width = 16;
inline constexpr std::size_t block_bytes = 28 * 1024;  ///< size of a block's histogram: most of a first-level cache

/// The rows of one peer: `[first, first + rows.count())` of `all` rows.
struct Part {
  native::Rows rows{};
  std::int64_t first = 0;
  std::int64_t all = 0;
};

/// Checks between pieces of the binning whether a stop is requested, and reports progress.
class Watch {
 public:
  /// `reports`: this peer calls the caller's progress function. `columns`: the number of columns of the data.
  Watch(const FitOptions& options, bool reports, std::int64_t columns)
      : options_(options), reports_(reports), columns_(columns) {}

  /// Throws `Errc::canceled` once a stop is requested. May be called by any thread.
  void check() const;
  /// Reports that `columns` columns have cuts, and that `coded` of the `rows` rows have codes.
  void report(std::int64_t columns, std::int64_t coded, std::int64_t rows) const;

 private:
  const FitOptions& options_;
  bool reports_;
  std::int64_t columns_;
};

/// The rows of peer `rank` when `all` are divided among `peers`; the first peers get one more row if needed.
Part part_of(const native::Rows& all, int rank, int peers);

/// Finds the cuts of every feature: all distinct values if there are at most `bins`, else quantiles, of a sample if
/// there are many rows. Rows of weight 0 do not count. The result is the same for any number of threads and any
/// division of the same rows: each peer sends what it has of a feature to the peer that finds the feature's cuts, which
/// sends the cuts to all.
/// Errors: `Errc::canceled`.
bsp::Task<std::vector<Cuts>> find_cuts(bsp::Peer& peer, const Part& part, int bins, const native::ThreadTeam& team,
                                       const Watch& watch);

/// The features `[first, last)` that one peer is responsible for.
struct Features {
  int first = 0, last = 0;
  int count() const { return last - first; }
};
Features features_of(std::int64_t features, int rank, int peers);

/// The number of histogram slots that each feature gets: the largest number needed, at least 256 (codes of one byte).
int slot_stride(std::span<const Cuts> cuts);

/// Cuts the features into blocks of neighbors of nearly equal width: as many blocks as the cache requires, rounded up
/// to a multiple of `threads` if there are enough features.
std::vector<Block> make_blocks(int features, int stride, int threads);

/// A matrix of bins. `Code` is `std::uint8_t` or `std::uint16_t`.
template <class Code>
struct Binned {
  std::int64_t rows = 0;
  std::vector<Block> blocks{};
  std::vector<Code> codes{};  ///< block after block, each `[rows, width]`

  const Code* block(const Block& block) const { return codes.data() + rows * block.first; }
};

/// Errors: `Errc::canceled`.
template <class Code>
Binned<Code> bin(FloatMatrix features, std::span<const Cuts> cuts, std::vector<Block> blocks,
                 const native::ThreadTeam& team, const Watch& watch);

}  // namespace scalar::inline v0::backend::trees
