#include "scalar/core/hash.hpp"

#define XXH_INLINE_ALL
#include <openssl/evp.h>
#include <sys/random.h>
#include <xxhash.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "core/fail.hpp"

namespace scalar::inline v0 {
namespace {

// The first half of the key seeds the hash; the second half is XORed into the result, so that both matter.
Hash128 finish(XXH128_hash_t hash, const HashKey& key) noexcept {
  return {hash.low64 ^ key.second, hash.high64 ^ std::rotl(key.second, 32)};
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace

std::string Hash128::hex() const {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<unsigned char>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<unsigned char>(low >> (56 - 8 * i));
  }
  return v0::hex(bytes);
}

HashKey HashKey::random() {
  HashKey key;
  if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key))
    fail(Errc::io, {}, "no random bytes from the operating system: {}", std::generic_category().message(errno));
  return key;
}

Hash128 hash128(std::span<const std::byte> bytes, const HashKey& key) noexcept {
  return finish(XXH3_128bits_withSeed(bytes.data(), bytes.size(), key.first), key);
}
Hash128 hash128(std::string_view text, const HashKey& key) noexcept {
  return hash128(std::as_bytes(std::span(text.data(), text.size())), key);
}

struct Hasher::State {
  alignas(64) XXH3_state_t xxh;
  HashKey key;
};

Hasher::Hasher(const HashKey& key) : state_(std::make_unique<State>()) {
  state_->key = key;
  XXH3_128bits_reset_withSeed(&state_->xxh, key.first);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Hasher& Hasher::add(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
  return *this;
}
Hasher& Hasher::add(std::string_view text) { return add(std::as_bytes(std::span(text.data(), text.size()))); }
Hasher& Hasher::add(std::uint64_t number) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(number >> (8 * i));
  return add(bytes);
}
Hash128 Hasher::digest() const { return finish(XXH3_128bits_digest(&state_->xxh), state_->key); }

std::string sha256_hex(std::span<const std::byte> bytes) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    fail(Errc::internal, {}, "OpenSSL refused SHA-256");
  return hex(digest);
}

namespace {

constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    table[i] = crc;
  }
  return table;
}();

std::uint32_t crc_bytewise(const unsigned char* data, std::size_t size, std::uint32_t crc) noexcept {
  for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ crc_table[(crc ^ data[i]) & 255];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc_sse42(const unsigned char* data, std::size_t size,
                                                          std::uint32_t crc) noexcept {
  std::uint64_t wide = crc;
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++data, --size) narrow = _mm_crc32_u8(narrow, *data);
  return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc) noexcept {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~crc_sse42(data, bytes.size(), ~crc);
#endif
  return ~crc_bytewise(data, bytes.size(), ~crc);
}

}  // namespace scalar::inline v0
