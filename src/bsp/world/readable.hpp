#pragma once
/// Names of types for error messages.
#include <cxxabi.h>

#include <cstdlib>
#include <string>
#include <typeinfo>

namespace scalar::inline v0::bsp::detail {

/// The name of a type as a program spells it.
inline std::string readable(const std::type_info& type) {
  int status = 0;
  char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string result = text != nullptr ? text : type.name();
  std::free(text);
  return result;
}

}  // namespace scalar::inline v0::bsp::detail
