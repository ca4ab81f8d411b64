#include "serve/router.hpp"

namespace scalar::inline v0::serve {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool decode(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

std::string_view next_part(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  path = slash == path.npos ? std::string_view{} : path.substr(slash);
  return part;
}

Route model_route(std::string_view path, std::string& name, std::string& version) {
  const std::string_view part = next_part(path);
  if (part.empty()) return Route::none;
  if (!decode(part, name)) return Route::malformed;
  if (path.starts_with("/versions/")) {
    path.remove_prefix(10);
    const std::string_view number = next_part(path);
    if (number.empty()) return Route::none;
    if (!decode(number, version)) return Route::malformed;
  }
  if (path.empty()) return Route::model;
  if (path == "/infer") return Route::infer;
  if (path == "/ready") return Route::model_ready;
  return Route::none;
}

}  // namespace

Route route(std::string_view target, std::string& name, std::string& version) {
  name.clear();
  version.clear();
  std::string_view path = target.substr(0, target.find('?'));
  if (path.starts_with("/v2/models/")) return model_route(path.substr(11), name, version);
  if (path == "/v2" || path == "/v2/") return Route::server;
  if (path == "/v2/health/live") return Route::live;
  if (path == "/v2/health/ready") return Route::ready;
  if (path == "/v2/models") return Route::models;
  if (path == "/metrics") return Route::metrics;
  return Route::none;
}

}  // namespace scalar::inline v0::serve
