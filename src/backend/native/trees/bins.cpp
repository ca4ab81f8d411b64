#include "backend/native/trees/bins.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "scalar/core/parallel.hpp"
#include "scalar/core/random.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

/// Rows that the quantiles are taken from, ascending: all, or one drawn from each of equal stretches.
std::vector<std::int64_t> sample_rows(std::int64_t rows, std::span<const float> weights, int bins) {
  const std::int64_t wanted = (std::max)(std::int64_t{16'384}, std::int64_t{64} * bins);
  std::vector<std::int64_t> sample;
  if (rows <= 2 * wanted) {
    for (std::int64_t row = 0; row < rows; ++row) sample.push_back(row);
  } else {
    Philox random(0x5ca1a4);
    for (std::int64_t i = 0; i < wanted; ++i) {
      const std::int64_t begin = rows * i / wanted, end = rows * (i + 1) / wanted;
      sample.push_back(begin + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(end - begin))));
    }
  }
  if (!weights.empty())
    std::erase_if(sample, [&](std::int64_t row) { return weights[static_cast<std::size_t>(row)] == 0; });
  return sample;
}

/// The distinct values of a column, ascending, unless there are more than `limit`. Starts from values known already.
bool all_distinct(FloatMatrix features, std::span<const float> weights, std::int64_t column, std::size_t limit,
                  std::vector<float>& values) {
  float last = std::numeric_limits<float>::quiet_NaN();
  for (std::int64_t row = 0; row < features.rows; ++row) {
    const float x = features(row, column);
    if (x == last || std::isnan(x)) continue;
    if (!weights.empty() && weights[static_cast<std::size_t>(row)] == 0) continue;
    last = x;
    const auto at = std::lower_bound(values.begin(), values.end(), x);
    if (at != values.end() && *at == x) continue;
    if (values.size() == limit) return false;
    values.insert(at, x);
  }
  return true;
}

Cuts cuts_of(FloatMatrix features, std::span<const float> weights, std::int64_t column,
             std::span<const std::int64_t> sample, int bins) {
  Cuts cuts;
  for (std::int64_t row = 0; row < features.rows; ++row) {
    const float x = features(row, column);
    cuts.missing |= std::isnan(x);
    cuts.infinite |= x == std::numeric_limits<float>::infinity();
  }
  // A byte holds 256 codes, one of which says missing.
  if (bins == 256 && cuts.missing) bins = 255;

  std::vector<float> sorted;
  sorted.reserve(sample.size());
  for (const std::int64_t row : sample)
    if (const float x = features(row, column); !std::isnan(x)) sorted.push_back(x);
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> distinct = sorted;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());

  const auto limit = static_cast<std::size_t>(bins);
  if (distinct.size() <= limit && (sample.size() == static_cast<std::size_t>(features.rows) ||
                                   all_distinct(features, weights, column, limit, distinct))) {
    // Every value has its bin, and the cut below it is the value itself.
    if (!distinct.empty()) cuts.values.assign(distinct.begin() + 1, distinct.end());
    return cuts;
  }
  for (std::size_t k = 1; k < limit; ++k) {
    const float cut = sorted[sorted.size() * k / limit];
    if (cut > (cuts.values.empty() ? sorted.front() : cuts.values.back())) cuts.values.push_back(cut);
  }
  return cuts;
}

/// Cuts padded with NaN, which nothing is greater than, to one less than a power of two: a search without branches.
class Search {
 public:
  explicit Search(const Cuts& cuts)
      : half_(std::bit_ceil(cuts.values.size() + 1) / 2), missing_(static_cast<std::uint32_t>(cuts.bins())) {
    table_ = cuts.values;
    table_.resize(2 * half_, std::numeric_limits<float>::quiet_NaN());
  }

  template <class Code>
  void codes(const float* x, std::int64_t step, int count, Code* to, int width) const {
    constexpr int at_once = 8;
    int i = 0;
    for (; i + at_once <= count; i += at_once) {
      std::uint32_t at[at_once] = {};
      float value[at_once];
      for (int k = 0; k < at_once; ++k) value[k] = x[(i + k) * step];
      for (std::size_t span = half_; span > 0; span /= 2)
#pragma GCC unroll 8
        for (int k = 0; k < at_once; ++k)
          at[k] += (table_[at[k] + span - 1] <= value[k]) ? static_cast<std::uint32_t>(span) : 0u;
      for (int k = 0; k < at_once; ++k)
        to[(i + k) * width] = static_cast<Code>(std::isnan(value[k]) ? missing_ : at[k]);
    }
    for (; i < count; ++i) {
      std::uint32_t at = 0;
      for (std::size_t span = half_; span > 0; span /= 2)
        if (table_[at + span - 1] <= x[i * step]) at += static_cast<std::uint32_t>(span);
      to[i * width] = static_cast<Code>(std::isnan(x[i * step]) ? missing_ : at);
    }
  }

 private:
  std::size_t half_;
  std::uint32_t missing_;
  std::vector<float> table_;
};

}  // namespace

std::vector<Cuts> find_cuts(FloatMatrix features, std::span<const float> weights, int bins, const Runtime& runtime) {
  const std::vector<std::int64_t> sample = sample_rows(features.rows, weights, bins);
  std::vector<Cuts> cuts(static_cast<std::size_t>(features.columns));
  parallel_for(runtime, features.columns, 1, [&](std::int64_t column, std::int64_t) {
    cuts[static_cast<std::size_t>(column)] = cuts_of(features, weights, column, sample, bins);
  });
  return cuts;
}

int slot_stride(std::span<const Cuts> cuts) {
  int most = 0;
  for (const Cuts& feature : cuts) most = (std::max)(most, feature.slots());
  return most <= 256 ? 256 : most;
}

std::vector<Block> make_blocks(int features, int stride, int threads) {
  const auto fitting = static_cast<int>(block_bytes / (sizeof(std::int64_t) * static_cast<std::size_t>(stride)));
  const int widest = std::clamp(fitting, 1, max_block_width);
  int count = (features + widest - 1) / widest;
  count = (std::min)(features, (count + threads - 1) / threads * threads);
  std::vector<Block> blocks;
  for (int i = 0; i < count; ++i) {
    const auto at = [&](int k) { return static_cast<int>(std::int64_t{features} * k / count); };
    blocks.push_back({at(i), at(i + 1) - at(i)});
  }
  return blocks;
}

template <class Code>
Binned<Code> bin(FloatMatrix features, std::span<const Cuts> cuts, std::vector<Block> blocks, const Runtime& runtime) {
  Binned<Code> binned{features.rows, std::move(blocks), {}};
  binned.codes.resize(static_cast<std::size_t>(features.rows * features.columns));
  const std::vector<Search> searches(cuts.begin(), cuts.end());
  // A tile of rows is read once and stays near while its columns are searched one after the other.
  parallel_for(runtime, features.rows, 256, [&](std::int64_t begin, std::int64_t end) {
    for (const Block& block : binned.blocks)
      for (int i = 0; i < block.width; ++i)
        searches[static_cast<std::size_t>(block.first + i)].codes(
            features.data + begin * features.stride + block.first + i, features.stride, static_cast<int>(end - begin),
            binned.codes.data() + features.rows * block.first + begin * block.width + i, block.width);
  });
  return binned;
}

template Binned<std::uint8_t> bin(FloatMatrix, std::span<const Cuts>, std::vector<Block>, const Runtime&);
template Binned<std::uint16_t> bin(FloatMatrix, std::span<const Cuts>, std::vector<Block>, const Runtime&);

}  // namespace scalar::inline v0::backend::trees
