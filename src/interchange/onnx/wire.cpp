#include "interchange/onnx/wire.hpp"

#include <bit>
#include <cstring>

#include "core/fail.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "fixed-width numbers are copied as they are");

constexpr std::uint32_t greatest_field = (1u << 29) - 1;

}  // namespace

void WireReader::refuse(std::string_view what) const {
  fail(Errc::parse, "ONNX file", "offset {}, field {} of {}: {}", offset_ + start_, field_, message_, what);
}

void WireReader::require(WireType type) const {
  if (type_ == type) return;
  fail(Errc::parse, "ONNX file", "offset {}, field {} of {}: has wire type {}, expected {}", offset_ + start_, field_,
       message_, static_cast<int>(type_), static_cast<int>(type));
}

std::uint64_t WireReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_ == bytes_.size()) refuse("the file ends inside a number");
    const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  refuse("a number has more than 10 bytes");
}

bool WireReader::next() {
  start_ = at_;
  field_ = 0;
  if (at_ == bytes_.size()) return false;
  const std::uint64_t tag = varint();
  if (tag >> 3 == 0 || tag >> 3 > greatest_field) refuse("a field number is out of range; the file may not be ONNX");
  field_ = static_cast<std::uint32_t>(tag >> 3);
  type_ = static_cast<WireType>(tag & 7);
  const auto take = [&](std::uint64_t size) {
    if (size > bytes_.size() - at_) refuse("the value is longer than what holds it");
    const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(size));
    at_ += static_cast<std::size_t>(size);
    return taken;
  };
  const auto take_fixed = [&](std::size_t size) {
    integer_ = 0;
    std::memcpy(&integer_, take(size).data(), size);
  };
  switch (type_) {
    case WireType::varint:
      integer_ = varint();
      return true;
    case WireType::fixed64:
      take_fixed(8);
      return true;
    case WireType::fixed32:
      take_fixed(4);
      return true;
    case WireType::bytes:
      value_ = take(varint());
      return true;
  }
  refuse("an unknown wire type; the file may not be ONNX");
}

std::int64_t WireReader::integer() const {
  require(WireType::varint);
  return static_cast<std::int64_t>(integer_);
}

float WireReader::number() const {
  require(WireType::fixed32);
  return std::bit_cast<float>(static_cast<std::uint32_t>(integer_));
}

std::string_view WireReader::bytes() const {
  require(WireType::bytes);
  return value_;
}

WireReader WireReader::message(std::string_view name) const {
  return WireReader(bytes(), name, offset_ + at_ - value_.size());
}

void WireReader::append_to(std::vector<std::int64_t>& integers) const {
  if (type_ == WireType::varint) return integers.push_back(static_cast<std::int64_t>(integer_));
  WireReader packed = message(message_);
  packed.field_ = field_;
  std::size_t count = 0;
  for (const char c : value_) count += static_cast<std::uint8_t>(c) < 0x80;
  // Not for a few at a time: an exact reserve for each piece would copy everything before it.
  if (integers.empty()) integers.reserve(count);
  while (packed.at_ != packed.bytes_.size()) {
    packed.start_ = packed.at_;
    integers.push_back(static_cast<std::int64_t>(packed.varint()));
  }
}

template <class T>
void WireReader::append_fixed(std::vector<T>& numbers, WireType single) const {
  if (type_ == single) {
    T value{};
    std::memcpy(&value, &integer_, sizeof value);
    return numbers.push_back(value);
  }
  const std::string_view packed = bytes();
  if (packed.size() % sizeof(T) != 0) refuse("packed numbers end inside a number");
  const std::size_t before = numbers.size();
  numbers.resize(before + packed.size() / sizeof(T));
  if (!packed.empty()) std::memcpy(numbers.data() + before, packed.data(), packed.size());
}

void WireReader::append_to(std::vector<float>& numbers) const { append_fixed(numbers, WireType::fixed32); }
void WireReader::append_to(std::vector<double>& numbers) const { append_fixed(numbers, WireType::fixed64); }

void WireWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) text_.push_back(static_cast<char>(value | 0x80));
  text_.push_back(static_cast<char>(value));
}

void WireWriter::tag(std::uint32_t field, WireType type) {
  varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type));
}

void WireWriter::integer(std::uint32_t field, std::int64_t value) {
  tag(field, WireType::varint);
  varint(static_cast<std::uint64_t>(value));
}

void WireWriter::number(std::uint32_t field, float value) {
  tag(field, WireType::fixed32);
  text_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void WireWriter::bytes(std::uint32_t field, std::string_view value) {
  tag(field, WireType::bytes);
  varint(value.size());
  text_ += value;
}

void WireWriter::integers(std::uint32_t field, const std::vector<std::int64_t>& values) {
  WireWriter packed;
  for (const std::int64_t value : values) packed.varint(static_cast<std::uint64_t>(value));
  bytes(field, packed.text_);
}

void WireWriter::numbers(std::uint32_t field, const std::vector<float>& values) {
  bytes(field, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

}  // namespace scalar::inline v0::interchange::onnx
