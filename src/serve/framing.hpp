#pragma once
/// The strict reading of a request head that decides where the body ends, before any parser sees it.
#include <cstddef>
#include <string_view>

#include "serve/http.hpp"

namespace scalar::inline v0::serve {

/// The first byte that a client of TLS sends.
inline constexpr char tls_handshake = 0x16;

/// The size of one empty line at the beginning of `bytes`, or 0: a client may send one before a request (RFC 9112,
/// section 2.2), some do after a body. A second one is refused by `find_head`.
std::size_t leading_empty_line(std::string_view bytes) noexcept;

/// Looks for the end of a head in `bytes`, of which the first `scanned` were seen before. Returns the size of the head
/// with its empty line, or 0 when it has not come yet; a head that can no longer become a good one is refused at once.
std::size_t find_head(std::string_view bytes, std::size_t& scanned, const Limits& limits, Refusal& refusal);

/// Checks a whole head, with its empty line, against RFC 9112, refusing every form on which two readers might disagree
/// about where the request ends (request smuggling): folded lines, bare line feeds, repeated or listed Content-Length,
/// any Transfer-Encoding but `chunked` alone on HTTP/1.1, both together, no Host or two.
Refusal check_framing(std::string_view head, const Limits& limits, Framing& framing) noexcept;

/// The path and query of a target that passed the check. An absolute one (`http://host/path`) loses its authority,
/// which takes the place of the Host field (RFC 9112, section 3.2.2) and means as little to this server.
std::string_view origin_form(std::string_view target) noexcept;

/// Checks one trailer field, without its line end. Fields that would change where the request ends are refused.
Refusal check_trailer(std::string_view line) noexcept;

/// Compares ASCII letters without case.
bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;
/// Digits only, no sign, no overflow.
bool parse_digits(std::string_view text, std::uint64_t& number) noexcept;

}  // namespace scalar::inline v0::serve
