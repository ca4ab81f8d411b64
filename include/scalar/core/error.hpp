#pragma once
/// The library's only exception type and its error codes, whose numbers never change.
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "scalar/core/compiler.hpp"

namespace scalar::inline v0 {

/// What went wrong. The numbers are frozen: they cross processes, files and plugin boundaries.
enum class Errc : std::int32_t {
  ok = 0,
  invalid_argument = 1,     ///< a value the caller gave makes no sense here
  not_found = 2,            ///< a file, model, column or backend of that name does not exist
  already_exists = 3,       ///< something of that name exists already
  unsupported = 4,          ///< the request makes sense, but this implementation cannot do it
  unavailable = 5,          ///< not now: starting, draining, or a peer is down; trying again may help
  corrupt = 6,              ///< stored bytes are not what was written
  io = 7,                   ///< the operating system refused a read, a write or a connection
  parse = 8,                ///< text or bytes do not follow their format
  out_of_range = 9,         ///< a number does not fit the type or the range it is meant for
  shape_mismatch = 10,      ///< rows, columns or dimensions do not agree
  type_mismatch = 11,       ///< a value of another type was expected
  deadline_exceeded = 12,   ///< the time limit passed before the work was done
  canceled = 13,            ///< the caller asked to stop
  aborted = 14,             ///< another peer failed, and the work done together ended with it
  resource_exhausted = 15,  ///< a bounded queue or a quota is full
  too_large = 16,           ///< beyond a limit that protects the process
  permission_denied = 17,   ///< the caller is known, but not allowed to do this
  unauthenticated = 18,     ///< the caller is not known
  failed = 19,              ///< a framework or a user's function reported an error of its own
  internal = 20,            ///< a defect of Scalar
  empty = 21,               ///< an empty model, table or handle was used
};

/// The stable name of a code, such as "not_found"; "unknown" for any other number.
std::string_view name(Errc code) noexcept;

/// The HTTP status of the response to a request that failed with this code; 200 for `Errc::ok`.
int http_status(Errc code) noexcept;

/// The only exception type of the library.
///
/// `what()` is `context: message`, or the message alone when there is no context. The context names the place
/// (`adult.csv:12:5`, `manifest.json`, `input "age"`), the message says what was seen and what was expected.
/// Thread safety: const members may be called from any thread; copying does not throw.
class Error : public std::runtime_error {
 public:
  explicit Error(Errc code, const std::string& message, const std::string& context = {})
      : std::runtime_error(context.empty() ? shown(message) : shown(context) + ": " + shown(message)),
        code_(code),
        context_size_(shown(context).size()) {}

  Errc code() const noexcept { return code_; }
  std::string_view context() const noexcept { return std::string_view(what()).substr(0, context_size_); }
  std::string_view message() const noexcept {
    return std::string_view(what()).substr(context_size_ == 0 ? 0 : context_size_ + 2);
  }
  /// This error with `context` put before its own context.
  Error within(const std::string& context) const {
    return Error(code_, std::string(message()),
                 context_size_ == 0 ? context : context + ": " + std::string(this->context()));
  }

 private:
  /// `text` with NUL bytes written as `\x00`: what() would end at the first one.
  static std::string shown(const std::string& text);

  Errc code_;
  std::size_t context_size_;
};

}  // namespace scalar::inline v0
