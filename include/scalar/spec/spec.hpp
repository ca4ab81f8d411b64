#pragma once
/// Specs: described aggregates that say what to learn and name the type of the learned parameters.
#include <concepts>
#include <string_view>

#include "scalar/core/described.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/data/encoder.hpp"

namespace scalar::inline v0 {

/// Each spec specializes this with `using type = ...;`, its canonical parameters.
template <class S>
struct ParametersOf;

/// The canonical parameters of a spec, the same whichever backend learned them.
template <class S>
using Parameters = typename ParametersOf<S>::type;

/// A model family: an aggregate with defaults, a stable name, its fields, the meaning of its target and its default
/// preprocessing.
template <class S>
concept Spec = Described<S> && requires(const S& spec) {
  typename Parameters<S>;
  { spec.target() } -> std::same_as<TargetKind>;
  { spec.default_encoding() } -> std::same_as<Encoding>;
};

/// The identity of a spec's values: the hash of its name and canonical JSON.
template <Spec S>
Hash128 spec_hash(const S& spec) {
  return Hasher().add(S::name).add("\n").add(to_json(spec)).digest();
}

/// How raw sums become predictions.
enum class Link : std::uint8_t {
  identity = 0,  ///< the value itself
  logistic = 1,  ///< two classes: `1 / (1 + exp(-margin))` is the probability of the second
  softmax = 2,   ///< `exp(margin_k) / sum_j exp(margin_j)`
};

/// What training minimizes.
enum class Loss : std::uint8_t {
  squared = 0,   ///< regression: `1/2 (prediction - target)^2`
  logistic = 1,  ///< two classes: `-log` of the probability of the right one
  softmax = 2,   ///< any number of classes: `-log` of the probability of the right one
};

constexpr Link link_of(Loss loss) noexcept { return static_cast<Link>(loss); }
constexpr TargetKind target_of(Loss loss) noexcept {
  return loss == Loss::squared ? TargetKind::regression : TargetKind::classification;
}

}  // namespace scalar::inline v0
