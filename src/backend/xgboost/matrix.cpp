#include "backend/xgboost/matrix.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <string>

#include "backend/framework_rows.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::backend::xgboost {
namespace {

constexpr std::int64_t batch_values = std::int64_t{1} << 19;  // a tenth of a second
constexpr int passes = 4;                                     // of XGBoost over the batches, from 1.7 to 3.2

/// The callbacks by which XGBoost gets batches. An error ends the batches early and is kept for `rethrow`.
class Batches {
 public:
  Batches(const Library& library, const Dataset& data, const GradientBoostedTrees& spec, const FitOptions& options)
      : library_(library),
        data_(data),
        spec_(spec),
        options_(options),
        proxy_(library.matrix_free),
        most_((std::max)(std::int64_t{256}, batch_values / data.columns())) {
    library.check(library.proxy_create(proxy_.out()), "XGProxyDMatrixCreate");
  }

  Handle proxy() const { return proxy_.get(); }
  static int next(void* self) noexcept { return static_cast<Batches*>(self)->next(); }
  static void reset(void* self) noexcept { static_cast<Batches*>(self)->restart(); }

  /// Throws what ended the batches early.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void report() const {
    const std::int64_t all = passes * data_.rows(), done = (std::min)(pass_ * data_.rows() + row_, all);
    if (options_.progress) options_.progress({"bin", done, all, std::numeric_limits<double>::quiet_NaN()});
    if (options_.stop.stop_requested()) fail(Errc::canceled, "xgboost", "asked to stop before the first round");
  }
  int next() noexcept {
    try {
      if (error_) return 0;
      report();
      if (row_ == data_.rows()) return 0;
      hand_over((std::min)(most_, data_.rows() - row_));
      return 1;
    } catch (...) {
      error_ = std::current_exception();
      return 0;
    }
  }
  void restart() noexcept {
    pass_ += row_ == data_.rows() ? 1 : 0;
    row_ = 0;
  }

  void hand_over(std::int64_t rows) {
    const FloatMatrix features = data_.features().slice(row_, rows);
    if (pass_ == 0) refuse_infinities("xgboost", features, row_, data_);
    const std::string array = fmt::format(R"({{"data":[{},true],"shape":[{},{}],"typestr":"<f4","version":3}})",
                                          reinterpret_cast<std::uintptr_t>(features.data), rows, features.columns);
    library_.check(library_.proxy_set_dense(proxy_.get(), array.c_str()), "XGProxyDMatrixSetDataDense");
    set_feature_types(library_, proxy_.get(), data_, spec_);
    if (data_.has_weights())
      set_floats(library_, proxy_.get(), "weight",
                 data_.weights().subspan(static_cast<std::size_t>(row_), static_cast<std::size_t>(rows)), 0, row_);
    row_ += rows;
  }

  const Library& library_;
  const Dataset& data_;
  const GradientBoostedTrees& spec_;
  const FitOptions& options_;
  Owned proxy_;
  std::int64_t most_;
  std::int64_t row_ = 0, pass_ = 0;
  std::exception_ptr error_{};
};

}  // namespace

void make_matrix(const Library& library, const Dataset& data, const GradientBoostedTrees& spec, int threads,
                 const FitOptions& options, Owned& matrix) {
  Batches batches(library, data, spec, options);
  const std::string config = fmt::format(R"({{"missing":NaN,"nthread":{},"max_bin":{}}})", threads, spec.bins);
  const int status = library.quantile_matrix_create(&batches, batches.proxy(), nullptr, Batches::reset, Batches::next,
                                                    config.c_str(), matrix.out());
  batches.rethrow();
  library.check(status, "XGQuantileDMatrixCreateFromCallback");
}

void set_feature_types(const Library& library, Handle matrix, const Dataset& data, const GradientBoostedTrees& spec) {
  if (spec.category_splits != CategorySplits::sets || data.categories().empty()) return;
  std::vector<const char*> types;
  for (const std::int64_t categories : data.categories()) types.push_back(categories > 0 ? "c" : "q");
  library.check(library.matrix_set_texts(matrix, "feature_type", types.data(), types.size()),
                "XGDMatrixSetStrFeatureInfo");
}

void set_floats(const Library& library, Handle matrix, const char* field, std::span<const double> numbers, double mean,
                std::int64_t first_row) {
  const std::vector<float> narrow = narrowed("xgboost", field, numbers, mean, first_row);
  library.check(library.matrix_set_floats(matrix, field, narrow.data(), narrow.size()), field);
}

void set_margins(const Library& library, Handle matrix, std::span<const double> margins, std::int64_t outputs) {
  std::vector<float> narrow;
  narrow.reserve(margins.size());
  for (const double margin : margins) {
    narrow.push_back(static_cast<float>(margin));
    if (!std::isfinite(narrow.back()))
      fail(Errc::out_of_range, "xgboost", "the first margin of row {} is {}, expected a number that a float32 holds",
           (static_cast<std::int64_t>(narrow.size()) - 1) / outputs, margin);
  }
  library.check(library.matrix_set_floats(matrix, "base_margin", narrow.data(), narrow.size()), "base_margin");
}

}  // namespace scalar::inline v0::backend::xgboost
