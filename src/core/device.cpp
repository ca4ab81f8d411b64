#include "scalar/core/device.hpp"

#include "core/fail.hpp"

namespace scalar::inline v0 {

std::string name(const Device& device) {
  return device.type == DeviceType::cpu ? "cpu" : fmt::format("cuda:{}", device.index);
}

void require_cpu(const Device& device, std::string_view where) {
  if (device != Device{}) fail(Errc::unsupported, where, "device {} cannot be used here, expected cpu", name(device));
}

}  // namespace scalar::inline v0
