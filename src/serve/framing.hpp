#pragma once
/// A strict check of a request head, which decides where the body ends before any parser sees the head.
#include <cstddef>
#include <string_view>

#include "serve/http.hpp"

namespace scalar::inline v0::serve {

/// The first byte that a TLS client sends.
inline constexpr char tls_handshake = 0x16;

/// The size of one empty line at the beginning of `bytes`, or 0. A client may send one before a request (RFC 9112,
/// section 2.2), and some send one after a body. `find_head` refuses a second one.
std::size_t leading_empty_line(std::string_view bytes) noexcept;

/// Looks for the end of a head in `bytes`, whose first `scanned` bytes were searched before. Returns the size of the
/// head including its empty line, or 0 when the end has not arrived yet. A head that can no longer become valid is
/// refused at once.
std::size_t find_head(std::string_view bytes, std::size_t& scanned, const Limits& limits, Refusal& refusal);

/// Checks a whole head, including its empty line, against RFC 9112. Refuses every form for which two readers might
/// disagree about where the request ends (request smuggling): folded lines, bare line feeds, a Content-Length that is
/// repeated or a list, any Transfer-Encoding other than a single `chunked` on HTTP/1.1, Content-Length together with
/// Transfer-Encoding, and no Host or more than one.
Refusal check_framing(std::string_view head, const Limits& limits, Framing& framing) noexcept;

/// The path and query of a target that passed the check. The authority of an absolute target (`http://host/path`) is
/// removed: it takes the place of the Host field (RFC 9112, section 3.2.2), and this server uses neither.
std::string_view origin_form(std::string_view target) noexcept;

/// Checks one trailer field, without its line end. Fields that would change where the request ends are refused.
Refusal check_trailer(std::string_view line) noexcept;

/// Whether the texts are equal, ignoring the case of ASCII letters.
bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;
/// Reads a number of 1 to 18 digits, without a sign. Returns false for any other text.
bool parse_digits(std::string_view text, std::uint64_t& number) noexcept;

}  // namespace scalar::inline v0::serve
