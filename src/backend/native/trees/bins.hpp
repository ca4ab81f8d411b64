#pragma once
/// Features as small integers: quantile bins, stored in blocks of features whose histograms stay in the nearest cache.
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

/// The bins of one feature. A value's bin is the number of cuts that are not greater than it; what is missing has the
/// bin after the last.
struct Cuts {
  std::vector<float> values{};  ///< ascending, not NaN
  bool missing = false;         ///< some training rows lack the feature
  bool infinite = false;        ///< some training rows hold +infinity, which is less than no split

  int bins() const { return static_cast<int>(values.size()) + 1; }
  int slots() const { return bins() + (missing ? 1 : 0); }
};

/// Neighboring features: `codes[row * width + i]` is the bin of feature `first + i`.
struct Block {
  int first = 0;
  int width = 0;
};

inline constexpr int max_block_width = 16;
inline constexpr std::size_t block_bytes = 28 * 1024;  ///< of a block's histogram: most of a nearest cache

/// The rows `[first, first + rows.count())` of `all`: those of one peer.
struct Part {
  native::Rows rows{};
  std::int64_t first = 0;
  std::int64_t all = 0;
};

/// Asks between pieces of the binning whether the fit should go on, and tells how far it has come.
class Watch {
 public:
  /// `reports`: this peer tells the caller's progress. `columns` are those of the data.
  Watch(const FitOptions& options, bool reports, std::int64_t columns)
      : options_(options), reports_(reports), columns_(columns) {}

  /// Throws `Errc::canceled` once asked to stop. May be called by any thread.
  void check() const;
  /// So many columns have cuts, of each of which so many of `rows` have codes.
  void report(std::int64_t columns, std::int64_t coded, std::int64_t rows) const;

 private:
  const FitOptions& options_;
  bool reports_;
  std::int64_t columns_;
};

/// A share of `all`, the larger ones first.
Part part_of(const native::Rows& all, int rank, int peers);

/// Cuts of every feature: exact where it has at most `bins` distinct values, else quantiles, of a sample when there are
/// many rows. Rows of weight 0 do not count. The same for any number of threads, and for any parts of the same rows:
/// each peer tells what it has of a feature to the one that finds its cuts, and that tells the cuts to all.
/// Errors: `Errc::canceled`.
bsp::Task<std::vector<Cuts>> find_cuts(bsp::Peer& peer, const Part& part, int bins, const native::ThreadTeam& team,
                                       const Watch& watch);

/// The features `[first, last)` that peer `rank` answers for.
struct Features {
  int first = 0, last = 0;
  int count() const { return last - first; }
};
Features features_of(std::int64_t features, int rank, int peers);

/// Histogram slots that each feature gets: the largest number needed; 256 when bytes are enough.
int slot_stride(std::span<const Cuts> cuts);

/// Neighboring features in blocks of nearly equal width, as many as the cache asks for, or as there are threads.
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
Binned<Code> bin(FloatMatrix features, std::span<const Cuts> cuts, std::vector<Block> blocks, const native::ThreadTeam& team,
                 const Watch& watch);

}  // namespace scalar::inline v0::backend::trees
