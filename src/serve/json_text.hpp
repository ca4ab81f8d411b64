#pragma once
/// Reads the text of a JSON request again, after it was refused, for the message.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scalar::inline v0::serve {

/// The message for a text that did not parse because of a bare word such as NaN; an empty string if there is none.
std::string bare_word(std::string_view json);

/// Element `at` of the data of tensor `input`, as the text spells it; empty when it is not found. `json` is followed by
/// at least 64 readable bytes.
std::string spelling(std::string_view json, std::size_t input, std::uint64_t at);

}  // namespace scalar::inline v0::serve
