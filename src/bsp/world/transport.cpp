#include "scalar/bsp/processes/transport.hpp"

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

Membership Transport::regroup() { throw Error(Errc::unsupported, "this transport's processes cannot change", "bsp"); }

void Transport::withdraw() { throw Error(Errc::unsupported, "this transport's processes cannot change", "bsp"); }

}  // namespace scalar::inline v0::bsp
