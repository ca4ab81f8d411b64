#pragma once
/// Serializer<T>: how messages become bytes for peers in other processes.
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace scalar::inline v0::bsp {

template <class T>
struct Serializer;

namespace detail {

[[noreturn]] void throw_not_serializable(const std::type_info& type);
[[noreturn]] void throw_too_short(const std::type_info& type, std::uint64_t wanted, std::size_t left);
[[noreturn]] void throw_bad_content(const std::type_info& type, std::string_view what, std::uint64_t seen);

/// Addresses mean nothing in another process, so a type that visibly holds one is not plain.
template <class T>
inline constexpr bool holds_address = std::is_pointer_v<T> || std::is_member_pointer_v<T>;
template <template <class...> class C, class... A>
inline constexpr bool holds_address<C<A...>> = (holds_address<A> || ...);
template <class T, std::size_t N>
inline constexpr bool holds_address<std::array<T, N>> = holds_address<T>;
template <class T, std::size_t N>
inline constexpr bool holds_address<std::span<T, N>> = true;
template <class C, class Traits>
inline constexpr bool holds_address<std::basic_string_view<C, Traits>> = true;
template <class T>
inline constexpr bool holds_address<std::reference_wrapper<T>> = true;

/// A type that is sent as a copy of its memory.
template <class T>
concept Plain = std::is_object_v<T> && std::is_trivially_copyable_v<T> && !holds_address<T>;

template <class T>
inline constexpr std::size_t min_bytes = 1;  // of a value, so that a count can be checked against the bytes left
template <Plain T>
inline constexpr std::size_t min_bytes<T> = sizeof(T);

/// A container like the standard's: a template with its allocator among its arguments.
template <class T>
inline constexpr bool is_container = false;
template <template <class...> class C, class... A>
  requires requires {
    typename C<A...>::allocator_type;
    typename C<A...>::value_type;
  }
inline constexpr bool is_container<C<A...>> = (std::is_same_v<typename C<A...>::allocator_type, A> || ...);
template <class T>
concept Keyed = requires { typename T::key_type; };
template <class T>
concept Mapped = Keyed<T> && requires { typename T::mapped_type; };
template <class T>
concept Sequence = is_container<T> && !Keyed<T> && requires(T& c, typename T::value_type&& v) {
  c.push_back(std::move(v));
  c.size();
};
template <class T>
concept Contiguous = Sequence<T> && Plain<typename T::value_type> && requires(T& c) {
  { c.data() } -> std::same_as<typename T::value_type*>;
};

/// Whether `T` can be read as part of another type. It must have a default value to read into.
template <class T>
constexpr bool is_part() {
  if constexpr (std::default_initializable<T>) return Serializer<T>::available;
  return false;
}

inline void put(const void* from, std::size_t bytes, std::vector<std::byte>& out) {
  const auto* begin = static_cast<const std::byte*>(from);
  out.insert(out.end(), begin, begin + bytes);
}
template <class T>
void take(std::span<const std::byte>& in, void* to, std::size_t bytes) {
  if (in.size() < bytes) throw_too_short(typeid(T), bytes, in.size());
  if (bytes != 0) std::memcpy(to, in.data(), bytes);
  in = in.subspan(bytes);
}
inline void put_count(std::uint64_t count, std::vector<std::byte>& out) { put(&count, sizeof count, out); }
template <class T>
std::size_t take_count(std::span<const std::byte>& in, std::size_t bytes_each) {
  std::uint64_t count = 0;
  take<T>(in, &count, sizeof count);
  if (count > in.size() / bytes_each) throw_bad_content(typeid(T), "more elements than bytes", count);
  return static_cast<std::size_t>(count);
}

/// Limits nesting: in corrupt bytes, types that contain themselves, such as trees, may nest without end.
class NestingGuard {
 public:
  using Depth = unsigned;
  static constexpr Depth limit = 1000;

  explicit NestingGuard(const std::type_info& type) {
    check(depth() + 1, type);
    ++depth();
  }
  ~NestingGuard() { --depth(); }
  NestingGuard(const NestingGuard&) = delete;
  NestingGuard& operator=(const NestingGuard&) = delete;
  /// Errors: `Errc::parse`.
  static void check(Depth now, const std::type_info& type) {
    if (now > limit) throw_bad_content(type, "nested too deeply", now);
  }

 private:
  static Depth& depth() noexcept {
    constinit thread_local static Depth now = 0;
    return now;
  }
};

/// How a library serializes `T`; made available by scalar/bsp/messages/cereal.hpp and boost_serialization.hpp.
enum class Library { cereal, boost };
template <class T, Library library>
struct LibraryCodec {
  static constexpr bool available = false;
};

template <class T>
struct Codec : std::conditional_t<LibraryCodec<T, Library::cereal>::available, LibraryCodec<T, Library::cereal>,
                                  LibraryCodec<T, Library::boost>> {};

template <Plain T>
struct Codec<T> {
  static constexpr bool available = true;
  static void write(const T& value, std::vector<std::byte>& out) { put(&value, sizeof value, out); }
  static void read(std::span<const std::byte>& in, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      unsigned char byte = 0;
      take<T>(in, &byte, 1);
      if (byte > 1) throw_bad_content(typeid(T), "neither false nor true", byte);
      value = byte != 0;
    } else {
      take<T>(in, static_cast<void*>(&value), sizeof value);
    }
  }
};

template <Sequence T>
struct Codec<T> {
  using Element = typename T::value_type;
  static constexpr bool available = is_part<Element>();
  static void write(const T& value, std::vector<std::byte>& out) {
    put_count(value.size(), out);
    if constexpr (Contiguous<T>) {
      put(value.data(), value.size() * sizeof(Element), out);
    } else {
      for (const Element& element : value) Serializer<Element>::write(element, out);
    }
  }
  static void read(std::span<const std::byte>& in, T& value) {
    value.clear();
    const std::size_t count = take_count<T>(in, min_bytes<Element>);
    if constexpr (Contiguous<T>) {
      value.resize(count);
      take<T>(in, value.data(), count * sizeof(Element));
    } else {
      for (std::size_t i = 0; i < count; ++i) {  // not resized first: the count may be wrong
        Element element{};
        Serializer<Element>::read(in, element);
        value.push_back(std::move(element));
      }
    }
  }
};

template <class T>
  requires(is_container<T> && Keyed<T>)
struct Codec<T> {
  using Key = typename T::key_type;
  static constexpr bool available = [] {
    if constexpr (Mapped<T>) return is_part<Key>() && is_part<typename T::mapped_type>();
    return is_part<Key>();
  }();
  static void write(const T& value, std::vector<std::byte>& out) {
    put_count(value.size(), out);
    for (const auto& element : value) {
      if constexpr (Mapped<T>) {
        Serializer<Key>::write(element.first, out);
        Serializer<typename T::mapped_type>::write(element.second, out);
      } else {
        Serializer<Key>::write(element, out);
      }
    }
  }
  static void read(std::span<const std::byte>& in, T& value) {
    value.clear();
    for (std::size_t count = take_count<T>(in, min_bytes<Key>); count != 0; --count) {
      Key key{};
      Serializer<Key>::read(in, key);
      if constexpr (Mapped<T>) {
        typename T::mapped_type mapped{};
        Serializer<typename T::mapped_type>::read(in, mapped);
        value.emplace_hint(value.end(), std::move(key), std::move(mapped));
      } else {
        value.emplace_hint(value.end(), std::move(key));
      }
    }
  }
};

/// Pairs and tuples: their parts in order.
template <class T, class... Parts>
struct PartsCodec {
  static constexpr bool available = (is_part<Parts>() && ...);
  static void write(const T& value, std::vector<std::byte>& out) {
    std::apply([&](const Parts&... parts) { (Serializer<Parts>::write(parts, out), ...); }, value);
  }
  static void read(std::span<const std::byte>& in, T& value) {
    std::apply([&](Parts&... parts) { (Serializer<Parts>::read(in, parts), ...); }, value);
  }
};
template <class A, class B>
  requires(!Plain<std::pair<A, B>>)
struct Codec<std::pair<A, B>> : PartsCodec<std::pair<A, B>, A, B> {};
template <class... A>
  requires(!Plain<std::tuple<A...>>)
struct Codec<std::tuple<A...>> : PartsCodec<std::tuple<A...>, A...> {};
template <class T, std::size_t N>
  requires(!Plain<std::array<T, N>>)
struct Codec<std::array<T, N>> {
  static constexpr bool available = is_part<T>();
  static void write(const std::array<T, N>& value, std::vector<std::byte>& out) {
    for (const T& part : value) Serializer<T>::write(part, out);
  }
  static void read(std::span<const std::byte>& in, std::array<T, N>& value) {
    for (T& part : value) Serializer<T>::read(in, part);
  }
};

template <class T>
  requires(!Plain<std::optional<T>>)
struct Codec<std::optional<T>> {
  static constexpr bool available = is_part<T>();
  static void write(const std::optional<T>& value, std::vector<std::byte>& out) {
    Codec<bool>::write(value.has_value(), out);
    if (value) Serializer<T>::write(*value, out);
  }
  static void read(std::span<const std::byte>& in, std::optional<T>& value) {
    bool present = false;
    Codec<bool>::read(in, present);
    value.reset();
    if (present) Serializer<T>::read(in, value.emplace());
  }
};

template <class... A>
  requires(!Plain<std::variant<A...>>)
struct Codec<std::variant<A...>> {
  using Variant = std::variant<A...>;
  static constexpr bool available = (is_part<A>() && ...);
  static void write(const Variant& value, std::vector<std::byte>& out) {
    put_count(value.index(), out);
    std::visit([&]<class V>(const V& held) { Serializer<V>::write(held, out); }, value);
  }
  static void read(std::span<const std::byte>& in, Variant& value) {
    std::uint64_t index = 0;
    take<Variant>(in, &index, sizeof index);
    if (index >= sizeof...(A)) throw_bad_content(typeid(Variant), "no such alternative", index);
    read_alternative(in, value, static_cast<std::size_t>(index), std::index_sequence_for<A...>());
  }

 private:
  template <std::size_t... I>
  static void read_alternative(std::span<const std::byte>& in, Variant& value, std::size_t index,
                               std::index_sequence<I...>) {
    (void)((index == I &&
            (Serializer<std::variant_alternative_t<I, Variant>>::read(in, value.template emplace<I>()), true)) ||
           ...);
  }
};

}  // namespace detail

