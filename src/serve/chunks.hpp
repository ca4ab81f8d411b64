#pragma once
/// Chunked bodies, read strictly (RFC 9112, section 7.1).
#include <cstdint>
#include <string>
#include <string_view>

#include "serve/http.hpp"

namespace scalar::inline v0::serve {

/// Takes a chunked body apart as it arrives.
///
/// Chunk extensions are skipped up to 256 bytes a chunk; trailer fields are refused: nothing here would read them, and
/// framing fields among them confuse readers.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(const Limits& limits) : body_limit_(limits.body_bytes), chunk_limit_(limits.chunks) {}

  /// Appends what `bytes` hold of the body to `body` and returns how many were consumed, all of them unless the body is
  /// done or refused.
  std::size_t feed(std::string_view bytes, std::string& body, Refusal& refusal);
  bool is_done() const noexcept { return state_ == State::done; }

 private:
  enum class State : std::uint8_t { size, extension, size_end, data, data_end_cr, data_end_lf, last_cr, last_lf, done };
  Refusal step(char c);

  std::uint64_t body_limit_;
  std::size_t chunk_limit_;
  State state_ = State::size;
  std::uint64_t left_ = 0;
  std::uint64_t total_ = 0;
  std::size_t chunks_ = 0;
  int digits_ = 0, extension_bytes_ = 0;
};

}  // namespace scalar::inline v0::serve
