// Any bytes as a stream of requests: heads, bodies and chunks, cut in two anywhere.
#include <cstdlib>
#include <string>

#include "serve/chunks.hpp"
#include "serve/framing.hpp"
#include "serve/head_parser.hpp"
#include "serve/router.hpp"

using namespace scalar::serve;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Limits limits{.body_bytes = 4096, .chunks = 16};
  static HeadParser parser(limits);
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string name, version;
  while (!bytes.empty()) {
    bytes.remove_prefix(leading_empty_line(bytes));
    Refusal refusal, refusal_in_pieces;
    std::size_t scanned = 0, scanned_in_pieces = 0;
    const std::size_t head_bytes = find_head(bytes, scanned, limits, refusal);
    if (find_head(bytes.substr(0, bytes.size() / 2), scanned_in_pieces, limits, refusal_in_pieces) == 0 &&
        !refusal_in_pieces && find_head(bytes, scanned_in_pieces, limits, refusal_in_pieces) != head_bytes)
      std::abort();  // where a head ends must not depend on how it arrives
    if (refusal || head_bytes == 0) return 0;
    RequestHead head;
    if (parser.parse(bytes.substr(0, head_bytes), head)) return 0;
    if (head.target.empty() || head.target[0] != '/') std::abort();
    (void)route(head.target, name, version);
    bytes.remove_prefix(head_bytes);
    if (!head.framing.is_chunked) {
      bytes.remove_prefix(std::min<std::uint64_t>(head.framing.content_length, bytes.size()));
      continue;
    }
    ChunkDecoder whole(limits), cut(limits);
    std::string body, body_in_pieces;
    const std::size_t used = whole.feed(bytes, body, refusal);
    std::size_t used_in_pieces = cut.feed(bytes.substr(0, bytes.size() / 2), body_in_pieces, refusal_in_pieces);
    if (!refusal_in_pieces && used_in_pieces == bytes.size() / 2)
      used_in_pieces += cut.feed(bytes.substr(used_in_pieces), body_in_pieces, refusal_in_pieces);
    if (body != body_in_pieces || used != used_in_pieces || body.size() > limits.body_bytes) std::abort();
    if (refusal || !whole.is_done()) return 0;
    bytes.remove_prefix(used);
  }
  return 0;
}
