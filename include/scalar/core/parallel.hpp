#pragma once
/// Parallel loops inside one algorithm, on the Runtime's threads.
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "scalar/core/runtime.hpp"

namespace scalar::inline v0 {

/// A reference to a callable that lives longer than the call it is passed to.
template <class Signature>
class FunctionRef;
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<Result, F&, Arguments...>)
  FunctionRef(F&& function) noexcept  // NOLINT: a reference to any callable
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Arguments>(arguments)...);
        }) {}
  Result operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

 private:
  void* object_;
  Result (*call_)(void*, Arguments...);
};

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
