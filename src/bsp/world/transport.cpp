#include "scalar/bsp/processes/transport.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0::bsp {

Membership Transport::regroup() { fail(Errc::unsupported, "bsp", "this transport's processes cannot change"); }

void Transport::withdraw() { fail(Errc::unsupported, "bsp", "this transport's processes cannot change"); }

}  // namespace scalar::inline v0::bsp
