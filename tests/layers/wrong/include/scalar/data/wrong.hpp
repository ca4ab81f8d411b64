#pragma once
// What the include check must notice: a room above, a heavy header, and what is internal to another room.
#include <iostream>

#include "scalar/core/detail/wrong.hpp"
#include "scalar/model.hpp"

inline int wrong = sizeof(core::detail::Wrong);
