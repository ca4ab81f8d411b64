#pragma once
/// Aggregator<T, Op>: a value that peers add to in one superstep and all read, folded, in the next.
#include <cstdint>
#include <functional>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {

/// The mean of the values added: `Aggregator<Mean> error; error.add(Mean(0.5)); ... error.value().value()`.
class Mean {
 public:
  Mean() = default;
  constexpr explicit Mean(double value, std::uint64_t count = 1) noexcept
      : sum_(value * static_cast<double>(count)), count_(count) {}
  /// 0 when nothing was added.
  constexpr double value() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  constexpr std::uint64_t count() const noexcept { return count_; }
  friend constexpr Mean operator+(Mean a, const Mean& b) noexcept {
    a.sum_ += b.sum_, a.count_ += b.count_;
    return a;
  }

 private:
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

/// A value that all peers add to in one superstep and read in the next. A local variable of the body.
///
/// `value()` is the fold of what all peers have added, in rank order, so its bits do not depend on timing. The fold
/// happens in `co_await bsp::sync(peer, one, other, ...)`. In every superstep each peer begins with `start`, which
/// must therefore be neutral: 0 for sums, the lowest number for `Maximum`. `T` is trivially copyable.
/// Thread safety: used only by its peer.
template <class T, class Op = std::plus<>>
class Aggregator {
 public:
  explicit Aggregator(T start = T{}, Op op = {}) : start_(start), current_(start), value_(start), op_(op) {}

  void add(const T& value) { current_ = static_cast<T>(op_(current_, value)); }
  /// What all peers added in the superstep before the last `bsp::sync` with this aggregator; `start` before the first.
  const T& value() const noexcept { return value_; }

  /// Internal: for `bsp::sync`.
  using value_type = T;
  const T& current() const noexcept { return current_; }
  const Op& operation() const noexcept { return op_; }
  void turn(const T& value) noexcept { value_ = value, current_ = start_; }

 private:
  T start_, current_, value_;
  [[no_unique_address]] Op op_;
};

namespace detail {

/// The values of several aggregators: a tuple that is trivially copyable, which std::tuple is not.
template <class... T>
struct Fused;
template <>
struct Fused<> {};
template <class First, class... Rest>
struct Fused<First, Rest...> {
  First first;
  [[no_unique_address]] Fused<Rest...> rest;
};

inline Fused<> fuse() { return {}; }
template <class First, class... Rest>
auto fuse(const First& first, const Rest&... rest) {
  return Fused<typename First::value_type, typename Rest::value_type...>{first.current(), fuse(rest...)};
}

struct FusedNothing {
  Fused<> operator()(const Fused<>&, const Fused<>&) const { return {}; }
};
template <class Op, class Others>
struct FusedOperation {
  [[no_unique_address]] Op op;
  [[no_unique_address]] Others others;
  template <class First, class... Rest>
  Fused<First, Rest...> operator()(const Fused<First, Rest...>& a, const Fused<First, Rest...>& b) const {
    return {static_cast<First>(op(a.first, b.first)), others(a.rest, b.rest)};
  }
};

inline FusedNothing operations() { return {}; }
template <class T, class Op, class... Rest>
auto operations(const Aggregator<T, Op>& first, const Rest&... rest) {
  auto others = operations(rest...);
  return FusedOperation<Op, decltype(others)>{first.operation(), others};
}

inline void turn(const Fused<>&) {}
template <class First, class... Rest>
void turn(const auto& values, First& first, Rest&... rest) {
  first.turn(values.first);
  turn(values.rest, rest...);
}

}  // namespace detail

/// Ends the superstep, as `peer.sync()` does, and folds the aggregators with the barrier: no messages, no further
/// superstep. All peers pass the same aggregators in the same order; their values take at most 256 bytes together.
/// Errors: those of `all_reduce`.
template <class... T, class... Op>
Task<> sync(Peer& peer, Aggregator<T, Op>&... aggregators) {
  const auto values = co_await all_reduce(peer, detail::fuse(aggregators...), detail::operations(aggregators...));
  detail::turn(values, aggregators...);
}

}  // namespace scalar::inline v0::bsp
