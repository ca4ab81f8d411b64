#pragma once
/// A mergeable median in bounded memory.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace scalar::inline v0::data {

/// The median of numbers. It is exact while there are at most `capacity` distinct values; beyond that it is a sketch of
/// sorted buffers, each with twice the weight of the one before (Manku, Rajagopalan, Lindsay, "Approximate medians and
/// other quantiles in one pass and with limited memory", SIGMOD 1998): each halving keeps every second value,
/// alternating between the odd and the even ones.
class MedianSketch {
 public:
  static constexpr std::size_t capacity = 65536;

  void add(double value, std::uint64_t count = 1) {
    total_ += count;
    if (!levels_.empty()) return add_weighted(value, count);
    counts_[value == 0 ? 0.0 : value] += count;
    if (counts_.size() > capacity) spill();
  }

  void merge(const MedianSketch& other) {
    if (other.levels_.empty()) {
      for (const auto& [value, count] : other.counts_) add(value, count);
      return;
    }
    if (levels_.empty()) spill();
    total_ += other.total_;
    for (std::size_t level = 0; level < other.levels_.size(); ++level)
      for (const double value : other.levels_[level].values) push(level, value);
  }

  /// The mean of the two middle values if the number of values is even; 0 without values.
  double median() const {
    if (total_ == 0) return 0;
    std::vector<std::pair<double, std::uint64_t>> weighted(counts_.begin(), counts_.end());
    for (std::size_t level = 0; level < levels_.size(); ++level)
      for (const double value : levels_[level].values) weighted.emplace_back(value, std::uint64_t{1} << level);
    std::sort(weighted.begin(), weighted.end());
    const double low = at_rank(weighted, (total_ - 1) / 2), high = at_rank(weighted, total_ / 2);
    return low == high ? low : low / 2 + high / 2;
  }

 private:
  struct Level {
    std::vector<double> values{};
    bool odd = false;  // which values the last halving kept
  };

  static double at_rank(const std::vector<std::pair<double, std::uint64_t>>& weighted, std::uint64_t rank) {
    std::uint64_t before = 0;
    for (const auto& [value, count] : weighted)
      if ((before += count) > rank) return value;
    return weighted.back().first;
  }

  void spill() {
    levels_.emplace_back();
    // In ascending order, so that the sketch does not depend on the order of a hash table.
    std::vector<std::pair<double, std::uint64_t>> counts(counts_.begin(), counts_.end());
    std::sort(counts.begin(), counts.end());
    counts_.clear();
    for (const auto& [value, count] : counts) add_weighted(value, count);
  }
  void add_weighted(double value, std::uint64_t count) {
    for (; count != 0; count &= count - 1) push(static_cast<std::size_t>(std::countr_zero(count)), value);
  }
  void push(std::size_t level, double value) {
    if (levels_.size() <= level) levels_.resize(level + 1);
    levels_[level].values.push_back(value);
    if (levels_[level].values.size() >= capacity) halve(level);
  }
  void halve(std::size_t level) {
    std::vector<double> values = std::move(levels_[level].values);
    levels_[level].values.clear();
    std::sort(values.begin(), values.end());
    levels_[level].odd = !levels_[level].odd;
    for (std::size_t i = levels_[level].odd ? 1 : 0; i < values.size(); i += 2) push(level + 1, values[i]);
  }

  std::unordered_map<double, std::uint64_t> counts_;
  std::vector<Level> levels_;  // each value in `levels_[i]` has weight 2^i
  std::uint64_t total_ = 0;
};

}  // namespace scalar::inline v0::data
