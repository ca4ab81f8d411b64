#include "scalar/bsp/task.hpp"

#include <string>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_foreign_await() {
  throw Error(Errc::invalid_argument, "a coroutine awaited the barrier of a peer that it does not belong to", "bsp");
}

void throw_spent_task() {
  throw Error(Errc::invalid_argument, "a Task that was moved from or has been awaited before was awaited", "bsp");
}

}  // namespace scalar::inline v0::bsp::detail
