#pragma once
/// Messages of types that have functions for cereal. Include this header before the first mailbox of such a type. It
/// needs cereal.
///
/// Types whose `serialize`, `save` and `load` (members or free functions) cereal finds can then be sent between
/// processes. The bytes are not those of cereal's own archives: counts are checked against the bytes left.
#include <cereal/cereal.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp::detail {

/// Appends to a message.
class CerealWriter : public cereal::OutputArchive<CerealWriter, cereal::AllowEmptyClassElision> {
 public:
  explicit CerealWriter(std::vector<std::byte>& out) : OutputArchive(this), out_(out) {}
  void put_bytes(const void* from, std::size_t bytes) { put(from, bytes, out_); }

 private:
  std::vector<std::byte>& out_;
};

/// Reads from a message, whose bytes may be corrupt.
class CerealReader : public cereal::InputArchive<CerealReader, cereal::AllowEmptyClassElision> {
 public:
  explicit CerealReader(std::span<const std::byte> in) : InputArchive(this), in_(in) {}
  template <class T>
  void take_bytes(void* to, std::size_t bytes) {
    take<T>(in_, to, bytes);
  }
  std::size_t left() const noexcept { return in_.size(); }
  NestingGuard::Depth depth = 0;

 private:
  std::span<const std::byte> in_;
};

template <class T>
concept CerealArchive = std::is_same_v<T, CerealWriter> || std::is_same_v<T, CerealReader>;
template <class T>
concept Arithmetic = std::is_arithmetic_v<T>;

// The functions that cereal looks for in an archive's namespace, under cereal's names.
template <Arithmetic T>
void CEREAL_SAVE_FUNCTION_NAME(CerealWriter& archive, const T& value) {
  archive.put_bytes(&value, sizeof value);
}
template <Arithmetic T>
void CEREAL_LOAD_FUNCTION_NAME(CerealReader& archive, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    unsigned char byte = 0;
    archive.take_bytes<T>(&byte, 1);
    if (byte > 1) throw_bad_content(typeid(T), "neither false nor true", byte);
    value = byte != 0;
  } else {
    archive.take_bytes<T>(&value, sizeof value);
  }
}
template <CerealArchive Archive, class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(Archive& archive, cereal::NameValuePair<T>& pair) {
  archive(pair.value);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(CerealWriter& archive, const cereal::SizeTag<T>& tag) {
  const std::uint64_t size = tag.size;
  archive.put_bytes(&size, sizeof size);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(CerealReader& archive, cereal::SizeTag<T>& tag) {
  std::uint64_t size = 0;
  archive.take_bytes<std::uint64_t>(&size, sizeof size);
  if (size > archive.left()) throw_bad_content(typeid(T), "more elements than bytes", size);
  tag.size = static_cast<std::remove_reference_t<T>>(size);
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(CerealWriter& archive, const cereal::BinaryData<T>& data) {
  archive.put_bytes(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(CerealReader& archive, cereal::BinaryData<T>& data) {
  archive.take_bytes<T>(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void prologue(CerealReader& archive, const T&) {
  NestingGuard::check(++archive.depth, typeid(T));
}
template <class T>
void epilogue(CerealReader& archive, const T&) {
  --archive.depth;
}

template <class T>
  requires(cereal::traits::is_output_serializable<T, CerealWriter>::value &&
           cereal::traits::is_input_serializable<T, CerealReader>::value)
struct LibraryCodec<T, Library::cereal> {
  static constexpr bool available = true;
  static void write(const T& value, std::vector<std::byte>& out) {
    CerealWriter archive(out);
    archive(value);
  }
  static void read(std::span<const std::byte>& in, T& value) {
    const NestingGuard guard(typeid(T));
    CerealReader archive(in);
    try {
      archive(value);
    } catch (const cereal::Exception& error) {
      throw_bad_content(typeid(T), error.what(), in.size());
    }
    in = in.last(archive.left());
  }
};

}  // namespace scalar::inline v0::bsp::detail

CEREAL_SETUP_ARCHIVE_TRAITS(scalar::bsp::detail::CerealReader, scalar::bsp::detail::CerealWriter)
