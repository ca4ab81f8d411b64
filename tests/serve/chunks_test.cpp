#include "serve/chunks.hpp"

#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;

TEST_CASE("a chunked body reads the same however it is cut") {
  Philox random(1);
  for (int round = 0; round < 200; ++round) {
    std::string wire, wanted;
    char size[16];
    for (std::uint64_t chunk = random.below(6); chunk > 0; --chunk) {
      const std::string data(1 + random.below(300), static_cast<char>('a' + chunk));
      std::snprintf(size, sizeof size, random.below(2) == 0 ? "%zx" : "%zX", data.size());
      wire += size + std::string(random.below(3) == 0 ? ";name=\"value\"" : "") + "\r\n" + data + "\r\n";
      wanted += data;
    }
    wire += "000\r\n";
    for (std::uint64_t field = random.below(3); field > 0; --field) wire += "X-Sum:  a b\t\r\n";
    wire += "\r\n";
    const std::string after = "GET /";
    serve::ChunkDecoder decoder{serve::Limits{}};
    serve::Refusal refusal;
    std::string body, all = wire + after;
    std::size_t at = 0;
    while (!decoder.is_done()) {
      const std::size_t cut = std::min<std::size_t>(1 + random.below(50), all.size() - at);
      const std::size_t used = decoder.feed(std::string_view(all).substr(at, cut), body, refusal);
      REQUIRE_FALSE(refusal);
      REQUIRE((used == cut || decoder.is_done()));
      at += used;
    }
    CHECK(at == wire.size());
    CHECK(body == wanted);
  }
}
