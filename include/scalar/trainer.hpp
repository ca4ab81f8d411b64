#pragma once
/// Learns one spec on one backend.
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scalar/backend/registry.hpp"
#include "scalar/backend/together.hpp"
#include "scalar/model.hpp"
#include "scalar/trainer/detail/fitting.hpp"

namespace scalar::inline v0 {

namespace trainer::detail {

template <class S>
struct IsNotASpec {
  static_assert(Spec<S>,
                "the first argument of Trainer is not a spec: it needs a name, fields(), target(), "
                "default_encoding() and ParametersOf<>");
};
/// What a fit returns and goes on from; void and anything where `S` is no spec, so that the sentence above is the only
/// error.
template <class S>
struct FitResult {
  using type = void;
  using Given = S;
};
template <Spec S>
struct FitResult<S> {
  using type = Model<S>;
  using Given = Model<S>;
};
template <class B, class S>
struct CannotTrain {
  static_assert(
      Trains<B, S>,
      "this backend has no fit() for this spec; choose another backend, or give a name (\"native\") to decide "
      "while running");
};

}  // namespace trainer::detail

/// Learns spec `S` on backend `B`: a static type, checked while compiling, `Native` unless given, or a name, checked
/// when the Trainer is made.
///
/// Immutable. Thread safety: const members may be called from any thread.
template <class S, class B = backend::Native>
class Trainer {
  using Result = typename trainer::detail::FitResult<S>::type;
  using Given = typename trainer::detail::FitResult<S>::Given;

 public:
  /// Errors: `Errc::out_of_range` for an impossible value in the spec, `Errc::not_found` for an unknown backend,
  /// `Errc::unsupported` with every reason when this backend cannot learn these values.
  explicit Trainer(S spec, B backend = B(), Runtime runtime = {})
      : spec_(std::move(spec)), backend_(std::move(backend)), runtime_(std::move(runtime)) {
    if constexpr (Trains<B, S>) {
      encoding_ = spec_.default_encoding();
      validate(spec_);
      trainer::detail::require(backend_.supports(spec_, 1), backend_.name(), S::name, 1);
    }
  }

  /// This trainer with another preprocessing for tables than the spec's own choice.
  Trainer with_encoding(const Encoding& encoding) const {
    validate(encoding);
    Trainer other = *this;
    other.encoding_ = encoding;
    return other;
  }

  /// Fits the encoder, then the model, on the rows of `table` alone.
  ///
  /// A label of classes that is more than 30 distinct numbers is noted in the model and the log. The rows' weights are
  /// those the table names, times the class weights. Rows for validation are not learned from, by the encoder neither;
  /// class weights do not change what they count. The history of the fit is in the model's info.
  /// Errors: of Encoder::fit; `Errc::invalid_argument` for class weights of a regression or of an unknown class;
  /// `Errc::unsupported` when `options.peers` or processes cannot share this fit; `Errc::canceled`;
  /// `Errc::invalid_argument` for targets that cannot be learned, or an infinite feature; `Errc::resource_exhausted`
  /// when there is not enough memory.
  Result fit(const Table& table, const FitOptions& options = {}) const {
    Encoder encoder;
    FitOptions resolved;
    const auto encode = [&] {
      const auto [train, validation] = trainer::detail::rows_of(table, options.validation);
      encoder =
          Encoder::fit(train, encoding_, spec_.target(), runtime_, trainer::detail::encode_options(options, "encoder"));
      return encoded(train, validation, encoder, options, resolved);
    };
    const Dataset data = backend::prepare_together(options, runtime_, encode);
    return fit(data, encoder, resolved, trainer::detail::notes_on(table, encoder));
  }
  /// Fits the model on dense features, which it then also takes as its input.
  Result fit(const Dataset& data, const FitOptions& options = {}) const {
    Encoder encoder;
    FitOptions resolved;
    const auto prepare = [&] {
      encoder = trainer::detail::identity_encoder(data, spec_.target());
      return prepared(data, options, resolved);
    };
    const Dataset weighted = backend::prepare_together(options, runtime_, prepare);
    return fit(weighted, encoder, resolved, trainer::detail::notes_on(data, encoder));
  }

