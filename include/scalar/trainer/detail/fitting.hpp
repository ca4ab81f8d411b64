#pragma once
/// The parts of a fit that do not depend on spec or backend.
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/backend/backend.hpp"
#include "scalar/backend/rounds.hpp"
#include "scalar/model/model_info.hpp"

namespace scalar::inline v0::trainer::detail {

/// Throws `Error{Errc::unsupported}` listing every reason unless `support` is a yes, and `Errc::invalid_argument` for
/// fewer than one peer.
void require(const Support& support, std::string_view backend, std::string_view spec, int peers);

/// Throws `Error{Errc::unsupported}` unless `of_two_peers`, what the backend says to two peers, is a yes: who cannot
/// share a fit among peers cannot share it among processes.
void require_processes(const Support& of_two_peers, std::string_view backend, std::string_view spec);

/// The encoder of a model that is fitted on dense features. Errors: `Errc::invalid_argument` for a Dataset without
/// targets, whose targets are not what `kind` asks for, or with an infinite feature.
Encoder identity_encoder(const Dataset& data, TargetKind kind);

/// The stop token and the progress of a fit for its encoder. With processes that share the fit nothing is reported:
/// none knows yet which is process 0.
EncodeOptions encode_options(const FitOptions& options, std::string_view what);

/// The data with the class weights of the options in the weights of its rows. Errors: `Errc::invalid_argument` for
/// class weights of a regression and for a class that the data do not have, `Errc::out_of_range` for a weight that is
/// negative or not finite.
Dataset weighted(const Dataset& data, const ClassWeights& weights, std::string_view spec);

/// The rows to learn from (`train`) and those that compare the rounds of the fit (`test`, which may be empty): what the
/// options name, or draw from `all` by their seed.
/// Errors: `Errc::invalid_argument` if the options name more than one of them, or a Table for a fit on a Dataset, or
/// for a fraction without rows; `Errc::out_of_range` for a fraction outside [0, 1).
Table::Parts rows_of(const Table& all, const ValidationOptions& options);
Dataset::Parts rows_of(const Dataset& all, const ValidationOptions& options);

/// The options for a backend: validation rows are a Dataset, if there are any.
FitOptions with_validation(const FitOptions& options, const Dataset& rows);

/// Throws `Errc::invalid_argument` unless `data` has the features and the classes of the encoder of a model.
void check_same_data(const Dataset& data, const Encoder& encoder);

/// Keeps the history of a fit.
class Recorder {
 public:
  /// `options` must outlive this.
  explicit Recorder(const FitOptions& options);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The options to fit with, which tell this of every round.
  const FitOptions& options() const { return options_; }
  FitHistory history() const;

 private:
  void note(const FitProgress& progress);

  FitOptions options_;
  const std::function<void(const FitProgress&)>& progress_;
  backend::Rounds rounds_;
  FitHistory history_{};
};

/// What is odd about learning `encoder`'s classes: that they are more than 30 distinct numbers.
std::vector<std::string> notes_on(const Table& table, const Encoder& encoder);
std::vector<std::string> notes_on(const Dataset& data, const Encoder& encoder);

/// Throws `Error{Errc::resource_exhausted}`: a spec can ask for more weights than any machine has memory for.
[[noreturn]] void throw_out_of_memory(std::string_view backend, std::string_view spec);

/// Logs the notes as warnings.
ModelInfo info(std::string_view backend, std::int64_t rows, std::chrono::duration<double> time,
               std::vector<std::string> notes, FitHistory history, const Runtime& runtime);

/// Wall time since it was made, on the Runtime's clock.
class Stopwatch {
 public:
  explicit Stopwatch(const Runtime& runtime) : runtime_(runtime), start_(runtime.clock().now()) {}
  std::chrono::duration<double> elapsed() const { return runtime_.clock().now() - start_; }

 private:
  Runtime runtime_;
  TimePoint start_;
};

}  // namespace scalar::inline v0::trainer::detail
