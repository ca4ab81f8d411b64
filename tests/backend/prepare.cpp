// Sets what frameworks read from the environment before main, when the process has one thread.
#include "scalar/backend/prepare_process.hpp"

namespace {
[[maybe_unused]] const auto set = scalar::backend::prepare_process();
}
