#include "scalar/bsp/task.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_foreign_await() {
  fail(Errc::invalid_argument, "bsp", "a coroutine awaited the barrier of a peer that it does not belong to");
}

void throw_spent_task() {
  fail(Errc::invalid_argument, "bsp", "a Task that was moved from or has been awaited before was awaited");
}

}  // namespace scalar::inline v0::bsp::detail
