// Registers the adapter under its name, and as the runner of its format, before main. CMakeLists.txt makes this file
// part of every program that links Scalar::onnxruntime.
#include "scalar/backend/onnxruntime/onnxruntime.hpp"
#include "scalar/backend/registry.hpp"
#include "scalar/backend/runners.hpp"

namespace scalar::inline v0::backend::onnxruntime {
namespace {

constinit Adapter adapter{"onnxruntime", make_onnxruntime};
constinit Runner runner{.format = "onnx", .component = "onnxruntime", .open = open_onnx};

}  // namespace

extern const bool entered;
const bool entered = enter(adapter) && enter_runner(runner);
}  // namespace scalar::inline v0::backend::onnxruntime
