#pragma once
/// Matchers of texts under the names of Catch2 v3.
#include <string>

#include "support/catch.hpp"

namespace bsp_tcp_test {

#if __has_include(<catch2/catch_all.hpp>)
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
#else
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
inline auto StartsWith(const std::string& text) { return Catch::Matchers::StartsWith(text); }
#endif

}  // namespace bsp_tcp_test
