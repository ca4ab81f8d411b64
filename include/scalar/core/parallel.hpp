#pragma once
/// Parallel loops inside one algorithm, on the Runtime's threads.
#include <cstdint>

#include "scalar/core/function_ref.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0 {

/// Calls `body(begin, end)` on disjoint pieces that cover `[0, count)`, each of at most `grain` indices.
///
/// The pieces are cut at multiples of `grain`, so the range of a call does not depend on the number of threads. An
/// exception from a piece ends the loop and is rethrown to the caller. Nested loops share the thread budget; a thread
/// that waits for a nested loop runs nothing but pieces of that loop meanwhile, so no other piece of the outer loop
/// touches its thread-local memory.
void parallel_for(const Runtime& runtime, std::int64_t count, std::int64_t grain,
                  FunctionRef<void(std::int64_t begin, std::int64_t end)> body);

/// Calls `body(part)` for each part in `[0, parts)`, in parallel where threads are free.
inline void parallel_parts(const Runtime& runtime, int parts, FunctionRef<void(int part)> body) {
  parallel_for(runtime, parts, 1, [&](std::int64_t part, std::int64_t) { body(static_cast<int>(part)); });
}

}  // namespace scalar::inline v0
