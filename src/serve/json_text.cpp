#include "serve/json_text.hpp"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "serve/quote.hpp"

namespace scalar::inline v0::serve {
namespace {

namespace ondemand = simdjson::ondemand;

bool is_letter(char c) noexcept { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_of_number(char c) noexcept { return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+'; }

/// The position after the closing quote of the string that begins at `at`.
std::size_t end_of_string(std::string_view json, std::size_t at) noexcept {
  for (++at; at < json.size() && json[at] != '"'; ++at)
    if (json[at] == '\\') ++at;
  return std::min(at + 1, json.size());
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

std::string token(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  constexpr std::size_t longest = 64;
  return text.size() > longest ? std::string(text.substr(0, longest)) + "..." : std::string(text);
}

/// The spelling of value `at` among all values of nested arrays; nothing when they have fewer. `at` then counts on.
std::optional<std::string> spelling_in(ondemand::array& values, std::uint64_t& at) {
  for (auto value : values) {
    ondemand::json_type type{};
    if (value.type().get(type)) return std::string();
    if (type == ondemand::json_type::array) {
      ondemand::array nested;
      if (value.get_array().get(nested)) return std::string();
      if (auto found = spelling_in(nested, at)) return found;
    } else if (at-- == 0) {
      std::string_view text;
      return value.raw_json_token().get(text) ? std::string() : token(text);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string bare_word(std::string_view json) {
  for (std::size_t at = 0; at < json.size();) {
    const bool is_part_of_number = is_of_number(json[at]) && (at + 1 == json.size() || !is_letter(json[at + 1]));
    if (json[at] == '"') {
      at = end_of_string(json, at);
    } else if ((is_letter(json[at]) || is_of_number(json[at])) && !is_part_of_number) {
      const std::size_t begin = at;
      while (at < json.size() && (is_letter(json[at]) || is_of_number(json[at]))) ++at;
      const std::string_view word = json.substr(begin, at - begin);
      const bool is_number = word.find_first_not_of("+-.0123456789eE") == word.npos && !is_letter(word.front());
      if (is_number || word == "true" || word == "false" || word == "null") continue;
      const std::string seen = fmt::format("{} at byte {} is not JSON", quoted(word), begin);
      return equals_ignoring_case(word, "nan") ? seen + ": send null for a missing value" : seen;
    } else {
      ++at;
    }
  }
  return {};
}

std::string spelling(std::string_view json, std::size_t input, std::uint64_t at) {
  ondemand::parser parser;
  ondemand::document document;
  ondemand::array inputs, data;
  if (parser.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING).get(document) ||
      document["inputs"].get_array().get(inputs))
    return {};
  for (auto one : inputs) {
    if (input-- > 0) continue;
    return one["data"].get_array().get(data) ? std::string() : spelling_in(data, at).value_or("");
  }
  return {};
}

}  // namespace scalar::inline v0::serve
