#pragma once
/// Tree ensembles that another library trained.
#include "scalar/spec/forest.hpp"

namespace scalar::inline v0 {

/// A forest that came from elsewhere. No backend learns it; its models are made of imported parameters
/// (`scalar/interchange`), and can be saved, loaded, served and exported as any other.
struct TreeEnsemble {
  Link link = Link::identity;  ///< of the forest: whether it predicts a number or classes

  using Self = TreeEnsemble;
  static constexpr std::string_view name = "tree_ensemble";
  static constexpr auto fields() { return std::tuple{field<&Self::link>}; }

  TargetKind target() const { return link == Link::identity ? TargetKind::regression : TargetKind::classification; }
  Encoding default_encoding() const {
    return {.impute = Impute::keep, .scale = Scale::none, .categories = Categories::ordinal};
  }
};

template <>
struct ParametersOf<TreeEnsemble> {
  using type = Forest;
};

}  // namespace scalar::inline v0