  /// Goes on from `model`: boosted trees add `spec().trees` to its trees, networks and logistic regressions begin with
  /// its weights. The model's encoder is used, and not fitted again; the result is a model with the spec of this
  /// trainer.
  ///
  /// Errors: those of `fit`; `Errc::invalid_argument` for a model with other features, classes, layers or link than
  /// this fit; `Errc::unsupported` if the backend cannot go on from a model of this spec.
  Result fit_from(const Given& model, const Table& table, const FitOptions& options = {}) const {
    FitOptions resolved;
    const auto encode = [&] {
      const auto [train, validation] = trainer::detail::rows_of(table, options.validation);
      return encoded(train, validation, model.encoder(), options, resolved);
    };
    const Dataset data = backend::prepare_together(options, runtime_, encode);
    resolved.initial = to_bytes(model.parameters());
    return fit(data, model.encoder(), resolved, {});
  }
  /// As `fit_from(model, table)`, but on dense features, those of the model's encoder.
  Result fit_from(const Given& model, const Dataset& data, const FitOptions& options = {}) const {
    FitOptions resolved;
    const auto prepare = [&] {
      trainer::detail::check_same_data(data, model.encoder());
      return prepared(data, options, resolved);
    };
    const Dataset weighted = backend::prepare_together(options, runtime_, prepare);
    resolved.initial = to_bytes(model.parameters());
    return fit(weighted, model.encoder(), resolved, {});
  }

  const S& spec() const noexcept { return spec_; }

 private:
  /// The rows to learn from, and in `resolved` the options with those to validate.
  Dataset encoded(const Table& train, const Table& validation, const Encoder& encoder, const FitOptions& options,
                  FitOptions& resolved) const {
    const Dataset data = encoder.encode(train, runtime_, trainer::detail::encode_options(options, "features"));
    resolved = trainer::detail::with_validation(
        options, validation.empty() ? Dataset{} : encoder.encode(validation, runtime_, {.stop = options.stop}));
    return trainer::detail::weighted(data, options.class_weights, S::name);
  }
  Dataset prepared(const Dataset& data, const FitOptions& options, FitOptions& resolved) const {
    const auto [train, validation] = trainer::detail::rows_of(data, options.validation);
    resolved = trainer::detail::with_validation(options, validation);
    return trainer::detail::weighted(train, options.class_weights, S::name);
  }

  Result fit(const Dataset& data, const Encoder& encoder, const FitOptions& options,
             std::vector<std::string> notes) const {  // NOLINT(performance-unnecessary-value-param): moved from
    if (options.peers != 1)                           // for one, the constructor has asked
      trainer::detail::require(backend_.supports(spec_, options.peers), backend_.name(), S::name, options.peers);
    if (options.transport != nullptr && options.peers == 1)
      trainer::detail::require_processes(backend_.supports(spec_, 2), backend_.name(), S::name);
    const trainer::detail::Stopwatch stopwatch(runtime_);
    const trainer::detail::Recorder recorder(options);
    try {
      Parameters<S> parameters = backend_.fit(spec_, data, recorder.options(), runtime_);
      return Result(spec_, std::move(parameters), encoder,
                    trainer::detail::info(backend_.name(), data.rows(), stopwatch.elapsed(), std::move(notes),
                                          recorder.history(), runtime_),
                    runtime_);
    } catch (const std::bad_alloc&) {
      trainer::detail::throw_out_of_memory(backend_.name(), S::name);
    } catch (const std::length_error&) {
      trainer::detail::throw_out_of_memory(backend_.name(), S::name);
    }
  }

  static constexpr std::size_t check() {
    if constexpr (!Spec<S>)
      return sizeof(trainer::detail::IsNotASpec<S>);
    else
      return sizeof(trainer::detail::CannotTrain<B, S>);
  }
  static_assert(check() > 0);

  S spec_;
  B backend_;
  Encoding encoding_{};
  Runtime runtime_;
};

template <class S>
Trainer(S) -> Trainer<S>;
template <class S, std::convertible_to<std::string_view> Name>
Trainer(S, Name, Runtime = {}) -> Trainer<S, AnyBackend>;

}  // namespace scalar::inline v0
