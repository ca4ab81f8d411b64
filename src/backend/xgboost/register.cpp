// Compiled into every program that links Scalar::xgboost: enters the adapter under its name before main.
#include "scalar/backend/registry.hpp"
#include "scalar/backend/xgboost/xgboost.hpp"

namespace {
[[maybe_unused]] const bool entered = scalar::backend::enter("xgboost", scalar::backend::make_xgboost);
}
