#include "backend/native/rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "backend/native/kernels/kernels.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::backend::native {
namespace {

[[noreturn]] void refuse(std::string_view spec, const std::string& message) {
  throw Error(Errc::invalid_argument, message, std::string(spec));
}

void check_finite(std::string_view spec, const Dataset& data, const Runtime& runtime) {
  const FloatMatrix x = data.features();
  parallel_for(runtime, x.rows, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::span<const float> row = x.row(i);
      if (kernels().finite(row.data(), x.columns)) continue;
      const auto at = std::find_if(row.begin(), row.end(), [](float value) { return !std::isfinite(value); });
      const std::string& feature = data.feature_names()[static_cast<std::size_t>(at - row.begin())];
      refuse(spec, "feature \"" + feature + "\" of row " + std::to_string(i) + " is " +
                       (std::isnan(*at) ? "missing (NaN)" : "infinite") + ", expected a finite number");
    }
  });
}

void check_weights(std::string_view spec, std::span<const double> weights) {
  if (!weights.empty() && std::none_of(weights.begin(), weights.end(), [](double weight) { return weight > 0; }))
    refuse(spec, "all weights are 0");
}

/// Rows of a piece: pieces are few enough that partial sums of `bytes` each stay small, and their number does not
/// depend on that of the threads.
std::int64_t piece_rows(std::int64_t rows, std::int64_t bytes) {
  constexpr std::int64_t most_bytes = 64 << 20, most_pieces = 64, least_pieces = 4, least_rows = 256;
  const std::int64_t pieces = std::clamp(most_bytes / (std::max)(bytes, std::int64_t{1}), least_pieces, most_pieces);
  return (std::max)((rows + pieces - 1) / pieces, least_rows);
}

}  // namespace

Rows Rows::slice(std::int64_t first, std::int64_t size) const {
  const auto from = static_cast<std::size_t>(first), many = static_cast<std::size_t>(size);
  return {features.slice(first, size), targets.subspan(from, many),
          weights.empty() ? weights : weights.subspan(from, many)};
}

Rows rows_of(const Dataset& contiguous) { return {contiguous.features(), contiguous.targets(), contiguous.weights()}; }

Share share_of(const Rows& all, bsp::ShardRange mine, int shards) {
  // Not count * shard / shards, whose product might overflow.
  const std::int64_t each = all.count() / shards, more = all.count() % shards;
  const auto bound = [&](int shard) { return each * shard + (std::min)(std::int64_t{shard}, more); };
  const std::int64_t first = bound(mine.first);
  Share share{all.slice(first, bound(mine.last) - first), {}, all.count()};
  for (int shard = mine.first; shard <= mine.last; ++shard) share.begin.push_back(bound(shard) - first);
  return share;
}

int shards_of(std::string_view spec, const FitOptions& options, int otherwise) {
  if (options.peers < 1) refuse(spec, "peers is " + std::to_string(options.peers) + ", expected 1 or more");
  constexpr int most = 1 << 20;
  if (options.shards < 0 || options.shards > most)
    refuse(spec, "shards is " + std::to_string(options.shards) + ", expected 0 to " + std::to_string(most));
  if (options.shards == 0) return (std::max)(otherwise, options.peers);
  if (options.peers > options.shards)
    refuse(spec, std::to_string(options.peers) + " peers cannot share " + std::to_string(options.shards) +
                     (options.shards == 1 ? " shard" : " shards") + ", expected at most as many peers as shards");
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
  // Shards of few rows are not worth a task each.
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
  if (data.empty()) refuse(spec, "there are no rows to learn from");
  if (data.columns() == 0) refuse(spec, "there are no features to learn from");
  if (!data.has_targets()) refuse(spec, "there are no targets to learn from");
  Dataset contiguous = data.contiguous();
  check_finite(spec, contiguous, runtime);
  check_weights(spec, contiguous.weights());
  return contiguous;
}

std::int64_t checked_classes(std::string_view spec, const Dataset& contiguous) {
  const std::vector<std::string>& names = contiguous.classes();
  if (names.empty()) refuse(spec, "the target is a number, expected classes");
  if (names.size() == 1) refuse(spec, "the only class is \"" + names[0] + "\", expected at least two");
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
    refuse(spec, "all " + std::to_string(rows) + " rows are of class \"" + names[static_cast<std::size_t>(of_class)] +
                     "\", expected at least two classes");
  return static_cast<std::int64_t>(names.size());
}

void check_stop(std::string_view spec, const FitOptions& options) {
  if (options.stop.stop_requested()) throw Error(Errc::canceled, "asked to stop", std::string(spec));
}

}  // namespace scalar::inline v0::backend::native
