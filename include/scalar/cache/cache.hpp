#pragma once
/// A sharded cache of byte values under byte keys: exact LRU within a byte budget, exact keys, generations, and single
/// flight (concurrent requests for one key compute its value once).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>

#include "scalar/cache/bytes.hpp"
#include "scalar/core/clock.hpp"
#include "scalar/core/function_ref.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::cache {

struct CacheOptions {
  std::uint64_t capacity_bytes = std::uint64_t{64} << 20;  ///< for keys, values and overhead; 0: nothing is stored
  /// Rounded up to a power of two. 0: four per core of this process, but each has at least 256 KiB of the capacity.
  int shards = 0;
};

/// How a value was obtained.
enum class Outcome : std::uint8_t {
  hit = 0,        ///< it was in the cache
  miss = 1,       ///< the caller computed it
  coalesced = 2,  ///< another caller was already computing it, and this one waited
  bypass = 3,     ///< the caller computed it, but it was not stored: too large, or of an old generation
};
/// The name of an outcome, such as "hit".
std::string_view name(Outcome outcome) noexcept;

/// Key bytes and their hash, made by `Cache::key`. A view: the bytes must outlive it.
struct Key {
  std::span<const std::byte> bytes{};
  Hash128 hash{};
  std::uint64_t generation = 0;  ///< of the cache when the key was made; entries of other generations do not match
};

/// How long to wait while another caller computes.
struct WaitOptions {
  TimePoint deadline = TimePoint::max();  ///< on the steady clock
  std::stop_token stop{};
};

/// Counts since the cache was created, except `entries` and `bytes`, which are current.
struct CacheStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;     ///< values that callers had to compute: claims that became `mine`, and inserts
  std::uint64_t coalesced = 0;  ///< claims of keys that another caller was computing
  std::uint64_t inserts = 0;
  std::uint64_t evictions = 0;  ///< evicted for newer entries, or reclaimed from an old generation
  std::uint64_t bypassed = 0;   ///< values that were not stored: too large for a shard, or of an old generation
  std::uint64_t entries = 0;    ///< includes those of old generations that are not yet reclaimed
  std::uint64_t bytes = 0;
};

class Claim;

/// A cache of immutable byte values under byte keys.
///
/// Keys are hashed to 128 bits with a secret of this cache, stored, and compared: a collision costs time, but never
/// gives a wrong answer. Each shard evicts in exact least-recently-used order to stay within its part of
/// `capacity_bytes`; an entry larger than that part is not stored. `bump_generation` makes all entries unreachable at
/// once; their memory is reclaimed as new entries arrive (the old ones are at the end of the LRU order) or by `clear`.
///
/// Each key is computed by at most one caller at a time ("single flight"): use `get_or_compute`, or `claim` for several
/// rows at once. Thread safety: all members may be called from any thread. A lookup takes one hash, one short lock, and
/// a copy of either the value or a handle. Complexity: O(size of the key and value).
class Cache {
 public:
  /// Errors: `Errc::invalid_argument` for a negative number of shards or more than 65,536.
  explicit Cache(const CacheOptions& options = {});
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  /// No claim may be left, and no call of a member may still run.
  ~Cache();

  /// The key `bytes` in the current generation, or in `generation`, which the caller noted earlier.
  Key key(std::span<const std::byte> bytes) const noexcept;
  Key key(std::span<const std::byte> bytes, std::uint64_t generation) const noexcept;
  Key key(std::string_view text) const noexcept { return key(std::as_bytes(std::span(text.data(), text.size()))); }

  /// The value of `key`, or an empty handle. Copies no bytes.
  Bytes find(const Key& key) noexcept;
  /// Copies the value of `key` into `out`. Returns false when it is not in the cache. The fastest way to read small
  /// values. Errors: `Errc::shape_mismatch` when the size of the value is not that of `out`.
  bool find(const Key& key, std::span<std::byte> out);
  /// Whether `key` has a value now. Does not count as a use: statistics and the order of eviction do not change.
  bool contains(const Key& key) const noexcept;

  /// Stores a copy of `value`, and replaces the old value, if any. Returns false when it is too large for a shard, or
  /// when the generation of `key` is not the current one.
  bool insert(const Key& key, std::span<const std::byte> value);

  struct Answer {
    Bytes value{};
    Outcome outcome = Outcome::hit;
  };
  /// The value of `key`. Calls `compute` when the value is absent and no other caller is computing it.
  ///
  /// An exception of `compute` is passed on, and also given to the callers that wait at that moment. The exceptions to
  /// this are `Errc::canceled` and `Errc::deadline_exceeded`: then the next caller in line computes, with its own
  /// `compute`. Errors: `Errc::deadline_exceeded` and `Errc::canceled` when the wait for another caller ends early;
  /// `Errc::invalid_argument` when `compute` asks for its own key on the same thread.
  Answer get_or_compute(const Key& key, const WaitOptions& wait, FunctionRef<Bytes()> compute);
  Answer get_or_compute(const Key& key, FunctionRef<Bytes()> compute) {
    return get_or_compute(key, WaitOptions{}, compute);
  }

  /// Looks up `key` and, when it is absent, says whether this caller or another one computes it; see Claim.
  Claim claim(const Key& key);

  /// The current generation: only entries of it are found.
  std::uint64_t generation() const noexcept;
  /// Makes all entries unreachable and returns the new generation. The result of a computation that began before is
  /// never stored.
  std::uint64_t bump_generation() noexcept;

  /// Removes all entries and frees their memory.
  void clear() noexcept;
  CacheStats stats() const noexcept;

 private:
  friend class Claim;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::cache
