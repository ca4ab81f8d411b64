#pragma once
/// How many bytes messages carry, for traces. Internal to the room.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp::detail {

template <class T>
concept HasParts = requires { std::tuple_size<T>::value; };

/// How many bytes `value` has on its way to another process: a string or a vector has 8 for its length, plus its
/// elements. A value that cannot be serialized counts with the size of its object.
template <class T>
std::uint64_t bytes_of(const T& value) {
  if constexpr (Plain<T>) {  // NOLINT(bugprone-branch-clone): the last branch is for types that cannot be sent
    return sizeof value;
  } else if constexpr (Contiguous<T>) {
    return sizeof(std::uint64_t) + value.size() * sizeof(typename T::value_type);
  } else if constexpr (is_container<T>) {
    std::uint64_t sum = sizeof(std::uint64_t);
    for (const auto& element : value) sum += bytes_of(element);
    return sum;
  } else if constexpr (HasParts<T>) {
    return std::apply([](const auto&... parts) { return (std::uint64_t{0} + ... + bytes_of(parts)); }, value);
  } else if constexpr (Serializer<T>::available) {
    std::vector<std::byte> bytes;
    Serializer<T>::write(value, bytes);
    return bytes.size();
  } else {
    return sizeof value;
  }
}

template <class T>
std::uint64_t message_bytes(std::span<const T> messages) {
  if constexpr (Plain<T>) return messages.size_bytes();
  std::uint64_t sum = 0;
  for (const T& message : messages) sum += bytes_of(message);
  return sum;
}

}  // namespace scalar::inline v0::bsp::detail
