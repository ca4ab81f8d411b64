#include "scalar/data/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/selection.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0 {

struct Dataset::Data : DatasetParts {};

namespace {

std::int64_t checked_rows(const DatasetParts& parts) {
  const auto values = static_cast<std::int64_t>(parts.features.size());
  if (parts.columns < 0 || (parts.columns == 0 && values != 0) || (parts.columns > 0 && values % parts.columns != 0)) {
    throw Error(Errc::shape_mismatch, "a dataset of " + std::to_string(parts.columns) + " columns cannot have " +
                                          std::to_string(values) + " feature values");
  }
  // Each column gets a name, also where there are no rows.
  constexpr std::int64_t most_without_rows = std::int64_t{1} << 24;
  if (values == 0 && parts.columns > most_without_rows)
    throw Error(Errc::too_large, "a dataset without rows has " + std::to_string(parts.columns) +
                                     " columns, expected at most " + std::to_string(most_without_rows));
  return parts.columns == 0 ? static_cast<std::int64_t>(parts.targets.size()) : values / parts.columns;
}

void check_length(std::string_view what, std::size_t seen, std::int64_t expected) {
  if (seen != 0 && static_cast<std::int64_t>(seen) != expected) {
    throw Error(Errc::shape_mismatch, "a dataset has " + std::to_string(seen) + " " + std::string(what) +
                                          ", expected " + std::to_string(expected));
  }
}

std::string number_text(float value) { return std::isnan(value) ? "NaN" : std::to_string(value); }

void check_targets(const DatasetParts& parts) {
  const auto classes = static_cast<float>(parts.classes.size());
  for (std::size_t i = 0; i < parts.targets.size(); ++i) {
    const float target = parts.targets[i];
    if (!std::isfinite(target)) {
      throw Error(Errc::out_of_range, "the target of row " + std::to_string(i) + " is " + number_text(target) +
                                          ", expected a finite number");
    }
    if (!parts.classes.empty() && !(target >= 0 && target < classes && target == std::floor(target))) {
      throw Error(Errc::out_of_range, "the target of row " + std::to_string(i) + " is " + number_text(target) +
                                          ", expected the index of one of " + std::to_string(parts.classes.size()) +
                                          " classes");
    }
  }
  for (std::size_t i = 0; i < parts.weights.size(); ++i)
    if (!(parts.weights[i] >= 0 && std::isfinite(parts.weights[i]))) {
      throw Error(Errc::out_of_range, "the weight of row " + std::to_string(i) + " is " +
                                          number_text(parts.weights[i]) + ", expected a finite number not below 0");
    }
}

const std::vector<std::string>& no_names() noexcept {
  static const std::vector<std::string> none;
  return none;
}

}  // namespace

Dataset::Dataset(DatasetParts parts) {
  rows_ = checked_rows(parts);
  check_length("targets", parts.targets.size(), rows_);
  check_length("weights", parts.weights.size(), rows_);
  check_length("feature names", parts.feature_names.size(), parts.columns);
  check_targets(parts);
  if (parts.feature_names.empty())
    for (std::int64_t i = 0; i < parts.columns; ++i) parts.feature_names.emplace_back("f").append(std::to_string(i));
  auto made = std::make_shared<Data>();
  static_cast<DatasetParts&>(*made) = std::move(parts);
  matrix_ = {made->features.data(), rows_, made->columns};
  data_ = std::move(made);
}

std::int64_t Dataset::columns() const noexcept { return matrix_.columns; }
bool Dataset::has_targets() const noexcept { return data_ != nullptr && !data_->targets.empty(); }
bool Dataset::has_weights() const noexcept { return data_ != nullptr && !data_->weights.empty(); }
const std::vector<std::string>& Dataset::feature_names() const noexcept {
  return data_ == nullptr ? no_names() : data_->feature_names;
}
const std::vector<std::string>& Dataset::classes() const noexcept {
  return data_ == nullptr ? no_names() : data_->classes;
}

float Dataset::target(std::int64_t i) const noexcept {
  return has_targets() ? data_->targets[static_cast<std::size_t>(stored_row(i))]
                       : std::numeric_limits<float>::quiet_NaN();
}
float Dataset::weight(std::int64_t i) const noexcept {
  return has_weights() ? data_->weights[static_cast<std::size_t>(stored_row(i))] : 1.0f;
}

Dataset Dataset::contiguous() const {
  if (is_contiguous()) return *this;
  auto made = std::make_shared<Data>();
  made->columns = data_->columns;
  made->feature_names = data_->feature_names;
  made->classes = data_->classes;
  made->features.reserve(static_cast<std::size_t>(rows_ * columns()));
  for (std::int64_t i = 0; i < rows_; ++i) {
    const auto values = row(i);
    made->features.insert(made->features.end(), values.begin(), values.end());
    if (has_targets()) made->targets.push_back(target(i));
    if (has_weights()) made->weights.push_back(weight(i));
  }
  Dataset result;
  result.rows_ = rows_;
  result.matrix_ = {made->features.data(), rows_, made->columns};
  result.data_ = std::move(made);
  return result;
}

namespace {
void require_contiguous(bool contiguous) {
  if (!contiguous)
    throw Error(Errc::invalid_argument,
                "the rows of this selection do not lie one after the other; ask contiguous() first");
}
}  // namespace

FloatMatrix Dataset::features() const {
  require_contiguous(is_contiguous());
  return matrix_.slice(first_, rows_);
}
std::span<const float> Dataset::targets() const {
  require_contiguous(is_contiguous());
  if (!has_targets()) return {};
  return std::span(data_->targets).subspan(static_cast<std::size_t>(first_), static_cast<std::size_t>(rows_));
}
std::span<const float> Dataset::weights() const {
  require_contiguous(is_contiguous());
  if (!has_weights()) return {};
  return std::span(data_->weights).subspan(static_cast<std::size_t>(first_), static_cast<std::size_t>(rows_));
}

Dataset Dataset::slice(std::int64_t first, std::int64_t count) const {
  data::check_slice(first, count, rows_);
  Dataset result = *this;
  result.first_ += first;
  result.rows_ = count;
  return result;
}
Dataset Dataset::take(std::vector<std::int64_t> rows) const {
  Dataset result = *this;
  result.selection_ = data::stored_rows(std::move(rows), rows_, [this](std::int64_t row) { return stored_row(row); });
  result.first_ = 0;
  result.rows_ = static_cast<std::int64_t>(result.selection_->size());
  return result;
}
Dataset Dataset::shuffle(std::uint64_t seed) const { return take(data::permutation(rows_, seed)); }
Dataset::Parts Dataset::split(const SplitOptions& options) const { return data::split(*this, options); }
Dataset Dataset::shard(int rank, int count) const { return data::shard(*this, rank, count); }
std::vector<Dataset::Fold> Dataset::folds(int count, std::uint64_t seed) const {
  return data::folds(*this, count, seed);
}

}  // namespace scalar::inline v0
