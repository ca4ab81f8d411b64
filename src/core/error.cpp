#include "scalar/core/error.hpp"

#include <iterator>

namespace scalar::inline v0 {
namespace {

struct Row {
  std::string_view name;
  int status;
};

// Indexed by the code's number.
constexpr Row rows[] = {
    {"ok", 200},
    {"invalid_argument", 400},
    {"not_found", 404},
    {"already_exists", 409},
    {"unsupported", 501},
    {"unavailable", 503},
    {"corrupt", 500},
    {"io", 500},
    {"parse", 400},
    {"out_of_range", 400},
    {"shape_mismatch", 400},
    {"type_mismatch", 400},
    {"deadline_exceeded", 504},
    {"canceled", 499},
    {"aborted", 500},
    {"resource_exhausted", 429},
    {"too_large", 413},
    {"permission_denied", 403},
    {"unauthenticated", 401},
    {"failed", 500},
    {"internal", 500},
    {"empty", 500},
};

constexpr Row unknown{"unknown", 500};

const Row& row(Errc code) noexcept {
  const auto number = static_cast<std::int32_t>(code);
  return number >= 0 && number < static_cast<std::int32_t>(std::size(rows)) ? rows[number] : unknown;
}

}  // namespace

std::string Error::shown(const std::string& text) {
  if (text.find('\0') == std::string::npos) return text;
  std::string result;
  for (const char c : text) c == '\0' ? result.append("\\x00") : result.append(1, c);
  return result;
}

std::string_view name(Errc code) noexcept { return row(code).name; }
int http_status(Errc code) noexcept { return row(code).status; }

}  // namespace scalar::inline v0
