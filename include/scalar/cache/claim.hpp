#pragma once
/// Single flight for the rows of a batch: claim all rows, compute and publish your own, and only then wait for the
/// others.
#include <cstdint>
#include <exception>
#include <span>

#include "scalar/cache/cache.hpp"

namespace scalar::inline v0::cache {

namespace detail {
struct Flight;
}

/// The state of one key for one caller: the value is in the cache, or this caller computes it, or another caller does.
///
/// How to handle several rows without deadlock, in whatever order batches overlap: claim every row; compute the rows
/// that are `mine` and `publish` each of them; then `wait` for the rows that are `theirs`. A key that occurs twice in a
/// batch is `mine` and then `theirs`; after `publish` of the first, `wait` for the second returns at once.
/// ```cpp
/// std::vector<cache::Claim> rows;
/// for (const auto& bytes : keys) rows.push_back(cache.claim(cache.key(bytes, generation)));
/// for (auto& row : rows) if (row.state() == Claim::State::mine) row.publish(compute(row));
/// for (auto& row : rows) if (row.wait(until) == Claim::State::mine) row.publish(compute(row));  // handed over to us
/// ```
/// A claim that is destroyed while it is `mine` is handed over to the next caller in line. Thread safety: a claim
/// belongs to the thread that made it until it is resolved. It must not outlive its cache or the bytes of its key.
class Claim {
 public:
  enum class State : std::uint8_t {
    found = 0,   ///< `value()` is the answer
    mine = 1,    ///< the caller computes it, and calls `publish` or `fail`
    theirs = 2,  ///< another caller computes it: call `wait`
    none = 3,    ///< the claim is empty, has failed, or was moved from
  };

  Claim() noexcept = default;
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&& other) noexcept;
  ~Claim();

  State state() const noexcept { return state_; }
  /// How the value was obtained; `miss` while the claim is mine.
  Outcome outcome() const noexcept { return outcome_; }
  /// The value, once it is found.
  const Bytes& value() const noexcept { return value_; }

  /// Finishes a claim that is `mine`: stores the value and gives it to all callers that wait. The claim is then
  /// `found`, and `outcome` is `miss`, or `bypass` when the value was not stored.
  void publish(std::span<const std::byte> value);
  /// Finishes a claim that is `mine` with an error, which is given to the callers that wait now. After `Errc::canceled`
  /// and `Errc::deadline_exceeded`, the next caller in line computes instead.
  void fail(const std::exception_ptr& error) noexcept;
  /// Waits while the claim is `theirs`, until it is `found` or `mine`; returns at once in any other state.
  /// Errors: the error of the caller that computed; `Errc::deadline_exceeded`, `Errc::canceled`;
  /// `Errc::invalid_argument` when the thread that waits is itself computing this key. After an error, the claim is
  /// `none`.
  State wait(const WaitOptions& wait = {});

 private:
  friend class Cache;
  Claim(Cache& cache, const Key& key) noexcept : cache_(&cache), key_(key) {}
  void leave() noexcept;

  Cache* cache_ = nullptr;
  Key key_{};
  detail::Flight* flight_ = nullptr;
  Bytes value_{};
  State state_ = State::none;
  Outcome outcome_ = Outcome::hit;
};

}  // namespace scalar::inline v0::cache
