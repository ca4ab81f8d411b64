#pragma once
/// A request head, read by Boost.Beast behind the strict framing check.
#include <memory>
#include <string_view>

#include "serve/http.hpp"

namespace scalar::inline v0::serve {

/// Reads heads one after the other. The parser is used again and again.
class HeadParser {
 public:
  explicit HeadParser(const Limits& limits);
  ~HeadParser();
  /// Reads a whole head with its empty line. What either the framing check or Beast does not like is refused.
  Refusal parse(std::string_view head, RequestHead& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::serve
