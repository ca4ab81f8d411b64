#pragma once
/// Parallel loops inside one algorithm, on the Runtime's threads.
#include <cstdint>

#include "scalar/core/function_ref.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0 {

/// Calls `body(begin, end)` on disjoint pieces that cover `[0, count)`, each of at most `grain` indices.
///
/// The pieces are cut at multiples of `grain`, so what one call sees does not depend on the number of threads. An
/// exception of a piece ends the loop and leaves it. Nested loops share the budget; a thread that waits for one takes
/// no other work, so what a piece keeps in thread-local memory is still its own afterwards.
void parallel_for(const Runtime& runtime, std::int64_t count, std::int64_t grain,
                  FunctionRef<void(std::int64_t begin, std::int64_t end)> body);

/// Calls `body(part)` for each part in `[0, parts)`, at the same time where threads are free.
inline void parallel_parts(const Runtime& runtime, int parts, FunctionRef<void(int part)> body) {
  parallel_for(runtime, parts, 1, [&](std::int64_t part, std::int64_t) { body(static_cast<int>(part)); });
}

}  // namespace scalar::inline v0
