#pragma once
/// Parses request heads with Boost.Beast, after the strict framing check.
#include <memory>
#include <string_view>

#include "serve/http.hpp"

namespace scalar::inline v0::serve {

/// Parses heads one after the other, with one parser.
class HeadParser {
 public:
  explicit HeadParser(const Limits& limits);
  ~HeadParser();
  /// Parses a whole head, including its empty line. Refuses a head that either the framing check or Beast rejects.
  Refusal parse(std::string_view head, RequestHead& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::serve
