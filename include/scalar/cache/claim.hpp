#pragma once
/// Single flight for the rows of a batch: claim all, compute and publish one's own, and only then wait for the others'.
#include <cstdint>
#include <exception>
#include <span>

#include "scalar/cache/cache.hpp"

namespace scalar::inline v0::cache {

namespace detail {
struct Flight;
}

/// Who has the value of one key: the cache, this caller, or somebody else who is computing it.
///
/// Several rows without deadlock, whatever the order in which batches overlap: claim every row; compute the rows that
/// are `mine` and `publish` each; then `wait` for those that are `theirs`. The same key twice in one batch is mine and
/// then theirs, and resolves by itself.
/// ```cpp
/// std::vector<cache::Claim> rows;
/// for (const auto& bytes : keys) rows.push_back(cache.claim(cache.key(bytes, generation)));
/// for (auto& row : rows) if (row.state() == Claim::State::mine) row.publish(compute(row));
/// for (auto& row : rows) if (row.wait(until) == Claim::State::mine) row.publish(compute(row));  // handed over to us
/// ```
/// A claim that is destroyed while it is `mine` hands over to the next in line. Thread safety: a claim belongs to the
/// thread that made it, until it is resolved; it must not outlive its cache, nor the bytes of its key.
class Claim {
 public:
  enum class State : std::uint8_t {
    found = 0,   ///< `value()` is the answer
    mine = 1,    ///< the caller computes it, and calls `publish` or `fail`
    theirs = 2,  ///< somebody else computes it: `wait` for it
    none = 3,    ///< an empty claim, one that failed, or one moved from
  };

  Claim() noexcept = default;
  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&& other) noexcept;
  ~Claim();

  State state() const noexcept { return state_; }
  /// How the value came about so far; `miss` while it is mine.
  Outcome outcome() const noexcept { return outcome_; }
  /// The value, once it is found.
  const Bytes& value() const noexcept { return value_; }

  /// Ends the flight of a claim that is mine: stores the value and gives it to all who wait. Then it is found, and
  /// `outcome` is `miss`, or `bypass` when the value was not kept.
  void publish(std::span<const std::byte> value);
  /// Ends the flight of a claim that is mine with an error: it goes to those who wait now, but for `Errc::canceled`
  /// and `Errc::deadline_exceeded`, which hand over to the next in line.
  void fail(const std::exception_ptr& error) noexcept;
  /// Returns at once unless the claim is theirs; then waits until it is found, or until it is mine.
  /// Errors: the error of whoever computed; `Errc::deadline_exceeded`, `Errc::canceled`; `Errc::invalid_argument` when
  /// the thread that waits is itself computing this key. The claim is then `none`.
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
