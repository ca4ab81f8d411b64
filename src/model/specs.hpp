#pragma once
/// The specs that can be loaded, by name.
#include <string_view>

#include "scalar/model/register_spec.hpp"

namespace scalar::inline v0::model::detail {

using Assemble = decltype(SpecEntry::assemble);

/// How to make a model of the spec called `name`: one of the library's or one that was entered; null when there is
/// none.
Assemble find_spec(std::string_view name);

}  // namespace scalar::inline v0::model::detail
