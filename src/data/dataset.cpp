#include "scalar/data/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.hpp"
#include "data/labels.hpp"
#include "data/selection.hpp"

namespace scalar::inline v0 {

struct Dataset::Data : DatasetParts {
  std::shared_ptr<const Data> owner{};  // of the features, if another dataset owns them
};

namespace {

std::int64_t checked_rows(const DatasetParts& parts) {
  const auto values = static_cast<std::int64_t>(parts.features.size());
  if (parts.columns < 0 || (parts.columns == 0 && values != 0) || (parts.columns > 0 && values % parts.columns != 0))
    fail(Errc::shape_mismatch, {}, "a dataset of {} columns cannot have {} feature values", parts.columns, values);
  // Every column gets a name, even if there are no rows, so their number must be limited.
  constexpr std::int64_t most_without_rows = std::int64_t{1} << 24;
  if (values == 0 && parts.columns > most_without_rows)
    fail(Errc::too_large, {}, "a dataset without rows has {} columns, expected at most {}", parts.columns,
         most_without_rows);
  return parts.columns == 0 ? static_cast<std::int64_t>(parts.targets.size()) : values / parts.columns;
}

void check_length(std::string_view what, std::size_t seen, std::int64_t expected) {
  if (seen != 0 && static_cast<std::int64_t>(seen) != expected)
    fail(Errc::shape_mismatch, {}, "a dataset has {} {}, expected {}", seen, what, expected);
}

std::string number_text(double value) { return std::isnan(value) ? "NaN" : data::shortest(value); }

void check_targets(const DatasetParts& parts) {
  const auto classes = static_cast<double>(parts.classes.size());
  for (std::size_t i = 0; i < parts.targets.size(); ++i) {
    const double target = parts.targets[i];
    if (!std::isfinite(target))
      fail(Errc::out_of_range, {}, "the target of row {} is {}, expected a finite number", i, number_text(target));
    if (!parts.classes.empty() && !(target >= 0 && target < classes && target == std::floor(target)))
      fail(Errc::out_of_range, {}, "the target of row {} is {}, expected the index of one of {} classes", i,
           number_text(target), parts.classes.size());
  }
}

void check_weights(const std::vector<double>& weights) {
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (!(weights[i] >= 0 && std::isfinite(weights[i])))
      fail(Errc::out_of_range, {}, "the weight of row {} is {}, expected a finite number not below 0", i,
           number_text(weights[i]));
}

void check_offsets(const std::vector<double>& offsets) {
  for (std::size_t i = 0; i < offsets.size(); ++i)
    if (!std::isfinite(offsets[i]))
      fail(Errc::out_of_range, {}, "the offset of row {} is {}, expected a finite number", i, number_text(offsets[i]));
}

void check_categories(const std::vector<std::int64_t>& categories) {
  constexpr std::int64_t most = std::int64_t{1} << 24;  // float32 cannot count further
  for (std::size_t i = 0; i < categories.size(); ++i)
    if (categories[i] < 0 || categories[i] > most)
      fail(Errc::out_of_range, {}, "column {} has {} categories, expected 0 to {}", i, categories[i], most);
}

template <class T>
const std::vector<T>& nothing() noexcept {
  static const std::vector<T> none;
  return none;
}

}  // namespace

Dataset::Dataset(DatasetParts parts) {
  selection_ = data::detail::RowSelection(checked_rows(parts));
  check_length("targets", parts.targets.size(), rows());
  check_length("weights", parts.weights.size(), rows());
  check_length("offsets", parts.offsets.size(), rows());
  check_length("feature names", parts.feature_names.size(), parts.columns);
  check_length("numbers of categories", parts.categories.size(), parts.columns);
  check_targets(parts);
  check_weights(parts.weights);
  check_offsets(parts.offsets);
  check_categories(parts.categories);
  if (parts.feature_names.empty())
    for (std::int64_t i = 0; i < parts.columns; ++i) parts.feature_names.push_back(fmt::format("f{}", i));
  auto made = std::make_shared<Data>();
  static_cast<DatasetParts&>(*made) = std::move(parts);
  matrix_ = {made->features.data(), rows(), made->columns};
  data_ = std::move(made);
}

std::int64_t Dataset::columns() const noexcept { return matrix_.columns; }
bool Dataset::has_targets() const noexcept { return data_ != nullptr && !data_->targets.empty(); }
bool Dataset::has_weights() const noexcept { return data_ != nullptr && !data_->weights.empty(); }
bool Dataset::has_offsets() const noexcept { return data_ != nullptr && !data_->offsets.empty(); }
const std::vector<std::string>& Dataset::feature_names() const noexcept {
  return data_ == nullptr ? nothing<std::string>() : data_->feature_names;
}
const std::vector<std::string>& Dataset::classes() const noexcept {
  return data_ == nullptr ? nothing<std::string>() : data_->classes;
}
const std::vector<std::int64_t>& Dataset::categories() const noexcept {
  return data_ == nullptr ? nothing<std::int64_t>() : data_->categories;
}

double Dataset::target(std::int64_t i) const noexcept {
  return has_targets() ? data_->targets[static_cast<std::size_t>(stored_row(i))]
                       : std::numeric_limits<double>::quiet_NaN();
}
double Dataset::weight(std::int64_t i) const noexcept {
  return has_weights() ? data_->weights[static_cast<std::size_t>(stored_row(i))] : 1.0;
}
double Dataset::offset(std::int64_t i) const noexcept {
  return has_offsets() ? data_->offsets[static_cast<std::size_t>(stored_row(i))] : 0.0;
}

Dataset Dataset::contiguous() const {
  if (is_contiguous()) return *this;
  auto made = std::make_shared<Data>();
  made->columns = data_->columns;
  made->feature_names = data_->feature_names;
  made->classes = data_->classes;
  made->categories = data_->categories;
  made->features.reserve(static_cast<std::size_t>(rows() * columns()));
  for (std::int64_t i = 0; i < rows(); ++i) {
    const auto values = row(i);
    made->features.insert(made->features.end(), values.begin(), values.end());
    if (has_targets()) made->targets.push_back(target(i));
    if (has_weights()) made->weights.push_back(weight(i));
    if (has_offsets()) made->offsets.push_back(offset(i));
  }
  Dataset result;
  result.selection_ = data::detail::RowSelection(rows());
  result.matrix_ = {made->features.data(), rows(), made->columns};
  result.data_ = std::move(made);
  return result;
}

Dataset Dataset::with_weights(std::vector<double> weights) const {
  check_length("weights", weights.size(), rows());
  check_weights(weights);
  const Dataset base = contiguous();
  const auto copy = [](std::span<const double> values) { return std::vector<double>(values.begin(), values.end()); };
  return base.with(copy(base.targets()), std::move(weights), copy(base.offsets()));
}

Dataset Dataset::less_offsets() const {
  if (!has_offsets()) return *this;
  const Dataset base = contiguous();
  std::vector<double> targets(base.targets().begin(), base.targets().end());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i] -= base.offsets()[i];
    if (!std::isfinite(targets[i]))
      fail(Errc::out_of_range, {}, "the target of row {} less its offset does not fit a float64", i);
  }
  return base.with(std::move(targets), {base.weights().begin(), base.weights().end()}, {});
}

