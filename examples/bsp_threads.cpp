// BSP on threads: peers count the words of a text together. Each reads a line, and sends every word to the peer that
// counts it; after the barrier each counts what it has received.
#include <scalar/bsp.hpp>
#include <scalar/core/hash.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace scalar;

using Counts = std::map<std::string, int>;

const std::vector<std::string> lines = {
    "the peers compute and send messages",
    "and the peers meet at barriers",
    "what is sent in one superstep is received in the next",
    "the result does not depend on timing",
};

void send_words(bsp::Peer& peer, bsp::Mailbox<std::string>& box) {
  std::istringstream line(lines[static_cast<std::size_t>(peer.rank())]);
  for (std::string word; line >> word;) {
    const std::uint64_t hash = hash128(std::as_bytes(std::span(word))).low;
    box.send(static_cast<int>(hash % static_cast<std::uint64_t>(peer.size())), word);
  }
}

int main() {
  const bsp::Engine engine{{.peers = static_cast<int>(lines.size())}};
  const std::vector<Counts> counted = engine.run_all([](bsp::Peer& peer) -> bsp::Task<Counts> {
    auto box = peer.mailbox<std::string>();
    send_words(peer, box);
    co_await peer.sync();  // the barrier: what was sent before it is received after it
    Counts counts;
    for (const std::string& word : box.received()) ++counts[word];
    co_return counts;
  });

  Counts all;  // no two peers have counted the same word
  for (const Counts& counts : counted) all.insert(counts.begin(), counts.end());
  for (const auto& [word, count] : all)
    if (count > 1) std::printf("%s %d\n", word.c_str(), count);
}
