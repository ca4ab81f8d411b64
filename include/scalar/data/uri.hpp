#pragma once
/// Names of data objects, such as `file:///tmp/a.csv`, `mem:a` or a plain path.
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace scalar::inline v0::data {

/// A data object's name: scheme, authority and path (RFC 3986); a string without a scheme is a path of `file:`.
///
/// A single letter before a colon is not a scheme. Percent escapes are decoded in `file:` uris only. Errors:
/// `Errc::parse` for a `%` in a `file:` uri that does not begin an escape.
class Uri {
 public:
  Uri() = default;
  Uri(std::string_view text);                                    // NOLINT: `read_csv("adult.csv")`
  Uri(const char* text) : Uri(std::string_view(text)) {}         // NOLINT
  Uri(const std::string& text) : Uri(std::string_view(text)) {}  // NOLINT
  /// A `std::filesystem::path`: a path of `file:`, whatever it contains.
  template <class Path>
    requires std::same_as<typename Path::string_type, std::string>
  Uri(const Path& path) : scheme_(path.empty() ? "" : "file"), path_(path.native()) {}  // NOLINT

  const std::string& scheme() const noexcept { return scheme_; }
  const std::string& authority() const noexcept { return authority_; }
  const std::string& path() const noexcept { return path_; }
  bool empty() const noexcept { return scheme_.empty(); }
  /// A text that reads back to the same Uri.
  std::string string() const;
  /// This Uri with `/name` appended to its path.
  Uri operator/(std::string_view name) const;

  /// This Uri with another path.
  Uri with_path(std::string path) const {
    Uri result = *this;
    result.path_ = std::move(path);
    return result;
  }

  friend bool operator==(const Uri&, const Uri&) = default;

 private:
  std::string scheme_, authority_, path_;
};

}  // namespace scalar::inline v0::data
