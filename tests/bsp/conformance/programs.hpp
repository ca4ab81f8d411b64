#pragma once
/// The programs of the conformance suite: each logs, peer by peer, all that it has seen, and must see the same bits
/// whatever carries its messages.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "scalar/bsp.hpp"
#include "scalar/core/hash.hpp"

namespace conformance {

/// What one peer has seen, in order.
class Log {
 public:
  template <class T>
    requires std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>
  void add(const T& value) {
    seen_.add(std::as_bytes(std::span(&value, 1)));
  }
  void add(double value) { seen_.add(std::as_bytes(std::span(&value, 1))); }
  void add(std::string_view text) { add(text.size()), seen_.add(text); }
  void add(const std::string& text) { add(std::string_view(text)); }
  template <class T>
  void add(const std::vector<T>& values) {
    add(values.size());
    for (const T& value : values) add(value);
  }
  void add_bytes(std::span<const std::byte> bytes) { add(bytes.size()), seen_.add(bytes); }
  std::string digest() const { return seen_.digest().hex(); }

 private:
  scalar::Hasher seen_;
};

/// What an engine must have for a program.
struct Needs {
  bool keeps_state = false;         ///< checkpoints are written, and found by the next program with as many peers
  bool in_shards = false;           ///< or, in shards, by the next such program with any number of peers
  std::uint64_t mailbox_bytes = 0;  ///< messages beyond this lie in files
  scalar::bsp::Algorithm collectives = scalar::bsp::Algorithm::automatic;
};

struct Program {
  std::string name;
  std::vector<int> peers;  ///< how many take part, one run each
  scalar::bsp::Task<> (*body)(scalar::bsp::Peer&, Log&);
  /// Which error it ends with, where its text may depend on who comes first; ok: none or one that is the same.
  scalar::Errc only_code = scalar::Errc::ok;
  Needs needs{};
};

const std::vector<Program>& programs();
// The parts of the above.
std::vector<Program> message_programs();
std::vector<Program> collective_programs();
std::vector<Program> array_programs();
std::vector<Program> exchange_programs();
std::vector<Program> state_programs();
std::vector<Program> shard_programs();
std::vector<Program> misuse_programs();

/// Runs all programs whose names contain `filter`, with every number of peers that suffices for `processes`, one after
/// another in engines with these options; checkpoints go to the directory of the options. Each line is "program, peers,
/// rank: digest" or "program, peers: error".
std::vector<std::string> run_programs(const scalar::bsp::EngineOptions& options, int processes,
                                      std::string_view filter = {});

/// A number that looks random and depends on all three.
constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) noexcept {
  std::uint64_t x = a * 0x9e3779b97f4a7c15u + b * 0xbf58476d1ce4e5b9u + c * 0x94d049bb133111ebu + 1;
  x = (x ^ x >> 31) * 0xd6e8feb86659fd93u;
  return x ^ x >> 29;
}
/// A number whose sums show the order of additions.
constexpr double rough(std::uint64_t a, std::uint64_t b = 0) noexcept {
  return static_cast<double>(static_cast<std::int64_t>(mixed(a, b)) >> 12) /
         static_cast<double>(1ull << mixed(b, a) % 40);
}

inline std::vector<int> up_to(int most, int least = 1) {
  std::vector<int> all;
  for (int peers = least; peers <= most; ++peers) all.push_back(peers);
  return all;
}

}  // namespace conformance
