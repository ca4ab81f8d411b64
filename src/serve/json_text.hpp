#pragma once
/// The text of a JSON request, for messages: looked at again only after it was refused.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scalar::inline v0::serve {

/// What is wrong with a text that did not parse, if it is a bare word such as NaN; else an empty string.
std::string bare_word(std::string_view json);

/// Element `at` of the data of tensor `input`, as the text spells it; empty when that is not found. `json` has at least
/// 64 readable bytes after it.
std::string spelling(std::string_view json, std::size_t input, std::uint64_t at);

}  // namespace scalar::inline v0::serve
