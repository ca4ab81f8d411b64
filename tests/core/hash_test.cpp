#include "scalar/core/hash.hpp"

#include <array>
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace scalar;

namespace {
std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
}  // namespace

TEST_CASE("hash128 gives the published XXH3-128 values", "[hash]") {
  // xxHash's own sanity checks: XXH3_128bits of the empty input with seed 0.
  CHECK(hash128("").hex() == "99aa06d3014798d86001c324468d497f");
}

TEST_CASE("pieces do not matter, every byte does, and so does each half of the key", "[hash]") {
  std::string text(1000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7);
  for (const std::size_t length : {0, 1, 16, 17, 128, 129, 240, 241, 1000}) {
    const std::string_view part = std::string_view(text).substr(0, length);
    for (const HashKey key : {HashKey{}, HashKey{1, 0}, HashKey{0, 1}, HashKey{3, 4}}) {
      const std::size_t cut = length / 3;
      CHECK(Hasher(key).add(part.substr(0, cut)).add(part.substr(cut)).digest() == hash128(part, key));
    }
    CHECK(hash128(part, {1, 0}) != hash128(part, {2, 0}));
    CHECK(hash128(part, {1, 1}) != hash128(part, {1, 2}));
  }
  std::set<Hash128> seen;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(seen.insert(hash128(changed)).second);
  }
}

TEST_CASE("random keys differ", "[hash]") {
  const HashKey one = HashKey::random(), two = HashKey::random();
  CHECK((one.first != two.first || one.second != two.second));
}

TEST_CASE("sha256 gives the values of FIPS 180-4", "[hash]") {
  CHECK(sha256_hex(bytes("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("crc32c gives the values of RFC 3720, and continues", "[hash]") {
  const std::vector<std::byte> zeros(32, std::byte{0}), ones(32, std::byte{0xff});
  CHECK(crc32c(zeros) == 0x8a9136aau);
  CHECK(crc32c(ones) == 0x62a8ab43u);
  CHECK(crc32c(bytes("123456789")) == 0xe3069283u);
  CHECK(crc32c(bytes("6789"), crc32c(bytes("12345"))) == 0xe3069283u);
}
