#include "scalar/spec/parameters.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0 {
namespace {

static_assert(std::endian::native == std::endian::little, "the file form is little-endian");

constexpr std::string_view magic = "scltnsr1";  // the last byte is the version
constexpr std::uint64_t alignment = 64;
constexpr std::string_view where = "parameters";

constexpr std::uint64_t aligned(std::uint64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, where, format, std::forward<Arguments>(arguments)...);
}

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) text += fmt::format("{}{}", text.size() > 1 ? ", " : "", size);
  return text + "]";
}

/// The number of bytes of a tensor. Throws if it does not fit 63 bits.
std::uint64_t bytes_of(DataType type, const std::vector<std::int64_t>& shape) {
  std::uint64_t bytes = size_bytes(type);
  for (const std::int64_t size : shape) {
    if (size < 0) corrupt("a tensor has the negative size {}", size);
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes) || bytes > std::uint64_t{1} << 62)
      corrupt("a tensor of shape {} has more bytes than any memory", text_of(shape));
  }
  return bytes;
}

/// Checks how a block begins.
void check_magic(std::string_view text) {
  const std::string_view family = magic.substr(0, magic.size() - 1);
  if (!text.starts_with(family) || text.size() < magic.size()) corrupt("does not begin with \"{}\"", magic);
  if (!text.starts_with(magic))
    fail(Errc::unsupported, where, "the version of the tensors is {}, this Scalar reads version {}",
         quoted(text.substr(family.size(), 1)), quoted(magic.substr(family.size())));
}

}  // namespace

namespace detail {
void throw_wrong_shape(std::string_view name, const std::vector<std::int64_t>& seen,
                       const std::vector<std::int64_t>& expected) {
  corrupt("tensor \"{}\" has shape {}, expected {}", name, text_of(seen), text_of(expected));
}
}  // namespace detail

void TensorWriter::add(std::string name, DataType type, std::vector<std::int64_t> shape,
                       std::span<const std::byte> data) {
  if (bytes_of(type, shape) != data.size())
    fail(Errc::shape_mismatch, fmt::format("tensor \"{}\"", name), "has {} bytes, its shape {} asks for {}",
         data.size(), text_of(shape), bytes_of(type, shape));
  tensors_[std::move(name)] = {type, std::move(shape), {data.begin(), data.end()}};
}

std::vector<std::byte> TensorWriter::finish() const {
  json::Object header;
  std::uint64_t offset = 0;  // from the aligned end of the header
  for (const auto& [name, tensor] : tensors_) {
    json::Array shape;
    for (const std::int64_t size : tensor.shape) shape.push_back(size);
    header.emplace(name, json::Object{{"bytes", std::uint64_t{tensor.data.size()}},
                                      {"offset", offset},
                                      {"shape", std::move(shape)},
                                      {"type", scalar::name(tensor.type)}});
    offset = aligned(offset + tensor.data.size());
  }
  const std::string text = json::Value(std::move(header)).dump();
  const std::uint64_t length = text.size(), begin = aligned(magic.size() + sizeof length + length);
  std::vector<std::byte> block(begin + offset);
  std::memcpy(block.data(), magic.data(), magic.size());
  std::memcpy(block.data() + magic.size(), &length, sizeof length);
  std::memcpy(block.data() + magic.size() + sizeof length, text.data(), length);
  std::uint64_t at = begin;
  for (const auto& [name, tensor] : tensors_) {
    std::copy(tensor.data.begin(), tensor.data.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
    at = aligned(at + tensor.data.size());
  }
  return block;
}

TensorReader::TensorReader(std::span<const std::byte> block) {
  std::uint64_t length = 0;
  const std::uint64_t head = magic.size() + sizeof length;
  check_magic({reinterpret_cast<const char*>(block.data()), block.size()});
  if (block.size() < head) corrupt("ends within its header");
  std::memcpy(&length, block.data() + magic.size(), sizeof length);
  if (length > block.size() - head) corrupt("the header claims {} bytes, {} are there", length, block.size() - head);
  const std::uint64_t begin = aligned(head + length);
  if (begin > block.size()) corrupt("ends within its header");
  const std::uint64_t room = block.size() - begin;
  try {
    const json::Value header = json::parse({reinterpret_cast<const char*>(block.data()) + head, length}, where);
    for (const auto& [name, entry] : header.as_object()) {
      const auto type = data_type(entry.at("type").as_string());
      if (!type || size_bytes(*type) == 0) corrupt("tensor \"{}\" has no known element type", name);
      std::vector<std::int64_t> shape;
      for (const json::Value& size : entry.at("shape").as_array()) shape.push_back(size.as_int());
      const std::uint64_t bytes = entry.at("bytes").as_uint(), offset = entry.at("offset").as_uint();
      if (bytes != bytes_of(*type, shape))
        corrupt("tensor \"{}\" has {} bytes, its shape {} asks for {}", name, bytes, text_of(shape),
                bytes_of(*type, shape));
      if (offset % alignment != 0 || offset > room || bytes > room - offset)
        corrupt("tensor \"{}\" lies beyond the end: bytes {} + {} of {}", name, offset, bytes, room);
      tensors_.emplace(name, Tensor{*type, std::move(shape), block.subspan(begin + offset, bytes)});
    }
  } catch (const Error& error) {
    if (error.code() == Errc::corrupt) throw;
    corrupt("the header is not as written: {}", error.what());
  }
}

std::vector<std::string> TensorReader::names() const {
  std::vector<std::string> names;
  names.reserve(tensors_.size());
  for (const auto& [name, tensor] : tensors_) names.push_back(name);
  return names;
}

const TensorReader::Tensor& TensorReader::find(std::string_view name, DataType type) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) corrupt("has no tensor \"{}\"", name);
  if (found->second.type != type)
    corrupt("tensor \"{}\" has elements of type {}, expected {}", name, scalar::name(found->second.type),
            scalar::name(type));
  return found->second;
}

}  // namespace scalar::inline v0
