#include "serve/chunks.hpp"

#include <algorithm>

#include "serve/framing.hpp"

namespace scalar::inline v0::serve {
namespace {

constexpr int longest_size = 8;  // digits: 4 GiB per chunk is beyond any limit
constexpr int longest_extension = 256;
constexpr Refusal malformed{400, "malformed chunked body"};

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::size_t ChunkDecoder::feed(std::string_view bytes, std::string& body, Refusal& refusal) {
  std::size_t at = 0;
  while (at < bytes.size() && !is_done()) {
    if (state_ == State::data) {
      const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      body.append(bytes, at, take);
      at += take;
      left_ -= take;
      if (left_ == 0) state_ = State::data_end_cr;
      continue;
    }
    refusal = step(bytes[at]);
    if (refusal) return at;
    ++at;
  }
  return at;
}

Refusal ChunkDecoder::step(char c) {
  switch (state_) {
    case State::size:
      if (const int value = hex_value(c); value >= 0) {
        if (++digits_ > longest_size) return malformed;
        left_ = left_ * 16 + static_cast<unsigned>(value);
        return {};
      }
      if (digits_ == 0) return malformed;
      if (c == '\r')
        state_ = State::size_end;
      else if (c == ';')
        state_ = State::extension;
      else
        return malformed;
      return {};
    case State::extension:
      if (c == '\r') {
        state_ = State::size_end;
        return {};
      }
      if (++extension_bytes_ > longest_extension) return {400, "a chunk extension is too long"};
      return c == '\t' || (static_cast<unsigned char>(c) >= 32 && c != 127) ? Refusal{} : malformed;
    case State::size_end:
      if (c != '\n') return malformed;
      digits_ = extension_bytes_ = 0;
      if (left_ == 0) {
        state_ = State::last_cr;
        return {};
      }
      if (++chunks_ > chunk_limit_) return {413, "the body has too many chunks"};
      total_ += left_;
      if (total_ > body_limit_) return {413, "the body is too large"};
      state_ = State::data;
      return {};
    case State::data_end_cr:
      if (c != '\r') return malformed;
      state_ = State::data_end_lf;
      return {};
    case State::data_end_lf:
      if (c != '\n') return malformed;
      state_ = State::size;
      return {};
    case State::last_cr:
      if (c != '\r') {
        state_ = State::trailer;
        return step_trailer(c);
      }
      state_ = State::last_lf;
      return {};
    case State::trailer:
    case State::trailer_lf:
      return step_trailer(c);
    case State::last_lf:
      if (c != '\n') return malformed;
      state_ = State::done;
      return {};
    case State::data:
    case State::done:
      break;
  }
  return malformed;
}

/// Takes one byte of a trailer field, or of its line end.
Refusal ChunkDecoder::step_trailer(char c) {
  if (state_ == State::trailer_lf) {
    if (c != '\n') return malformed;
    if (const Refusal refusal = check_trailer(trailer_)) return refusal;
    if (++fields_ > field_limit_) return {431, "too many trailer fields"};
    trailer_.clear();
    state_ = State::last_cr;
    return {};
  }
  if (++trailer_bytes_ > trailer_limit_) return {431, "the trailer fields are too large"};
  if (c == '\r')
    state_ = State::trailer_lf;
  else
    trailer_ += c;
  return {};
}

}  // namespace scalar::inline v0::serve
