#include "scalar/bsp/serialize.hpp"

#include "bsp/world/readable.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_not_serializable(const std::type_info& type) {
  fail(Errc::unsupported, "bsp message",
       "{} cannot travel between processes: it is neither plain memory nor made of standard types; include "
       "scalar/bsp/messages/cereal.hpp or scalar/bsp/messages/boost_serialization.hpp, or specialize bsp::Serializer",
       readable(type));
}

void throw_too_short(const std::type_info& type, std::uint64_t wanted, std::size_t left) {
  fail(Errc::parse, "bsp message", "{} needs {} bytes, but {} are left", readable(type), wanted, left);
}

void throw_bad_content(const std::type_info& type, std::string_view what, std::uint64_t seen) {
  fail(Errc::parse, "bsp message", "{}: {}: {}", readable(type), what, seen);
}

}  // namespace scalar::inline v0::bsp::detail
