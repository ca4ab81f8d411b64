#include "scalar/trainer/detail/fitting.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "scalar/core/error.hpp"
#include "scalar/core/version.hpp"

namespace scalar::inline v0::trainer::detail {

void require(const Support& support, std::string_view backend, std::string_view spec, int peers) {
  if (peers < 1)
    throw Error(Errc::invalid_argument, "peers is " + std::to_string(peers) + ", expected 1 or more", "FitOptions");
  if (support) return;
  std::string text = std::string(backend) + " cannot train " + std::string(spec);
  if (peers > 1) text += " on " + std::to_string(peers) + " peers";
  for (const std::string& reason : support.reasons) text += "\n  - " + reason;
  throw Error(Errc::unsupported, text);
}

void require_processes(const Support& of_two_peers, std::string_view backend, std::string_view spec) {
  if (of_two_peers) return;
  std::string text = std::string(backend) + " cannot share the training of " + std::string(spec) + " with processes";
  for (const std::string& reason : of_two_peers.reasons) text += "\n  - " + reason;
  throw Error(Errc::unsupported, text);
}

Encoder identity_encoder(const Dataset& data, TargetKind kind) {
  if (data.empty()) throw Error(Errc::empty, "the Dataset has no rows to learn from", "Trainer");
  if (!data.has_targets()) throw Error(Errc::invalid_argument, "the Dataset has no targets to learn", "Trainer");
  if (kind == TargetKind::classification && data.classes().empty())
    throw Error(Errc::invalid_argument, "the Dataset has numbers as targets, this spec learns classes", "Trainer");
  if (kind == TargetKind::regression && !data.classes().empty())
    throw Error(Errc::invalid_argument, "the Dataset has classes as targets, this spec learns numbers", "Trainer");
  for (std::int64_t row = 0; row < data.rows(); ++row)
    for (std::int64_t column = 0; column < data.columns(); ++column)
      if (std::isinf(data.row(row)[static_cast<std::size_t>(column)]))
        throw Error(Errc::invalid_argument,
                    "feature \"" + data.feature_names()[static_cast<std::size_t>(column)] + "\", row " +
                        std::to_string(row) + ": an infinity",
                    "Trainer");
  return Encoder::identity(data.feature_names(), data.classes());
}

EncodeOptions encode_options(const FitOptions& options, std::string_view what) {
  EncodeOptions result{.stop = options.stop, .progress = {}};
  if (options.progress && options.transport == nullptr)
    result.progress = [&progress = options.progress, what](std::int64_t done, std::int64_t total) {
      progress({what, done, total, std::numeric_limits<double>::quiet_NaN()});
    };
  return result;
}

namespace {

/// What a row of each class counts beside its own weight.
std::vector<double> factors_of(const Dataset& data, const ClassWeights& weights, std::string_view spec) {
  const std::vector<std::string>& classes = data.classes();
  std::vector<double> factors(classes.size(), 1.0);
  for (const auto& [name, weight] : weights.of) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) {
      std::string known;
      for (std::size_t i = 0; i < classes.size() && i < 20; ++i) known += (i == 0 ? "\"" : ", \"") + classes[i] + "\"";
      throw Error(
          Errc::invalid_argument,
          "class_weights name \"" + name + "\"; the classes are " + known + (classes.size() > 20 ? ", ..." : ""),
          std::string(spec));
    }
    if (!(weight >= 0 && std::isfinite(weight))) {
      std::string seen = "NaN";
      if (!std::isnan(weight)) json::append_number(seen = "", weight);
      throw Error(Errc::out_of_range,
                  "the class weight of \"" + name + "\" is " + (std::isinf(weight) ? "an infinity" : seen) +
                      ", expected a finite number not below 0",
                  std::string(spec));
    }
    factors[static_cast<std::size_t>(found - classes.begin())] = weight;
  }
  if (!weights.balanced) return factors;
  std::vector<double> sums(classes.size());
  double total = 0, present = 0;
  for (std::int64_t row = 0; row < data.rows(); ++row) {
    sums[static_cast<std::size_t>(data.target(row))] += data.weight(row);
    total += data.weight(row);
  }
  for (const double sum : sums) present += sum > 0 ? 1 : 0;
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (sums[i] > 0) factors[i] *= total / (present * sums[i]);
  return factors;
}

bool is_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

constexpr std::size_t usual_classes = 30;

std::vector<std::string> many_numbers(const Encoder& encoder) {
  const std::vector<std::string>& classes = encoder.classes();
  return {"the label" + (encoder.label().empty() ? "" : " \"" + encoder.label() + "\"") + " is learned as " +
          std::to_string(classes.size()) + " classes, which are numbers (\"" + classes[0] + "\", \"" + classes[1] +
          "\", ...): a regression may be meant"};
}

}  // namespace

