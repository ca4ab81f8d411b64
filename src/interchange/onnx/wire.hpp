#pragma once
/// The wire format of Protocol Buffers, in which ONNX files are written.
///
/// Source: "Protocol Buffers: Encoding", protobuf.dev/programming-guides/encoding.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scalar::inline v0::interchange::onnx {

/// How the value of a field is written. Groups (3 and 4) are refused: no ONNX file has them.
enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// Reads the fields of one message in their order. A field that nobody asks for is skipped.
///
/// The bytes must outlive the reader. Errors of all members: `Errc::parse`, naming the offset in the file, the message
/// and the field.
class WireReader {
 public:
  /// `message` is the name of the message, which must outlive the reader; `offset` is where it begins in the file.
  explicit WireReader(std::string_view bytes, std::string_view message, std::size_t offset = 0)
      : bytes_(bytes), message_(message), offset_(offset) {}

  /// Goes to the next field; false at the end of the message.
  bool next();
  /// The number of the field.
  std::uint32_t field() const noexcept { return field_; }
  /// The offset of the field in the file.
  std::size_t offset() const noexcept { return offset_ + start_; }

  // The value of the field; its wire type must fit.
  std::int64_t integer() const;
  float number() const;
  std::string_view bytes() const;
  std::string text() const { return std::string(bytes()); }
  WireReader message(std::string_view name) const;
  /// The whole field as it is written, with its tag.
  std::string_view raw() const noexcept { return bytes_.substr(start_, at_ - start_); }

  // Appends the values of a repeated field, which is written one by one or packed.
  void append_to(std::vector<std::int64_t>& integers) const;
  void append_to(std::vector<float>& numbers) const;
  void append_to(std::vector<double>& numbers) const;

 private:
  [[noreturn]] void refuse(std::string_view what) const;
  void require(WireType type) const;
  std::uint64_t varint();
  template <class T>
  void append_fixed(std::vector<T>& numbers, WireType single) const;

  std::string_view bytes_, message_;
  std::size_t offset_, at_ = 0, start_ = 0;
  std::uint32_t field_ = 0;
  WireType type_ = WireType::varint;
  std::uint64_t integer_ = 0;  // of varint, fixed32 and fixed64
  std::string_view value_{};   // of bytes
};

/// Writes the fields of one message.
class WireWriter {
 public:
  void integer(std::uint32_t field, std::int64_t value);
  void number(std::uint32_t field, float value);
  void bytes(std::uint32_t field, std::string_view value);
  void message(std::uint32_t field, const WireWriter& value) { bytes(field, value.text_); }
  /// Repeated numbers, packed.
  void integers(std::uint32_t field, const std::vector<std::int64_t>& values);
  void numbers(std::uint32_t field, const std::vector<float>& values);
  /// Fields that are written already.
  void raw(std::string_view fields) { text_ += fields; }

  const std::string& text() const noexcept { return text_; }
  std::string release() { return std::move(text_); }

 private:
  void varint(std::uint64_t value);
  void tag(std::uint32_t field, WireType type);
  std::string text_;
};

}  // namespace scalar::inline v0::interchange::onnx
