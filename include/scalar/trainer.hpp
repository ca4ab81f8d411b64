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
/// What a fit returns; void where `S` is no spec, so that the sentence above is the only error.
template <class S>
struct FitResult {
  using type = void;
};
template <Spec S>
struct FitResult<S> {
  using type = Model<S>;
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
  /// those the table names, times the class weights.
  /// Errors: of Encoder::fit; `Errc::invalid_argument` for class weights of a regression or of an unknown class;
  /// `Errc::unsupported` when `options.peers` or processes cannot share this fit; `Errc::canceled`;
  /// `Errc::invalid_argument` for targets that cannot be learned, or an infinite feature; `Errc::resource_exhausted`
  /// when there is not enough memory.
  Result fit(const Table& table, const FitOptions& options = {}) const {
    Encoder encoder;
    const auto encode = [&] {
      encoder =
          Encoder::fit(table, encoding_, spec_.target(), runtime_, trainer::detail::encode_options(options, "encoder"));
      const Dataset data = encoder.encode(table, runtime_, trainer::detail::encode_options(options, "features"));
      return trainer::detail::weighted(data, options.class_weights, S::name);
    };
    const Dataset data = backend::prepare_together(options, runtime_, encode);
    return fit(data, encoder, options, trainer::detail::notes_on(table, encoder));
  }
  /// Fits the model on dense features, which it then also takes as its input.
  Result fit(const Dataset& data, const FitOptions& options = {}) const {
    Encoder encoder;
    const auto prepare = [&] {
      encoder = trainer::detail::identity_encoder(data, spec_.target());
      return trainer::detail::weighted(data, options.class_weights, S::name);
    };
    const Dataset weighted = backend::prepare_together(options, runtime_, prepare);
    return fit(weighted, encoder, options, trainer::detail::notes_on(data, encoder));
  }

  const S& spec() const noexcept { return spec_; }

 private:
  Result fit(const Dataset& data, const Encoder& encoder, const FitOptions& options,
             std::vector<std::string> notes) const {
    if (options.peers != 1)  // for one, the constructor has asked
      trainer::detail::require(backend_.supports(spec_, options.peers), backend_.name(), S::name, options.peers);
    if (options.transport != nullptr && options.peers == 1)
      trainer::detail::require_processes(backend_.supports(spec_, 2), backend_.name(), S::name);
    const trainer::detail::Stopwatch stopwatch(runtime_);
    try {
      Parameters<S> parameters = backend_.fit(spec_, data, options, runtime_);
      return Result(
          spec_, std::move(parameters), encoder,
          trainer::detail::info(backend_.name(), data.rows(), stopwatch.elapsed(), std::move(notes), runtime_),
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
