#pragma once
/// Converts numbers and texts to little-endian bytes and back; every length is checked.
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {

class ByteWriter {
 public:
  template <std::unsigned_integral Number>
  ByteWriter& number(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
    return *this;
  }
  ByteWriter& raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteWriter& text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    return raw(std::as_bytes(std::span(text)));
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads what a `ByteWriter` has written. Errors: `Errc::parse`, naming the field.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string_view context) : bytes_(bytes), context_(context) {}

  template <std::unsigned_integral Number>
  Number number(std::string_view field) {
    const std::span<const std::byte> from = take(field, sizeof(Number));
    Number value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
      value = static_cast<Number>(value | static_cast<Number>(std::to_integer<std::uint64_t>(from[i]) << (8 * i)));
    return value;
  }
  std::string text(std::string_view field) {
    const std::span<const std::byte> from = take(field, number<std::uint32_t>(field));
    return std::string(reinterpret_cast<const char*>(from.data()), from.size());
  }
  template <std::size_t Size>
  std::array<std::byte, Size> array(std::string_view field) {
    const std::span<const std::byte> from = take(field, Size);
    std::array<std::byte, Size> to;
    for (std::size_t i = 0; i < Size; ++i) to[i] = from[i];
    return to;
  }
  std::size_t left() const noexcept { return bytes_.size(); }
  std::span<const std::byte> rest() noexcept { return std::exchange(bytes_, {}); }
  void finish() const {
    if (!bytes_.empty()) fail("{} bytes too many", bytes_.size());
  }
  template <class... Arguments>
  [[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    scalar::fail(Errc::parse, context_, format, std::forward<Arguments>(arguments)...);
  }

 private:
  std::span<const std::byte> take(std::string_view field, std::size_t count) {
    if (count > bytes_.size()) fail("{} needs {} bytes, but {} are left", field, count, bytes_.size());
    const std::span<const std::byte> taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::span<const std::byte> bytes_;
  std::string_view context_;
};

}  // namespace scalar::inline v0::bsp::sockets
