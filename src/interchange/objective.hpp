#pragma once
/// What the objectives of other libraries predict.
#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::interchange {

/// How an objective turns margins into predictions: with a link, or in a way that no `Link` can express.
struct Objective {
  std::string_view name;
  std::optional<Link> link{};
  std::string_view predicts{};  ///< without a link: what it predicts
};

inline constexpr std::string_view what_links_predict = "a forest predicts the margins, their logistic or their softmax";

/// The link of the objective called `name`, which the library calls a `noun`. Errors: `Errc::unsupported` at `place`
/// for an objective that is not among `known` or has no link.
inline Link link_of(std::string_view name, std::span<const Objective> known, std::string_view place,
                    std::string_view noun = "objective") {
  const auto found = std::ranges::find(known, name, &Objective::name);
  if (found == known.end())
    fail(Errc::unsupported, place, "the {} {} is not known, so what it predicts is not", noun, quoted(name));
  if (!found->link)
    fail(Errc::unsupported, place, "the {} \"{}\" predicts {}; {}", noun, name, found->predicts, what_links_predict);
  return *found->link;
}

}  // namespace scalar::inline v0::interchange
