#pragma once
/// A sharded cache of bytes by bytes: exact LRU within a byte budget, exact keys, generations, single flight.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>

#include "scalar/cache/bytes.hpp"
#include "scalar/core/clock.hpp"
#include "scalar/core/hash.hpp"
#include "scalar/core/function_ref.hpp"

namespace scalar::inline v0::cache {

struct CacheOptions {
  std::uint64_t capacity_bytes = std::uint64_t{64} << 20;  ///< keys, values and overhead; 0 stores nothing
  /// Rounded up to a power of two. 0: four per core of this process, but none below 256 KiB of the capacity.
  int shards = 0;
};

/// How an answer came about.
enum class Outcome : std::uint8_t {
  hit = 0,        ///< it was there
  miss = 1,       ///< the caller computed it
  coalesced = 2,  ///< somebody else was computing it already, and the caller waited
  bypass = 3,     ///< the caller computed it, and it is too large to be kept (or its generation is over)
};
/// The name of an outcome, such as "hit".
std::string_view name(Outcome outcome) noexcept;

/// Bytes to look up, hashed; made by `Cache::key`. A view: the bytes must outlive it.
struct Key {
  std::span<const std::byte> bytes{};
  Hash128 hash{};
  std::uint64_t generation = 0;  ///< in which it was made: entries of another generation do not answer it
};

/// How long to wait for somebody else's computation.
struct WaitOptions {
  TimePoint deadline = TimePoint::max();  ///< on the steady clock
  std::stop_token stop{};
};

/// Counts since the cache was made, but `entries` and `bytes`, which are now.
struct CacheStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;     ///< values that callers had to compute: claims given to them, and plain inserts
  std::uint64_t coalesced = 0;  ///< claims that found somebody else computing
  std::uint64_t inserts = 0;
  std::uint64_t evictions = 0;  ///< pushed out by newer entries, or reclaimed from an old generation
  std::uint64_t bypassed = 0;   ///< values too large for a shard, or of an old generation, that were not kept
  std::uint64_t entries = 0;    ///< with those of old generations that are not reclaimed yet
  std::uint64_t bytes = 0;
};

class Claim;

/// A cache of immutable byte values by byte keys.
///
/// Keys are hashed with 128 bits under a secret of this cache, kept, and compared: a collision costs time, never a
/// wrong answer. Each shard evicts in exact least-recently-used order to stay within its part of `capacity_bytes`;
/// an entry larger than that part is not kept. `bump_generation` makes every entry unreachable at once; their memory
/// comes back as new entries arrive (the old ones are the tail of the LRU order) or with `clear`.
///
/// One computation per key at a time ("single flight"): `get_or_compute`, or `claim` for several rows at once.
/// Thread safety: all members may be called from any thread. A lookup is one hash, one short lock, and either a copy
/// of the value or of a handle. Complexity: O(size of the key and value).
class Cache {
 public:
  /// Errors: `Errc::invalid_argument` for a negative number of shards or more than 65,536.
  explicit Cache(const CacheOptions& options = {});
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  /// Requires that no claim and no call of a member is left.
  ~Cache();

  /// `bytes` as a key of the generation now, or of one noted earlier.
  Key key(std::span<const std::byte> bytes) const noexcept;
  Key key(std::span<const std::byte> bytes, std::uint64_t generation) const noexcept;
  Key key(std::string_view text) const noexcept { return key(std::as_bytes(std::span(text.data(), text.size()))); }

  /// The value of `key`, or an empty handle. Copies nothing.
  Bytes find(const Key& key) noexcept;
  /// Copies the value of `key` into `out`; false when it is not there. The fastest way to read small values.
  /// Errors: `Errc::shape_mismatch` when the value has another size than `out`.
  bool find(const Key& key, std::span<std::byte> out);
  /// Whether `key` has a value now. Neither counted nor a use: the order of eviction stays.
  bool contains(const Key& key) const noexcept;

  /// Stores a copy of `value`, in the place of what was there. False when it is too large for a shard or the
  /// generation of `key` is over.
  bool insert(const Key& key, std::span<const std::byte> value);

  struct Answer {
    Bytes value{};
    Outcome outcome = Outcome::hit;
  };
  /// The value of `key`; `compute` is called when nobody else is computing it.
  ///
  /// An error of `compute` leaves as it came, and is given to those who wait at that moment, but for
  /// `Errc::canceled` and `Errc::deadline_exceeded`: then the next in line computes, with its own `compute`.
  /// Errors: `Errc::deadline_exceeded` and `Errc::canceled` when the wait for somebody else ends early;
  /// `Errc::invalid_argument` when `compute` asks for its own key on its own thread.
  Answer get_or_compute(const Key& key, const WaitOptions& wait, FunctionRef<Bytes()> compute);
  Answer get_or_compute(const Key& key, FunctionRef<Bytes()> compute) { return get_or_compute(key, WaitOptions{}, compute); }

  /// Looks `key` up and, where it is absent, says who computes it; see Claim.
  Claim claim(const Key& key);

  /// The number that entries must carry to be found.
  std::uint64_t generation() const noexcept;
  /// Makes all entries unreachable and returns the new generation. A computation begun before is never stored.
  std::uint64_t bump_generation() noexcept;

  /// Gives all memory of entries back.
  void clear() noexcept;
  CacheStats stats() const noexcept;

 private:
  friend class Claim;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::cache
