#include "backend/native/trees/bins.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/core/random.hpp"
#include "scalar/core/range.hpp"
#include "scalar/spec/gradient_boosted_trees.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

/// The rows of this peer that quantiles are taken from, ascending.
struct Sample {
  std::vector<std::int64_t> rows{};
  bool is_whole = false;  ///< the sample has all rows that count
};

/// All rows, or one drawn from each of equal ranges of all peers' rows.
Sample sample_of(const Part& part, int bins) {
  const std::int64_t wanted = (std::max)(std::int64_t{16'384}, std::int64_t{64} * bins), rows = part.rows.count();
  Sample sample{{}, part.all <= 2 * wanted};
  if (sample.is_whole) {
    for (std::int64_t row = 0; row < rows; ++row) sample.rows.push_back(row);
  } else {
    Philox random(0x5ca1a4);
    for (std::int64_t i = 0; i < wanted; ++i) {
      const Range range =
          even_part(static_cast<std::size_t>(part.all), static_cast<std::size_t>(i), static_cast<std::size_t>(wanted));
      const auto drawn = static_cast<std::int64_t>(range.begin + random.below(range.size()));
      if (const std::int64_t row = drawn - part.first; row >= 0 && row < rows) sample.rows.push_back(row);
    }
  }
  if (!part.rows.weights.empty())
    std::erase_if(sample.rows, [&](std::int64_t row) { return part.rows.weights[static_cast<std::size_t>(row)] == 0; });
  return sample;
}

/// What one peer knows of a feature from its rows.
struct Column {
  bool missing = false, infinite = false;
  bool many = false;              ///< more distinct values than a feature may keep apart
  std::vector<float> sample{};    ///< ascending
  std::vector<float> distinct{};  ///< the distinct values of all rows, ascending, if the sample is not whole
};

constexpr std::int64_t rows_between_checks = std::int64_t{1} << 18;  // about a millisecond

/// Adds the distinct values of a column to `values`; returns false as soon as there are more than `limit`.
bool add_distinct(const native::Rows& rows, std::int64_t column, std::size_t limit, const Watch& watch,
                  std::vector<float>& values) {
  float last = std::numeric_limits<float>::quiet_NaN();
  for (std::int64_t row = 0; row < rows.count(); ++row) {
    if (row % rows_between_checks == 0) watch.check();
    const float x = rows.features(row, column) + 0.0f;  // -0 becomes 0: equal values have equal bits
    if (x == last || std::isnan(x)) continue;
    if (!rows.weights.empty() && rows.weights[static_cast<std::size_t>(row)] == 0) continue;
    last = x;
    const auto at = std::lower_bound(values.begin(), values.end(), x);
    if (at != values.end() && *at == x) continue;
    if (values.size() == limit) return false;
    values.insert(at, x);
  }
  return true;
}

std::vector<float> distinct_of(const std::vector<float>& sorted) {
  std::vector<float> distinct = sorted;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  return distinct;
}

Column look_at(const native::Rows& rows, std::int64_t column, const Sample& sample, std::size_t limit,
               const Watch& watch) {
  Column found;
  for (std::int64_t row = 0; row < rows.count(); ++row) {
    if (row % rows_between_checks == 0) watch.check();
    const float x = rows.features(row, column);
    found.missing |= std::isnan(x);
    found.infinite |= x == std::numeric_limits<float>::infinity();
  }
  found.sample.reserve(sample.rows.size());
  for (const std::int64_t row : sample.rows)
    if (const float x = rows.features(row, column); !std::isnan(x)) found.sample.push_back(x + 0.0f);
  std::sort(found.sample.begin(), found.sample.end());
  if (sample.is_whole) return found;
  found.distinct = distinct_of(found.sample);
  found.many = found.distinct.size() > limit || !add_distinct(rows, column, limit, watch, found.distinct);
  if (found.many) found.distinct.clear();
  return found;
}

/// Merges what another peer knows into `all`.
void merge(Column& all, const Column& more) {
  all.missing |= more.missing, all.infinite |= more.infinite, all.many |= more.many;
  const auto join = [](std::vector<float>& to, const std::vector<float>& from) {
    const auto middle = static_cast<std::ptrdiff_t>(to.size());
    to.insert(to.end(), from.begin(), from.end());
    std::inplace_merge(to.begin(), to.begin() + middle, to.end());
  };
  join(all.sample, more.sample);
  join(all.distinct, more.distinct);
}

Cuts cuts_of(const Column& column, bool sample_is_whole, int bins) {
  Cuts cuts{{}, column.missing, column.infinite};
  // A byte holds 256 codes, one of which means missing.
  if (bins == 256 && cuts.missing) bins = 255;
  const auto limit = static_cast<std::size_t>(bins);
  const std::vector<float> distinct = distinct_of(sample_is_whole ? column.sample : column.distinct);
  if (!column.many && distinct.size() <= limit) {
    // Every value has a bin of its own, and the cut below it is the value itself.
    if (!distinct.empty()) cuts.values.assign(distinct.begin() + 1, distinct.end());
    return cuts;
  }
  const std::vector<float>& sorted = column.sample;
  for (std::size_t k = 1; k < limit && !sorted.empty(); ++k) {
    const float cut = sorted[even_bound(sorted.size(), k, limit)];
    if (cut > (cuts.values.empty() ? sorted.front() : cuts.values.back())) cuts.values.push_back(cut);
  }
  return cuts;
}

// Serializes features as words, to send them to other peers.
void write(const std::vector<float>& values, std::vector<std::uint32_t>& to) {
  to.push_back(static_cast<std::uint32_t>(values.size()));
  for (const float value : values) to.push_back(std::bit_cast<std::uint32_t>(value));
}
void write(const Column& column, std::vector<std::uint32_t>& to) {
  to.push_back(column.missing | column.infinite << 1 | column.many << 2);
  write(column.sample, to);
  write(column.distinct, to);
}
void write(const Cuts& cuts, std::vector<std::uint32_t>& to) {
  to.push_back(cuts.missing | cuts.infinite << 1);
  write(cuts.values, to);
}

void read(std::span<const std::uint32_t>& from, std::vector<float>& values) {
  values.resize(from[0]);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::bit_cast<float>(from[1 + i]);
  from = from.subspan(1 + values.size());
}
void read(std::span<const std::uint32_t>& from, Column& column) {
  column.missing = from[0] & 1u, column.infinite = from[0] & 2u, column.many = from[0] & 4u;
  from = from.subspan(1);
  read(from, column.sample);
  read(from, column.distinct);
}
void read(std::span<const std::uint32_t>& from, Cuts& cuts) {
  cuts.missing = from[0] & 1u, cuts.infinite = from[0] & 2u;
  from = from.subspan(1);
  read(from, cuts.values);
}

using Box = bsp::Mailbox<std::uint32_t>;

/// Sends to each other peer the items of the features `range(rank)`.
template <class Item, class Range>
void send_items(Box& box, const bsp::Peer& peer, const std::vector<Item>& items, const Range& range) {
  std::vector<std::uint32_t> words;
  for (int rank = 0; rank < peer.size(); ++rank) {
    if (rank == peer.rank()) continue;
    words.clear();
    const Features features = range(rank);
    for (int i = features.first; i < features.last; ++i) write(items[static_cast<std::size_t>(i)], words);
    box.send(rank, words);
  }
}

/// Binary search in cuts without branches. The cuts are padded to a power of two with NaN, which is not less than or
/// equal to any value.
class Search {
 public:
  explicit Search(const Cuts& cuts)
      : half_(std::bit_ceil(cuts.values.size() + 1) / 2), missing_(static_cast<std::uint32_t>(cuts.bins())) {
    table_ = cuts.values;
    table_.resize(2 * half_, std::numeric_limits<float>::quiet_NaN());
  }

  template <class Code>
  void codes(const float* x, std::int64_t step, int count, Code* to, std::ptrdiff_t width) const {
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

Part part_of(const native::Rows& all, int rank, int peers) {
  const std::int64_t each = all.count() / peers, more = all.count() % peers;
  const std::int64_t first = each * rank + (std::min)(std::int64_t{rank}, more);
  return {all.slice(first, each + (rank < more ? 1 : 0)), first, all.count()};
}

Features features_of(std::int64_t features, int rank, int peers) {
  const Range range =
      even_part(static_cast<std::size_t>(features), static_cast<std::size_t>(rank), static_cast<std::size_t>(peers));
  return {static_cast<int>(range.begin), static_cast<int>(range.end)};
}

void Watch::check() const { native::check_stop(GradientBoostedTrees::name, options_); }

void Watch::report(std::int64_t columns, std::int64_t coded, std::int64_t rows) const {
  const double share = rows > 0 ? static_cast<double>(coded) / static_cast<double>(rows) : 1;
  const auto done = columns + static_cast<std::int64_t>(share * static_cast<double>(columns_));
  if (reports_ && options_.progress)
    options_.progress({"bin", done, 2 * columns_, std::numeric_limits<double>::quiet_NaN()});
  check();
}

bsp::Task<std::vector<Cuts>> find_cuts(bsp::Peer& peer, const Part& part, int bins, const native::ThreadTeam& team,
                                       const Watch& watch) {
  const std::int64_t count = part.rows.columns();
  const auto features = [&](int rank) { return features_of(count, rank, peer.size()); };
  const Features own = features(peer.rank());
  const Sample sample = sample_of(part, bins);
  std::vector<Column> columns(static_cast<std::size_t>(count));
  const std::int64_t at_once = std::int64_t{4} * team.threads();
  for (std::int64_t first = 0; first < count; first += at_once) {
    watch.report(first, 0, 1);
    const auto look = [&](std::int64_t i, std::int64_t) {
      columns[static_cast<std::size_t>(first + i)] =
          look_at(part.rows, first + i, sample, static_cast<std::size_t>(bins), watch);
    };
    team.for_pieces((std::min)(at_once, count - first), 1, look);
  }
  auto box = peer.mailbox<std::uint32_t>();
  send_items(box, peer, columns, features);
  co_await peer.sync();
  for (const auto& run : box.runs()) {
    std::span<const std::uint32_t> words = run.values;
    for (int i = own.first; i < own.last; ++i) {
      Column more;
      read(words, more);
      merge(columns[static_cast<std::size_t>(i)], more);
    }
  }
  std::vector<Cuts> cuts(columns.size());
  const auto cut = [&](std::int64_t i, std::int64_t) {
    const auto column = static_cast<std::size_t>(own.first + i);
    cuts[column] = cuts_of(columns[column], sample.is_whole, bins);
  };
  team.for_pieces(own.count(), 1, cut);
  const auto mine = [&](int) { return own; };
  send_items(box, peer, cuts, mine);
  co_await peer.sync();
  for (const auto& run : box.runs()) {
    std::span<const std::uint32_t> words = run.values;
    const Features theirs = features(run.source);
    for (int i = theirs.first; i < theirs.last; ++i) read(words, cuts[static_cast<std::size_t>(i)]);
  }
  co_return cuts;
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
    const Range range =
        even_part(static_cast<std::size_t>(features), static_cast<std::size_t>(i), static_cast<std::size_t>(count));
    blocks.push_back({static_cast<int>(range.begin), static_cast<int>(range.size())});
  }
  return blocks;
}

template <class Code>
Binned<Code> bin(FloatMatrix features, std::span<const Cuts> cuts, std::vector<Block> blocks,
                 const native::ThreadTeam& team, const Watch& watch) {
  Binned<Code> binned{features.rows, std::move(blocks), {}};
  binned.codes.resize(static_cast<std::size_t>(features.rows * features.columns));
  const std::vector<Search> searches(cuts.begin(), cuts.end());
  // A tile of rows is read once and stays in the cache while its columns are searched one after the other.
  const auto code = [&](std::int64_t begin, std::int64_t end) {
    for (const Block& block : binned.blocks)
      for (int i = 0; i < block.width; ++i) {
        const int feature = block.first + i;
        searches[static_cast<std::size_t>(feature)].codes(
            features.data + begin * features.stride + feature, features.stride, static_cast<int>(end - begin),
            binned.codes.data() + features.rows * block.first + begin * block.width + i, block.width);
      }
  };
  for (std::int64_t first = 0; first < features.rows; first += rows_between_checks) {
    watch.report(features.columns, first, features.rows);
    team.for_pieces((std::min)(rows_between_checks, features.rows - first), 256,
                    [&](std::int64_t begin, std::int64_t end) { code(first + begin, first + end); });
  }
  watch.report(features.columns, features.rows, features.rows);
  return binned;
}

template Binned<std::uint8_t> bin(FloatMatrix, std::span<const Cuts>, std::vector<Block>, const native::ThreadTeam&,
                                  const Watch&);
template Binned<std::uint16_t> bin(FloatMatrix, std::span<const Cuts>, std::vector<Block>, const native::ThreadTeam&,
                                   const Watch&);

}  // namespace scalar::inline v0::backend::trees
