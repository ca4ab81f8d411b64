#pragma once
/// Chunked bodies, read strictly (RFC 9112, section 7.1).
#include <cstdint>
#include <string>
#include <string_view>

#include "serve/http.hpp"

namespace scalar::inline v0::serve {

/// Decodes a chunked body as it arrives.
///
/// Chunk extensions of up to 256 bytes per chunk are skipped, and so are trailer fields within the limits of a head.
/// Trailer fields that say where a request ends, or which host it is for, are refused: other readers might believe
/// them.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(const Limits& limits)
      : body_limit_(limits.body_bytes),
        chunk_limit_(limits.chunks),
        trailer_limit_(limits.header_bytes),
        field_limit_(limits.header_fields) {}

  /// Appends the part of the body in `bytes` to `body`. Returns the number of bytes consumed: all of them, unless the
  /// body is complete or refused.
  std::size_t feed(std::string_view bytes, std::string& body, Refusal& refusal);
  bool is_done() const noexcept { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_end,
    data,
    data_end_cr,
    data_end_lf,
    last_cr,
    last_lf,
    trailer,
    trailer_lf,
    done
  };
  Refusal step(char c);
  Refusal step_trailer(char c);

  std::uint64_t body_limit_;
  std::size_t chunk_limit_, trailer_limit_, field_limit_;
  State state_ = State::size;
  std::uint64_t left_ = 0;
  std::uint64_t total_ = 0;
  std::size_t chunks_ = 0, trailer_bytes_ = 0, fields_ = 0;
  std::string trailer_{};  // the line so far
  int digits_ = 0, extension_bytes_ = 0;
};

}  // namespace scalar::inline v0::serve
