#include "core/fail.hpp"

#include <string>

namespace scalar::inline v0::detail {

void fail(Errc code, std::string_view context, fmt::string_view format, fmt::format_args arguments) {
  throw Error(code, fmt::vformat(format, arguments), std::string(context));
}

}  // namespace scalar::inline v0::detail
