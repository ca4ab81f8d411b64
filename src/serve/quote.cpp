#include "serve/quote.hpp"

namespace scalar::inline v0::serve {

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 64;
  std::size_t size = text.size();
  if (size > longest)
    for (size = longest; size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80;) --size;  // UTF-8
  std::string out = "'";
  for (const char c : text.substr(0, size)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
      continue;
    }
    constexpr const char* digits = "0123456789abcdef";
    out.append("\\u00") += digits[byte >> 4];
    out += digits[byte & 15];
  }
  out += size < text.size() ? "...'" : "'";
  return out;
}

}  // namespace scalar::inline v0::serve
