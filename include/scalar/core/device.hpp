#pragma once
/// The device that a computation runs on.
#include <cstdint>
#include <string>
#include <string_view>

namespace scalar::inline v0 {

enum class DeviceType : std::uint8_t { cpu = 0, cuda = 1 };

/// A processor or one of the machine's accelerators. Code that cannot use the given device refuses it by name and never
/// computes on another one.
struct Device {
  DeviceType type = DeviceType::cpu;
  int index = 0;  ///< which one of several of its type; 0 for the processor

  friend bool operator==(const Device&, const Device&) = default;
};

/// The name of a device: "cpu", "cuda:1".
std::string name(const Device& device);

/// Throws `Error{Errc::unsupported}` naming `device` unless it is the processor: `where` has nothing for others.
void require_cpu(const Device& device, std::string_view where);

}  // namespace scalar::inline v0
