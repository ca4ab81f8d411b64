#pragma once
/// The built-in stores.
#include "scalar/data/store.hpp"

namespace scalar::inline v0::data {

AnyStore file_store();
AnyStore memory_store();

}  // namespace scalar::inline v0::data
