#pragma once
/// Selections of rows, shared by Table and Dataset: the same seed picks the same rows in both.
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "scalar/core/random.hpp"
#include "scalar/data/table.hpp"

namespace scalar::inline v0::data {

using Rows = std::vector<std::int64_t>;

/// `[0, rows)` in a random order drawn from `seed` (Fisher and Yates).
inline Rows permutation(std::int64_t rows, std::uint64_t seed) {
  Rows order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  Philox random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

template <class Data>
typename Data::Parts split(const Data& data, const SplitOptions& options) {
  if (!(options.test > 0 && options.test < 1))
    fail(Errc::invalid_argument, {}, "split: test is {}, expected a share in (0, 1)", options.test);
  const std::int64_t tested = std::llround(options.test * static_cast<double>(data.rows()));
  if (tested == 0 || tested == data.rows())
    fail(Errc::invalid_argument, {}, "split: {} of {} rows leaves one part empty", options.test, data.rows());
  const Data shuffled = data.shuffle(options.seed);
  return {shuffled.slice(tested, data.rows() - tested), shuffled.slice(0, tested)};
}

/// The first row of part `rank` of `count`. The first `rows % count` parts have one row more than the others.
inline std::int64_t part_begin(std::int64_t rows, int rank, int count) {
  const std::int64_t whole = rows / count, rest = rows % count;
  return whole * rank + (rank < rest ? rank : rest);
}

template <class Data>
Data shard(const Data& data, int rank, int count) {
  if (count < 1 || rank < 0 || rank >= count)
    fail(Errc::invalid_argument, {}, "shard {} of {}: expected 0 <= rank < count", rank, count);
  const std::int64_t begin = part_begin(data.rows(), rank, count);
  return data.slice(begin, part_begin(data.rows(), rank + 1, count) - begin);
}

template <class Data>
std::vector<typename Data::Fold> folds(const Data& data, int count, std::uint64_t seed) {
  if (count < 2 || count > data.rows())
    fail(Errc::invalid_argument, {}, "{} folds of {} rows: expected at least 2, and at most one per row", count,
         data.rows());
  const Rows order = permutation(data.rows(), seed);
  std::vector<typename Data::Fold> result;
  for (int fold = 0; fold < count; ++fold) {
    const auto begin = order.begin() + part_begin(data.rows(), fold, count);
    const auto end = order.begin() + part_begin(data.rows(), fold + 1, count);
    Rows train(order.begin(), begin);
    train.insert(train.end(), end, order.end());
    result.push_back({data.take(std::move(train)), data.take(Rows(begin, end))});
  }
  return result;
}

}  // namespace scalar::inline v0::data
