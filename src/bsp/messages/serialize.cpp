#include "scalar/bsp/serialize.hpp"

#include <string>

#include "bsp/world/readable.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {

void throw_not_serializable(const std::type_info& type) {
  throw Error(Errc::unsupported,
              readable(type) +
                  " cannot travel between processes: it is neither plain memory nor made of standard types; include "
                  "scalar/bsp/cereal.hpp or scalar/bsp/boost_serialization.hpp, or specialize bsp::Serializer",
              "bsp message");
}

void throw_too_short(const std::type_info& type, std::uint64_t wanted, std::size_t left) {
  throw Error(Errc::parse,
              readable(type) + " needs " + std::to_string(wanted) + " bytes, but " + std::to_string(left) + " are left",
              "bsp message");
}

void throw_bad_content(const std::type_info& type, std::string_view what, std::uint64_t seen) {
  throw Error(Errc::parse, readable(type) + ": " + std::string(what) + ": " + std::to_string(seen), "bsp message");
}

}  // namespace scalar::inline v0::bsp::detail
