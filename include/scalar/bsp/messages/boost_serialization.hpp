#pragma once
/// Messages of types that have functions for Boost.Serialization. Include this header before the first mailbox of such
/// a type. It needs Boost's headers, but none of its libraries.
///
/// Types with a public member `serialize`, or a free `serialize` that Boost finds, can then be sent between processes;
/// for a type whose functions are private, specialize `bsp::is_boost_serializable`. Pointers are not followed, versions
/// are those of the program (all processes run the same one), and the bytes are not those of Boost's archives: counts
/// are checked against the bytes left.
#include <boost/mpl/bool.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/library_version_type.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/version.hpp>
#include <boost/serialization/wrapper.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

template <class T>
void check_no_pointer() {
  static_assert(!std::is_pointer_v<T>, "a message may not contain pointers: send what they point to");
}

/// Appends to a message. Models Boost's concept "saving archive", without tracking.
class BoostWriter {
 public:
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;

  explicit BoostWriter(std::vector<std::byte>& out) : out_(out) {}
  template <class T>
  BoostWriter& operator<<(const T& value) {
    check_no_pointer<T>();
    if constexpr (std::is_array_v<T>) {
      for (const auto& element : value) *this << element;
    } else if constexpr (std::is_same_v<T, boost::serialization::collection_size_type>) {
      put_count(static_cast<std::size_t>(value), out_);
    } else if constexpr (std::is_same_v<T, boost::serialization::item_version_type>) {
      // Not written: the reader runs the same program.
    } else if constexpr (!boost::serialization::is_wrapper<T>::type::value && Codec<T>::available) {
      Serializer<T>::write(value, out_);
    } else {
      boost::serialization::serialize_adl(*this, const_cast<T&>(value), boost::serialization::version<T>::value);
    }
    return *this;
  }
  template <class T>
  BoostWriter& operator&(const T& value) {
    return *this << value;
  }
  void save_binary(const void* from, std::size_t bytes) { put(from, bytes, out_); }
  boost::serialization::library_version_type get_library_version() const {
    return boost::serialization::library_version_type(library_version);
  }
  template <class T>
  void register_type(const T* = nullptr) {}

  static constexpr unsigned library_version = 17;

 private:
  std::vector<std::byte>& out_;
};

/// Reads from a message, whose bytes may be corrupt.
class BoostReader {
 public:
  using is_saving = boost::mpl::bool_<false>;
  using is_loading = boost::mpl::bool_<true>;

  explicit BoostReader(std::span<const std::byte>& in) : in_(in) {}
  template <class T>
  BoostReader& operator>>(const T& place) {  // const: Boost hands over temporaries that refer to the value
    check_no_pointer<T>();
    T& value = const_cast<T&>(place);
    if constexpr (std::is_array_v<T>) {
      for (auto& element : value) *this >> element;
    } else if constexpr (std::is_same_v<T, boost::serialization::collection_size_type>) {
      value = boost::serialization::collection_size_type(take_count<T>(in_, 1));
    } else if constexpr (std::is_same_v<T, boost::serialization::item_version_type>) {
      value = boost::serialization::item_version_type(0);
    } else if constexpr (!boost::serialization::is_wrapper<T>::type::value && Codec<T>::available) {
      Serializer<T>::read(in_, value);
    } else {
      const NestingGuard guard(typeid(T));
      boost::serialization::serialize_adl(*this, value, boost::serialization::version<T>::value);
    }
    return *this;
  }
  template <class T>
  BoostReader& operator&(const T& place) {
    return *this >> place;
  }
  void load_binary(void* to, std::size_t bytes) { take<std::byte>(in_, to, bytes); }
  boost::serialization::library_version_type get_library_version() const {
    return boost::serialization::library_version_type(BoostWriter::library_version);
  }
  template <class T>
  void register_type(const T* = nullptr) {}
  void reset_object_address(const void*, const void*) {}

 private:
  std::span<const std::byte>& in_;
};

namespace boost_probe {
/// As general as Boost's default: where no better overload is found, the call is ambiguous.
template <class Archive, class T>
void serialize(Archive&, T&, const unsigned) {}
template <class T>
concept Free = requires(BoostWriter& archive, T& value, const boost::serialization::version_type version) {
  serialize(archive, value, version);
};
}  // namespace boost_probe
template <class T>
concept BoostMember = requires(BoostWriter& archive, T& value) { value.serialize(archive, 0u); };

}  // namespace detail

/// Whether Boost.Serialization has functions for `T`. Specialize it as true for types whose functions are private.
template <class T>
inline constexpr bool is_boost_serializable =
    std::is_class_v<T> && (detail::BoostMember<T> || detail::boost_probe::Free<T>);

template <class T>
  requires is_boost_serializable<T>
struct detail::LibraryCodec<T, detail::Library::boost> {
  static constexpr bool available = true;
  static void write(const T& value, std::vector<std::byte>& out) {
    BoostWriter archive(out);
    boost::serialization::serialize_adl(archive, const_cast<T&>(value), boost::serialization::version<T>::value);
  }
  static void read(std::span<const std::byte>& in, T& value) {
    const NestingGuard guard(typeid(T));
    BoostReader archive(in);
    boost::serialization::serialize_adl(archive, value, boost::serialization::version<T>::value);
  }
};

}  // namespace scalar::inline v0::bsp
