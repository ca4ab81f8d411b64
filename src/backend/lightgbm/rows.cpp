#include "backend/lightgbm/rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "backend/framework_rows.hpp"
#include "backend/lightgbm/parameters.hpp"
#include "core/fail.hpp"
#include "scalar/core/random.hpp"

namespace scalar::inline v0::backend::lightgbm {
namespace {

constexpr std::int64_t batch_values = std::int64_t{1} << 19;  // a tenth of a second

/// The values of some rows by columns, without zeros, as LightGBM takes them to choose bins.
class Sample {
 public:
  /// All rows, or one row drawn from each of so many equal ranges of rows.
  explicit Sample(FloatMatrix features)
      : size_(static_cast<std::int32_t>(std::min(features.rows, std::int64_t{sampled_rows}))),
        values_(static_cast<std::size_t>(features.columns)),
        rows_(values_.size()) {
    Philox random(0);
    for (std::int32_t i = 0; i < size_; ++i) {
      const Range range = even_part(static_cast<std::size_t>(features.rows), static_cast<std::size_t>(i),
                                    static_cast<std::size_t>(size_));
      add(i, features.row(static_cast<std::int64_t>(range.begin + random.below(range.size()))));
    }
    for (std::size_t column = 0; column < values_.size(); ++column) {
      value_pointers_.push_back(values_[column].data());
      row_pointers_.push_back(rows_[column].data());
      counts_.push_back(static_cast<int>(values_[column].size()));
    }
  }

  std::int32_t size() const { return size_; }
  double** values() { return value_pointers_.data(); }
  int** rows() { return row_pointers_.data(); }
  const int* counts() const { return counts_.data(); }

 private:
  void add(std::int32_t i, std::span<const float> row) {
    constexpr double zero = 1e-35F;  // LightGBM's: what is not larger is 0
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (std::abs(double{row[column]}) <= zero) continue;
      values_[column].push_back(row[column]);
      rows_[column].push_back(i);
    }
  }

  std::int32_t size_;
  std::vector<std::vector<double>> values_;
  std::vector<std::vector<int>> rows_;
  std::vector<double*> value_pointers_;
  std::vector<int*> row_pointers_;
  std::vector<int> counts_;
};

void report(const Part& part, const FitOptions& options, std::size_t done) {
  if (part.reports && options.progress)
    options.progress({"bin", static_cast<std::int64_t>(done), static_cast<std::int64_t>(part.rows.size()),
                      std::numeric_limits<double>::quiet_NaN()});
  if (options.stop.stop_requested()) fail(Errc::canceled, "lightgbm", "asked to stop before the first round");
}

/// Hands the rows over in batches; the last one completes the dataset.
void push(const Library& library, const Part& part, const FitOptions& options, Handle dataset) {
  const std::int64_t columns = part.data.columns();
  const auto most = static_cast<std::size_t>(std::max(std::int64_t{256}, batch_values / columns));
  for (std::size_t row = 0; row < part.rows.size();) {
    report(part, options, row);
    const std::size_t count = std::min(most, part.rows.size() - row);
    const auto first = static_cast<std::int64_t>(part.rows.begin + row);
    const FloatMatrix batch = part.data.features().slice(first, static_cast<std::int64_t>(count));
    refuse_infinities("lightgbm", batch, first, part.data);
    library.check(library.dataset_push(dataset, batch.data, Library::float32, static_cast<std::int32_t>(count),
                                       static_cast<std::int32_t>(columns), static_cast<std::int32_t>(row)),
                  "LGBM_DatasetPushRows");
    row += count;
  }
  report(part, options, part.rows.size());
}

void set_floats(const Library& library, Handle dataset, const char* field, std::span<const double> numbers, double mean,
                const Part& part) {
  const std::vector<float> narrow = narrowed("lightgbm", field, numbers.subspan(part.rows.begin, part.rows.size()),
                                             mean, static_cast<std::int64_t>(part.rows.begin));
  library.check(library.dataset_set(dataset, field, narrow.data(), static_cast<int>(narrow.size()), Library::float32),
                field);
}

void set_margins(const Library& library, Handle dataset, const std::vector<double>& first, const Part& part) {
  std::vector<double> margins;  // all rows of the first output, then of the second
  margins.reserve(first.size() * part.rows.size());
  for (const double margin : first)
    for (std::size_t row = part.rows.begin; row < part.rows.end; ++row)
      margins.push_back(margin + part.data.offset(static_cast<std::int64_t>(row)));
  if (margins.size() > static_cast<std::size_t>((std::numeric_limits<int>::max)()))
    fail(Errc::too_large, "lightgbm", "{} rows with {} margins each are more than 31 bits can number", part.rows.size(),
         first.size());
  library.check(
      library.dataset_set(dataset, "init_score", margins.data(), static_cast<int>(margins.size()), Library::float64),
      "init_score");
}

}  // namespace

void make_dataset(const Library& library, const Part& part, const BoostingStart& start, const std::string& parameters,
                  const FitOptions& options, Owned& dataset) {
  report(part, options, 0);
  Sample sample(part.data.features());
  library.check(library.dataset_create(sample.values(), sample.rows(), static_cast<std::int32_t>(part.data.columns()),
                                       sample.counts(), sample.size(), static_cast<std::int32_t>(part.rows.size()),
                                       part.data.rows(), parameters.c_str(), dataset.out()),
                "LGBM_DatasetCreateFromSampledColumn");
  push(library, part, options, dataset.get());
  set_floats(library, dataset.get(), "label", part.data.targets(), start.base, part);
  if (part.data.has_weights()) set_floats(library, dataset.get(), "weight", part.data.weights(), 0, part);
  set_margins(library, dataset.get(), start.margins, part);
}

}  // namespace scalar::inline v0::backend::lightgbm
