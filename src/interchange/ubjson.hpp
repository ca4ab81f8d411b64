#pragma once
/// Universal Binary JSON (ubjson.org, draft 12), the binary form of XGBoost's models.
#include <string>
#include <string_view>

namespace scalar::inline v0::interchange {

/// True if `bytes` begin as an object of UBJSON does; no text of JSON begins so.
bool is_ubjson(std::string_view bytes);

/// Turns the document into JSON. Numbers keep their values: floats are the shortest decimals that read back to the same
/// bits, and infinities and NaN are `Infinity`, `-Infinity` and `NaN`, as XGBoost writes them in its JSON.
///
/// Errors: `Errc::parse` at `place`, naming the offset of the byte. Memory: at most 8 bytes per byte read.
std::string json_of_ubjson(std::string_view bytes, std::string_view place);

}  // namespace scalar::inline v0::interchange