Dataset weighted(const Dataset& data, const ClassWeights& weights, std::string_view spec) {
  if (!weights.balanced && weights.of.empty()) return data;
  if (data.classes().empty())
    throw Error(Errc::invalid_argument, "class_weights are for classes, this spec learns numbers", std::string(spec));
  const std::vector<double> factors = factors_of(data, weights, spec);
  std::vector<double> rows(static_cast<std::size_t>(data.rows()));
  for (std::int64_t row = 0; row < data.rows(); ++row)
    rows[static_cast<std::size_t>(row)] = data.weight(row) * factors[static_cast<std::size_t>(data.target(row))];
  return data.with_weights(std::move(rows));
}

namespace {

/// `all` cut as the options ask for, where `given` are the rows that they name, if any.
template <class Rows>
typename Rows::Parts cut_rows(const Rows& all, const Rows& given, const ValidationOptions& options) {
  const int named = (options.table.empty() ? 0 : 1) + (options.data.empty() ? 0 : 1) + (options.fraction != 0 ? 1 : 0);
  if (named > 1)
    throw Error(Errc::invalid_argument, "more than one of validation.table, validation.data and validation.fraction",
                "FitOptions");
  if (!(options.fraction >= 0 && options.fraction < 1)) {
    std::string seen = "NaN";
    if (!std::isnan(options.fraction)) json::append_number(seen = "", options.fraction);
    throw Error(Errc::out_of_range, "validation.fraction is " + seen + ", expected 0 to less than 1", "FitOptions");
  }
  if (options.fraction > 0) return all.split({.test = options.fraction, .seed = options.seed});
  return {all, given};
}

}  // namespace

Table::Parts rows_of(const Table& all, const ValidationOptions& options) {
  return cut_rows(all, options.table, options);
}

Dataset::Parts rows_of(const Dataset& all, const ValidationOptions& options) {
  if (!options.table.empty())
    throw Error(Errc::invalid_argument, "a fit on a Dataset takes validation.data, not validation.table", "FitOptions");
  return cut_rows(all, options.data, options);
}

FitOptions with_validation(const FitOptions& options, const Dataset& rows) {
  FitOptions result = options;
  result.validation.table = {};
  result.validation.fraction = 0;
  if (!rows.empty()) result.validation.data = rows;
  return result;
}

void check_same_data(const Dataset& data, const Encoder& encoder) {
  if (data.feature_names() != encoder.feature_names())
    throw Error(Errc::invalid_argument,
                "the data have other features than the model to go on from (" + std::to_string(data.columns()) +
                    " and " + std::to_string(encoder.feature_count()) + ")",
                "Trainer");
  if (data.classes() != encoder.classes())
    throw Error(Errc::invalid_argument,
                "the data have other classes than the model to go on from (" + std::to_string(data.classes().size()) +
                    " and " + std::to_string(encoder.classes().size()) + ")",
                "Trainer");
}

Recorder::Recorder(const FitOptions& options)
    : options_(options), progress_(options.progress), rounds_(options, false) {
  if (options.progress || !options.validation.data.empty())
    options_.progress = [this](const FitProgress& progress) { note(progress); };
}

void Recorder::note(const FitProgress& progress) {
  if (progress.is_round) {
    history_.round = std::string(progress.what);
    history_.objective.push_back(progress.objective);
    history_.validation.push_back(progress.validation);
    rounds_.report(progress);
    history_.best_round = rounds_.best();
  }
  if (progress_) progress_(progress);
}

FitHistory Recorder::history() const {
  FitHistory history = history_;
  const auto is_nan = [](double value) { return std::isnan(value); };
  for (auto* values : {&history.objective, &history.validation})
    if (std::all_of(values->begin(), values->end(), is_nan)) values->clear();
  return history;
}

std::vector<std::string> notes_on(const Table& table, const Encoder& encoder) {
  if (encoder.classes().size() <= usual_classes || table.column(encoder.label()).type() == ColumnType::text) return {};
  return many_numbers(encoder);
}

std::vector<std::string> notes_on(const Dataset&, const Encoder& encoder) {
  const std::vector<std::string>& classes = encoder.classes();
  if (classes.size() <= usual_classes || !std::all_of(classes.begin(), classes.end(), is_number)) return {};
  return many_numbers(encoder);
}

void throw_out_of_memory(std::string_view backend, std::string_view spec) {
  throw Error(Errc::resource_exhausted, "there is not enough memory to train this " + std::string(spec),
              std::string(backend));
}

ModelInfo info(std::string_view backend, std::int64_t rows, std::chrono::duration<double> time,
               std::vector<std::string> notes, FitHistory history, const Runtime& runtime) {
  for (const std::string& note : notes) runtime.log(LogLevel::warning, "trainer", note);
  return {.backend = std::string(backend),
          .rows = rows,
          .fit_time = time,
          .version = version,
          .metrics = {},
          .notes = std::move(notes),
          .history = std::move(history)};
}

}  // namespace scalar::inline v0::trainer::detail
