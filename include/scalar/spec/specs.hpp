#pragma once
/// All specs of the library.
#include "scalar/spec/gradient_boosted_trees.hpp"
#include "scalar/spec/linear_regression.hpp"
#include "scalar/spec/logistic_regression.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"
#include "scalar/spec/tree_ensemble.hpp"

namespace scalar::inline v0 {

template <Spec... S>
struct SpecList {};

/// The specs of both lists.
template <Spec... A, Spec... B>
constexpr SpecList<A..., B...> join(SpecList<A...>, SpecList<B...>) {
  return {};
}

/// Every spec that backends of the library learn, for code that handles all of them: erasure, conformance tests.
using AllSpecs = SpecList<LinearRegression, LogisticRegression, MultilayerPerceptron, GradientBoostedTrees>;

/// Every spec whose models can be stored: those, and the ones that are only imported.
using StoredSpecs = decltype(join(AllSpecs{}, SpecList<TreeEnsemble>{}));

/// Calls `visit.template operator()<S>()` for the spec called `name`; false if there is none.
template <class Visit, Spec... S>
bool visit_spec(std::string_view name, SpecList<S...>, Visit&& visit) {
  return (... || (S::name == name ? (visit.template operator()<S>(), true) : false));
}

}  // namespace scalar::inline v0
