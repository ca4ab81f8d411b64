#pragma once
/// fail: throws an Error with a formatted message.
#include <fmt/core.h>

#include <string_view>

#include "scalar/core/error.hpp"

namespace scalar::inline v0 {

namespace detail {
[[noreturn]] void fail(Errc code, std::string_view context, fmt::string_view format, fmt::format_args arguments);
}  // namespace detail

/// Throws `Error{code}` at `context`. The message is `format` with `arguments`, as `fmt::format` writes it; whether
/// they fit is checked while compiling. Input of users goes through `quoted` or `shown` (core/quoted.hpp).
template <class... Arguments>
[[noreturn]] void fail(Errc code, std::string_view context, fmt::format_string<Arguments...> format,
                       Arguments&&... arguments) {
  detail::fail(code, context, format, fmt::make_format_args(arguments...));
}

}  // namespace scalar::inline v0
