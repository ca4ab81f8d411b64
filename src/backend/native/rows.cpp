#include "backend/native/rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "backend/native/kernels/kernels.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::backend::native {
namespace {

void check_weights(std::string_view spec, std::span<const double> weights) {
  if (!weights.empty() && std::none_of(weights.begin(), weights.end(), [](double weight) { return weight > 0; }))
    fail(Errc::invalid_argument, spec, "all weights are 0");
}

/// Rows per piece. There are few enough pieces that their partial sums, of `bytes` bytes each, stay small; their number
/// does not depend on the number of threads.
std::int64_t piece_rows(std::int64_t rows, std::int64_t bytes) {
  constexpr std::int64_t most_bytes = 64 << 20, most_pieces = 64, least_pieces = 4, least_rows = 256;
  const std::int64_t pieces = std::clamp(most_bytes / (std::max)(bytes, std::int64_t{1}), least_pieces, most_pieces);
  return (std::max)((rows + pieces - 1) / pieces, least_rows);
}

}  // namespace

void check_finite(std::string_view spec, const Dataset& data, const Runtime& runtime) {
  const FloatMatrix x = data.features();
  parallel_for(runtime, x.rows, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::span<const float> row = x.row(i);
      if (kernels().finite(row.data(), x.columns)) continue;
      const auto at = std::find_if(row.begin(), row.end(), [](float value) { return !std::isfinite(value); });
      const std::string& feature = data.feature_names()[static_cast<std::size_t>(at - row.begin())];
      fail(Errc::invalid_argument, spec, "feature \"{}\" of row {} is {}, expected a finite number", feature, i,
           std::isnan(*at) ? "missing (NaN)" : "infinite");
    }
  });
}

Dataset learned_rows(const Dataset& data, Loss loss) {
  return loss == Loss::squared && data.classes().empty() && data.has_targets() ? data.less_offsets() : data;
}

Rows Rows::slice(std::int64_t first, std::int64_t size) const {
  const auto from = static_cast<std::size_t>(first), many = static_cast<std::size_t>(size);
  return {features.slice(first, size), targets.subspan(from, many),
          weights.empty() ? weights : weights.subspan(from, many),
          offsets.empty() ? offsets : offsets.subspan(from, many)};
}

Rows rows_of(const Dataset& contiguous) {
  return {contiguous.features(), contiguous.targets(), contiguous.weights(), contiguous.offsets()};
}

Share share_of(const Rows& all, bsp::ShardRange mine, int shards) {
  // The first shards get one row more. (even_part of scalar/core/range.hpp cuts elsewhere, which would change the
  // bits.)
  const std::int64_t each = all.count() / shards, more = all.count() % shards;
  const auto bound = [&](int shard) { return each * shard + (std::min)(std::int64_t{shard}, more); };
  const std::int64_t first = bound(mine.first);
  Share share{all.slice(first, bound(mine.last) - first), {}, all.count()};
  for (int shard = mine.first; shard <= mine.last; ++shard) share.begin.push_back(bound(shard) - first);
  return share;
}

int shards_of(std::string_view spec, const FitOptions& options, int otherwise) {
  if (options.peers < 1) fail(Errc::invalid_argument, spec, "peers is {}, expected 1 or more", options.peers);
  constexpr int most = 1 << 20;
  if (options.shards < 0 || options.shards > most)
    fail(Errc::invalid_argument, spec, "shards is {}, expected 0 to {}", options.shards, most);
  if (options.shards == 0) return (std::max)(otherwise, options.peers);
  if (options.peers > options.shards)
    fail(Errc::invalid_argument, spec, "{} peers cannot share {} {}, expected at most as many peers as shards",
         options.peers, options.shards, options.shards == 1 ? "shard" : "shards");
  return options.shards;
}

void ThreadTeam::for_pieces(std::int64_t count, std::int64_t grain,
                            FunctionRef<void(std::int64_t begin, std::int64_t end)> body) const {
  if (!alone_) return parallel_for(runtime_, count, grain, body);
  for (std::int64_t begin = 0; begin < count; begin += grain) body(begin, (std::min)(begin + grain, count));
}

ShardSums::ShardSums(const ThreadTeam& team, const Share& share, std::size_t size,
                     FunctionRef<void(const Rows& piece, double* sums)> body)
    : size_(size) {
  const std::int64_t each = piece_rows(share.all, static_cast<std::int64_t>(size * sizeof(double)));
  std::vector<Rows> pieces;
  for (int shard = 0; shard < share.shards(); ++shard) {
    first_.push_back(pieces.size());
    const Rows rows = share.shard(shard);
    for (std::int64_t at = 0; at < rows.count(); at += each)
      pieces.push_back(rows.slice(at, (std::min)(each, rows.count() - at)));
  }
  first_.push_back(pieces.size());
  partial_.resize(pieces.size() * size);
  // A shard of few rows is not worth a task of its own.
  const std::int64_t rows = (std::max)(share.rows.count(), std::int64_t{1});
  const std::int64_t grain = (std::max)(static_cast<std::int64_t>(pieces.size()) * 256 / rows, std::int64_t{1});
  team.for_pieces(static_cast<std::int64_t>(pieces.size()), grain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      body(pieces[i], partial_.data() + i * size);
  });
}

void ShardSums::leaf(int shard, std::span<double> sums) const {
  const auto at = static_cast<std::size_t>(shard);
  std::fill(sums.begin(), sums.end(), 0.0);
  for (std::size_t piece = first_[at]; piece < first_[at + 1]; ++piece)
    for (std::size_t i = 0; i < size_; ++i) sums[i] += partial_[piece * size_ + i];
}

Dataset checked(std::string_view spec, const Dataset& data, const Runtime& runtime) {
  if (data.empty()) fail(Errc::invalid_argument, spec, "there are no rows to learn from");
  if (data.columns() == 0) fail(Errc::invalid_argument, spec, "there are no features to learn from");
  if (!data.has_targets()) fail(Errc::invalid_argument, spec, "there are no targets to learn from");
  Dataset contiguous = data.contiguous();
  check_finite(spec, contiguous, runtime);
  check_weights(spec, contiguous.weights());
  return contiguous;
}

std::int64_t checked_classes(std::string_view spec, const Dataset& contiguous) {
  const std::vector<std::string>& names = contiguous.classes();
  if (names.empty()) fail(Errc::invalid_argument, spec, "the target is a number, expected classes");
  if (names.size() == 1)
    fail(Errc::invalid_argument, spec, "the only class is \"{}\", expected at least two", names[0]);
  const std::span<const double> targets = contiguous.targets();
  const std::span<const double> weights = contiguous.weights();
  std::int64_t of_class = -1, rows = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (!weights.empty() && weights[row] == 0) continue;  // teaches nothing
    const auto target = static_cast<std::int64_t>(targets[row]);
    if (of_class >= 0 && target != of_class) return static_cast<std::int64_t>(names.size());
    of_class = target;
    ++rows;
  }
  if (of_class >= 0)
    fail(Errc::invalid_argument, spec, "all {} rows are of class \"{}\", expected at least two classes", rows,
         names[static_cast<std::size_t>(of_class)]);
  return static_cast<std::int64_t>(names.size());
}

void check_stop(std::string_view spec, const FitOptions& options) {
  if (options.stop.stop_requested()) fail(Errc::canceled, spec, "asked to stop");
}

}  // namespace scalar::inline v0::backend::native
