// Registers the adapter under its name before main. CMakeLists.txt makes this file part of every program that links
// Scalar::xgboost.
#include "scalar/backend/registry.hpp"
#include "scalar/backend/xgboost/xgboost.hpp"

namespace scalar::inline v0::backend::xgboost {
namespace {
constinit Adapter adapter{"xgboost", make_xgboost};
}  // namespace

extern const bool entered;
const bool entered = enter(adapter);
}  // namespace scalar::inline v0::backend::xgboost
