#pragma once
/// What an Encoder learns from one column, in pieces that can be merged: different threads or processes may see them.
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "data/dictionary.hpp"
#include "data/median.hpp"

namespace scalar::inline v0::data {

/// Count, mean, squared deviations, extremes and, with `with_median`, the median of numbers.
struct NumberStatistics {
  bool with_median = false;
  std::int64_t count = 0;
  double mean = 0, squares = 0;  ///< `squares`: the sum of squared differences from the mean
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  MedianSketch sketch{};

  /// Adds finite numbers: two passes over the piece, then one merge.
  void add(std::span<const double> values) {
    if (values.empty()) return;
    NumberStatistics piece;
    piece.count = static_cast<std::int64_t>(values.size());
    double sum = 0;
    for (const double value : values) {
      sum += value;
      piece.least = value < piece.least ? value : piece.least;
      piece.greatest = value > piece.greatest ? value : piece.greatest;
    }
    piece.mean = piece.least == piece.greatest ? piece.least : sum / static_cast<double>(values.size());
    for (const double value : values) piece.squares += (value - piece.mean) * (value - piece.mean);
    if (with_median)
      for (const double value : values) piece.sketch.add(value);
    merge(piece);
  }

  /// Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979), eq. 2.1.
  void merge(const NumberStatistics& other) {
    if (other.count == 0) return;
    const double delta = other.mean - mean;
    const auto mine = static_cast<double>(count), theirs = static_cast<double>(other.count);
    squares += other.squares + delta * delta * (mine * theirs / (mine + theirs));
    mean = count == 0 ? other.mean : mean + delta * (theirs / (mine + theirs));
    count += other.count;
    least = other.least < least ? other.least : least;
    greatest = other.greatest > greatest ? other.greatest : greatest;
    sketch.merge(other.sketch);
  }

  bool is_constant() const noexcept { return !(least < greatest); }
  /// The population's standard deviation; 0 for a constant column.
  double deviation() const noexcept { return is_constant() ? 0.0 : std::sqrt(squares / static_cast<double>(count)); }
};

/// Distinct values, at most `limit`.
template <class Value>
struct DistinctStatistics {
  std::size_t limit = 0;
  std::set<Value, std::less<>> values{};

  /// Adds a value; false if there are more than `limit` now.
  template <class Given>
  bool add(const Given& value) {
    if (values.find(value) == values.end()) values.emplace(value);
    return values.size() <= limit;
  }
  bool merge(const DistinctStatistics& other) {
    values.insert(other.values.begin(), other.values.end());
    return values.size() <= limit;
  }
};

}  // namespace scalar::inline v0::data
