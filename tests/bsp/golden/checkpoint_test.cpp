#include "scalar/bsp/runs/checkpoint.hpp"

#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "scalar/bsp.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/core/hash.hpp"
#include "support/errors.hpp"
#include "support/golden.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr int shards = 3;
constexpr const char* file_name = "golden.1.0.0.checkpoint";

std::string golden(const std::string& name) { return test::source_file("tests/bsp/golden/" + name); }

/// What peers keep, or what shards keep.
struct State {
  int step = 0;
  std::vector<double> numbers{};
  std::string text{};
  bool is_restored = false;
  bool operator==(const State&) const = default;
};

State state_of_peer(int rank) {
  return {
      .step = 1, .numbers = {0.1 * rank, -0.0, 5e-324}, .text = "peer " + std::to_string(rank), .is_restored = true};
}

/// Begins with nothing; comes to the state above, writes it down, and fails, so that the checkpoint stays. What
/// begins with a checkpoint returns it.
bsp::Task<State> run_peer(bsp::Peer& peer) {
  State state;
  state.is_restored = peer.persist(state.step, state.numbers, state.text);
  if (state.is_restored) co_return state;
  state = state_of_peer(peer.rank());
  co_await peer.checkpoint();
  throw Error(Errc::failed, "on purpose");
}

bsp::Task<State> run_sharded(bsp::Peer& peer) {
  const bsp::ShardRange mine = bsp::shards_of(shards, peer.rank(), peer.size());
  State state;
  for (int shard = mine.first; shard < mine.last; ++shard) state.numbers.push_back(0);
  state.is_restored = peer.persist(state.step, bsp::sharded(state.numbers, shards));
  if (state.is_restored) co_return state;
  state.step = 1;
  for (int shard = mine.first; shard < mine.last; ++shard)
    state.numbers[static_cast<std::size_t>(shard - mine.first)] = 0.1 * shard;
  co_await peer.checkpoint();
  throw Error(Errc::failed, "on purpose");
}

bsp::Engine engine(const std::string& directory, int peers) {
  return bsp::Engine({.peers = peers, .workers = 1, .checkpoints = {.directory = directory, .name = "golden"}});
}

void write(const std::string& peers, const std::string& in_shards) {
  CHECK_THROWS_WITH(engine(peers, 2).run(run_peer), Contains("on purpose"));
  CHECK_THROWS_WITH(engine(in_shards, 2).run(run_sharded), Contains("on purpose"));
}

/// A directory with the golden checkpoint, which a run may remove.
struct Copy {
  test::TemporaryDirectory directory{};
  explicit Copy(const std::string& name) { fs::copy_file(golden(name) + "/" + file_name, directory / file_name); }
};

/// Writes the hash of a file's bytes at their end, where every version has it.
void rehash(std::string& bytes) {
  const std::size_t hashed = bytes.size() - sizeof(Hash128);
  const Hash128 hash = hash128(std::as_bytes(std::span(bytes).first(hashed)));
  std::memcpy(bytes.data() + hashed, &hash, sizeof hash);
}

/// As a later Scalar might write it: a longer head, and a hash that is right.
std::string of_version_3(std::string bytes) {
  bytes[8] = 3;
  bytes.insert(16, 24, 'x');
  rehash(bytes);
  return bytes;
}

}  // namespace

TEST_CASE("writes the golden checkpoints", "[.write]") {
  for (const char* name : {"peers", "shards"}) {
    fs::remove_all(golden(name));
    fs::create_directories(golden(name));
  }
  write(golden("peers"), golden("shards"));
}

TEST_CASE("golden checkpoints are written alike today") {
  const test::TemporaryDirectory peers, in_shards;
  write(peers.path(), in_shards.path());
  test::check_same_files(peers.path(), golden("peers"));
  test::check_same_files(in_shards.path(), golden("shards"));
}

TEST_CASE("a run goes on from the golden checkpoint of peers, to the bit") {
  const Copy copy("peers");
  CHECK(engine(copy.directory.path(), 2).run_all(run_peer) == std::vector<State>{state_of_peer(0), state_of_peer(1)});
}

TEST_CASE("any number of peers goes on from the golden checkpoint of shards, to the bit") {
  for (int peers = 1; peers <= shards; ++peers) {
    const Copy copy("shards");
    std::vector<double> numbers;
    for (const State& state : engine(copy.directory.path(), peers).run_all(run_sharded)) {
      CHECK(state.is_restored);
      CHECK(state.step == 1);
      numbers.insert(numbers.end(), state.numbers.begin(), state.numbers.end());
    }
    CHECK(numbers == std::vector<double>{0.0, 0.1, 0.1 * 2});
  }
}

TEST_CASE("a checkpoint of another version is refused, with both versions, and stays") {
  for (const auto& [version, has_right_hash, code] :
       {std::tuple{1, false, Errc::unsupported}, std::tuple{3, false, Errc::corrupt},
        std::tuple{3, true, Errc::unsupported}}) {
    const Copy copy("peers");
    std::string bytes = test::read_file(copy.directory / file_name);
    REQUIRE(bytes[8] == 2);  // behind the magic
    bytes[8] = static_cast<char>(version);
    if (has_right_hash) rehash(bytes);
    test::write_file(copy.directory / file_name, bytes);
    const std::string message = test::message_of(code, [&] { engine(copy.directory.path(), 2).run(run_peer); });
    CHECK_THAT(message,
               Contains(file_name) && Contains("version is " + std::to_string(version)) && Contains("expected 2"));
    CHECK(test::read_file(copy.directory / file_name) == bytes);
  }
}

TEST_CASE("a newer checkpoint of a later version is not passed over for an older one") {
  const Copy copy("peers");
  const std::string newer = "golden.2.0.0.checkpoint";
  const std::string bytes = of_version_3(test::read_file(copy.directory / file_name));
  test::write_file(copy.directory / newer, bytes);
  const std::string message =
      test::message_of(Errc::unsupported, [&] { engine(copy.directory.path(), 2).run(run_peer); });
  CHECK_THAT(message, Contains(newer) && Contains("version is 3, expected 2"));
  CHECK(test::read_file(copy.directory / newer) == bytes);

  test::write_file(copy.directory / newer, bytes.substr(0, bytes.size() - 1));  // cut short: damage, as in any version
  CHECK(engine(copy.directory.path(), 2).run_all(run_peer) == std::vector<State>{state_of_peer(0), state_of_peer(1)});
}