/// This dataset, which is contiguous, with other numbers beside its features.
Dataset Dataset::with(std::vector<double> targets, std::vector<double> weights, std::vector<double> offsets) const {
  auto made = std::make_shared<Data>();
  made->columns = columns();
  made->feature_names = feature_names();
  made->classes = classes();
  made->categories = categories();
  made->targets = std::move(targets);
  made->weights = std::move(weights);
  made->offsets = std::move(offsets);
  made->owner = data_;
  Dataset result;
  result.selection_ = data::detail::RowSelection(rows());
  result.matrix_ = features();
  result.data_ = std::move(made);
  return result;
}

namespace {
void require_contiguous(bool contiguous) {
  if (!contiguous)
    fail(Errc::invalid_argument, {},
         "the rows of this selection do not lie one after the other; ask contiguous() first");
}
}  // namespace

FloatMatrix Dataset::features() const {
  require_contiguous(is_contiguous());
  return matrix_.slice(selection_.first(), rows());
}
std::span<const double> Dataset::of_rows(const std::vector<double>& values) const {
  require_contiguous(is_contiguous());
  if (values.empty()) return {};
  return std::span(values).subspan(static_cast<std::size_t>(selection_.first()), static_cast<std::size_t>(rows()));
}
std::span<const double> Dataset::targets() const {
  return data_ == nullptr ? std::span<const double>() : of_rows(data_->targets);
}
std::span<const double> Dataset::weights() const {
  return data_ == nullptr ? std::span<const double>() : of_rows(data_->weights);
}
std::span<const double> Dataset::offsets() const {
  return data_ == nullptr ? std::span<const double>() : of_rows(data_->offsets);
}

Dataset Dataset::slice(std::int64_t first, std::int64_t count) const {
  Dataset result = *this;
  result.selection_ = selection_.slice(first, count);
  return result;
}
Dataset Dataset::take(std::vector<std::int64_t> rows) const {
  Dataset result = *this;
  result.selection_ = selection_.take(std::move(rows));
  return result;
}
Dataset Dataset::shuffle(std::uint64_t seed) const { return take(data::permutation(rows(), seed)); }
Dataset::Parts Dataset::split(const SplitOptions& options) const { return data::split(*this, options); }
Dataset Dataset::shard(int rank, int count) const { return data::shard(*this, rank, count); }
std::vector<Dataset::Fold> Dataset::folds(int count, std::uint64_t seed) const {
  return data::folds(*this, count, seed);
}

}  // namespace scalar::inline v0
