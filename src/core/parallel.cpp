#include "scalar/core/parallel.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>

#include "core/runtime_impl.hpp"

namespace scalar::inline v0 {

void parallel_for(const Runtime& runtime, std::int64_t count, std::int64_t grain,
                  FunctionRef<void(std::int64_t begin, std::int64_t end)> body) {
  if (count <= 0) return;
  grain = (std::max)(grain, std::int64_t{1});
  const std::int64_t pieces = (count + grain - 1) / grain;
  const auto run = [&](std::int64_t piece) { body(piece * grain, (std::min)((piece + 1) * grain, count)); };
  if (pieces == 1 || runtime.threads() == 1) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) run(piece);
    return;
  }
  runtime.impl().arena.execute([&] {
    // Isolated: a thread that waits for a nested loop is still inside a piece of the outer loop, with that piece's
    // thread-local memory and cache claims, so TBB must not hand it another piece of the outer loop meanwhile.
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, pieces, 1), [&](const auto& range) {
        for (std::int64_t piece = range.begin(); piece < range.end(); ++piece) run(piece);
      });
    });
  });
}

}  // namespace scalar::inline v0
