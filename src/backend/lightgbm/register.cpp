// Registers the adapter under its name before main. CMakeLists.txt makes this file part of every program that links
// Scalar::lightgbm.
#include "scalar/backend/lightgbm/lightgbm.hpp"
#include "scalar/backend/registry.hpp"

namespace scalar::inline v0::backend::lightgbm {
namespace {
constinit Adapter adapter{"lightgbm", make_lightgbm};
}  // namespace

extern const bool entered;
const bool entered = enter(adapter);
}  // namespace scalar::inline v0::backend::lightgbm
