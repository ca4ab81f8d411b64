#pragma once
/// Sums of whole multiples of a power of two: their bits depend neither on the order of the terms nor on which peer
/// adds which terms.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "backend/native/rows.hpp"
#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::backend::trees {

using native::ThreadTeam;

/// The smallest power of two in multiples of which `sum` stays below `limit`, even after `rows` terms were rounded.
inline double unit(double sum, double limit, std::int64_t rows) {
  if (sum == 0) return 1;
  return std::exp2(std::ceil(std::log2(sum / (limit - static_cast<double>(rows)))));
}

/// Two numbers per row, which are summed together.
template <class Number>
struct Both {
  Number first{}, second{};
};

/// Over the numbers of all rows: the largest absolute values, NaN or infinite if a number is, and the sums.
struct Totals {
  Both<double> largest{}, sum{};
};

struct Larger {
  static double of(double a, double b) { return b > a || std::isnan(b) ? b : a; }
  Both<double> operator()(const Both<double>& a, const Both<double>& b) const {
    return {of(a.first, b.first), of(a.second, b.second)};
  }
};
struct Plus {
  Both<std::int64_t> operator()(const Both<std::int64_t>& a, const Both<std::int64_t>& b) const {
    return {a.first + b.first, a.second + b.second};
  }
};

/// Folds `value(row)` over this peer's rows with `op`, in pieces.
template <class Value, class Op>
auto fold_rows(const ThreadTeam& team, std::int64_t rows, const Value& value, Op op) {
  constexpr std::int64_t piece = 8192;
  using Result = decltype(value(std::int64_t{0}));
  std::vector<Result> parts(static_cast<std::size_t>((rows + piece - 1) / piece));
  team.for_pieces(rows, piece, [&](std::int64_t begin, std::int64_t end) {
    Result part{};
    for (std::int64_t row = begin; row < end; ++row) part = op(part, value(row));
    parts[static_cast<std::size_t>(begin / piece)] = part;
  });
  Result all{};
  for (const Result& part : parts) all = op(all, part);
  return all;
}

/// Sums `value(row)`, a `Both<double>`, over the rows of all peers: `rows` on this peer, `all` in total. Takes two
/// collectives. A term loses what is smaller than 2^-62 of `all` times the largest one. The sums are 0 if a number is
/// not finite.
template <class Value>
bsp::Task<Totals> sum_exactly(bsp::Peer& peer, const ThreadTeam& team, std::int64_t rows, std::int64_t all,
                              const Value& value) {
  const auto sizes = [&](std::int64_t row) -> Both<double> {
    const Both<double> both = value(row);
    return {std::abs(both.first), std::abs(both.second)};
  };
  const Both<double> mine = fold_rows(team, rows, sizes, Larger{});
  Totals totals;
  totals.largest = co_await all_reduce(peer, mine, Larger{});
  if (!std::isfinite(totals.largest.first) || !std::isfinite(totals.largest.second)) co_return totals;
  const auto count = static_cast<double>(all);
  const Both<double> units{unit(totals.largest.first * count, 0x1p62, all),
                           unit(totals.largest.second * count, 0x1p62, all)};
  const auto whole = [&value, per_first = 1 / units.first,
                      per_second = 1 / units.second](std::int64_t row) -> Both<std::int64_t> {
    const Both<double> both = value(row);
    return {static_cast<std::int64_t>(both.first * per_first), static_cast<std::int64_t>(both.second * per_second)};
  };
  const Both<std::int64_t> part = fold_rows(team, rows, whole, Plus{});
  const Both<std::int64_t> sum = co_await all_reduce(peer, part, Plus{});
  totals.sum = {static_cast<double>(sum.first) * units.first, static_cast<double>(sum.second) * units.second};
  co_return totals;
}

/// A number that is added to one of several groups.
struct Grouped {
  int group = 0;
  double number = 0;
};

/// As `sum_exactly`, but one sum per group: `value(row)` is a `Grouped` whose group is below `groups`.
template <class Value>
bsp::Task<std::vector<double>> sum_groups_exactly(bsp::Peer& peer, const ThreadTeam& team, std::int64_t rows,
                                                  std::int64_t all, int groups, const Value& value) {
  constexpr std::int64_t piece = 65'536;
  const auto size = [&](std::int64_t row) -> Both<double> { return {std::abs(value(row).number), 0}; };
  const Both<double> mine = fold_rows(team, rows, size, Larger{});
  const Both<double> largest = co_await all_reduce(peer, mine, Larger{});
  const auto width = static_cast<std::size_t>(groups);
  std::vector<double> sums(width);
  if (!std::isfinite(largest.first)) co_return sums;
  const double step = unit(largest.first * static_cast<double>(all), 0x1p62, all);
  std::vector<std::int64_t> parts(width * static_cast<std::size_t>((rows + piece - 1) / piece)), total(width);
  team.for_pieces(rows, piece, [&, per_step = 1 / step](std::int64_t begin, std::int64_t end) {
    std::int64_t* part = parts.data() + static_cast<std::size_t>(begin / piece) * width;
    for (std::int64_t row = begin; row < end; ++row) {
      const Grouped grouped = value(row);
      part[grouped.group] += static_cast<std::int64_t>(grouped.number * per_step);
    }
  });
  for (std::size_t i = 0; i < parts.size(); ++i) total[i % width] += parts[i];
  co_await all_reduce(peer, std::span<std::int64_t>(total), std::plus{});
  for (std::size_t group = 0; group < width; ++group) sums[group] = static_cast<double>(total[group]) * step;
  co_return sums;
}

}  // namespace scalar::inline v0::backend::trees
