#pragma once
/// 128-bit keyed hashing of bytes, for caches and content identities.
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace scalar::inline v0 {

/// A 128-bit hash. Equal bytes under an equal key give an equal hash, on every machine.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  /// 32 lower-case hexadecimal digits, `high` first.
  std::string hex() const;
};

/// The secret key of a hash. The default key is fixed: use it for content identities that are stored in files. For a
/// cache that untrusted clients can fill, use `HashKey::random()`, so that nobody can prepare collisions.
struct HashKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  /// A key from the operating system's random source. Errors: `Errc::io`.
  static HashKey random();
};

/// XXH3-128 of `bytes` under `key` (xxHash specification, section XXH3; the first half of the key is the seed, the
/// second half is XORed into the result).
Hash128 hash128(std::span<const std::byte> bytes, const HashKey& key = {}) noexcept;
Hash128 hash128(std::string_view text, const HashKey& key = {}) noexcept;

/// Hashes bytes that arrive in pieces. Where the pieces are cut does not matter. Thread safety: one thread at a time.
class Hasher {
 public:
  explicit Hasher(const HashKey& key = {});
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  Hasher& add(std::span<const std::byte> bytes);
  Hasher& add(std::string_view text);
  /// Adds a number as 8 little-endian bytes.
  Hasher& add(std::uint64_t number);
  /// The hash of everything added so far.
  Hash128 digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Lower-case hexadecimal SHA-256 (FIPS 180-4) of `bytes`.
std::string sha256_hex(std::span<const std::byte> bytes);

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, continuing from `crc`.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0) noexcept;

}  // namespace scalar::inline v0