/// How messages of type `T` are sent to peers in other processes, chosen at compile time.
///
/// - Trivially copyable types are sent as their memory. A pointer, reference or view inside is detected only where the
///   type shows it (`T*`, `std::span`, `std::pair<int, T*>`, ...); do not use one inside a struct of your own.
/// - `std::string`, the standard's containers, `pair`, `tuple`, `array`, `optional` and `variant` of such types need no
///   library.
/// - Types with functions for cereal or Boost.Serialization: include `scalar/bsp/messages/cereal.hpp` or
///   `scalar/bsp/messages/boost_serialization.hpp` before the first mailbox of the type, in every file that makes one.
///   If both libraries can serialize a type, cereal is used.
/// - For any other type specialize this template. `write` appends at least one byte. `read` removes exactly what
///   `write` appended from the front of `in`, and does not trust the bytes: it throws `Errc::parse` instead of
///   believing a count.
///
/// Types that are not available are moved between the peers of one process, and are `Errc::unsupported` between
/// processes. The bytes are in the machine's byte order: all processes of a run must be on machines of one kind.
template <class T>
struct Serializer {
  static constexpr bool available = detail::Codec<T>::available;

  /// Appends `value` to `out`. Errors: `Errc::unsupported` when not `available`, naming the type.
  static void write(const T& value, std::vector<std::byte>& out) {
    if constexpr (available) {
      detail::Codec<T>::write(value, out);
    } else {
      detail::throw_not_serializable(typeid(T));
    }
  }
  /// Reads what `write` wrote. Allocates at most a small multiple of the size of `in`. Errors: `Errc::parse` for bytes
  /// that `write` does not produce; `value` is then valid but unspecified.
  static void read(std::span<const std::byte>& in, T& value) {
    if constexpr (available) {
      detail::Codec<T>::read(in, value);
    } else {
      detail::throw_not_serializable(typeid(T));
    }
  }
};

/// The bytes of one value.
template <class T>
std::vector<std::byte> to_bytes(const T& value) {
  std::vector<std::byte> bytes;
  Serializer<T>::write(value, bytes);
  return bytes;
}

/// The value that `to_bytes` wrote as `bytes`. Errors: `Errc::parse`, also for bytes left over.
template <std::default_initializable T>
T from_bytes(std::span<const std::byte> bytes) {
  T value{};
  Serializer<T>::read(bytes, value);
  if (!bytes.empty()) detail::throw_bad_content(typeid(T), "bytes left over", bytes.size());
  return value;
}

}  // namespace scalar::inline v0::bsp
