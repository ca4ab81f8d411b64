#include "scalar/bsp/detail/persisted.hpp"

#include <atomic>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bsp/checkpoint_files.hpp"
#include "bsp/loopback.hpp"
#include "scalar/bsp.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using bsp_test::writing_to;
using test::TemporaryDirectory;

namespace {

/// The states of shards feed a model that is the same at all peers, which feeds them.
struct Program {
  int fail_at = -1;
  std::atomic<int>* resumed_at = nullptr;
  static constexpr int steps = 20, shards = 12;
  static constexpr std::size_t width = 9;

  Task<double> operator()(Peer& peer) const {
    bsp::ShardReduce<double> reduce(peer, shards);
    bsp::ShardFold<double> fold(reduce.shards().first, width);
    int step = 0;
    std::vector<double> model(width, 1.0 / 3);
    std::vector<std::vector<double>> rows;
    std::vector<std::pair<std::int64_t, std::string>> notes;  // of another size in each shard
    for (int shard = reduce.shards().first; shard < reduce.shards().last; ++shard) {
      rows.emplace_back(width + static_cast<std::size_t>(shard), 1.0 / (shard + 1));
      notes.emplace_back(shard, std::string(static_cast<std::size_t>(shard), '-'));
    }
    if (peer.persist(step, bsp::sharded(rows, shards), model, bsp::sharded(notes, shards)) && resumed_at != nullptr)
      *resumed_at = step;
    while (step < steps) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const int shard = reduce.shards().first + static_cast<int>(i);
        if (notes.at(i).first != shard + 1000 * step || rows[i].size() != width + static_cast<std::size_t>(shard))
          throw Error(Errc::internal, "another shard's state");
        notes[i].first += 1000, notes[i].second += 'x';
        for (std::size_t k = 0; k < rows[i].size(); ++k) rows[i][k] = rows[i][k] / 2 + model[k % width] / (shard + 3);
        fold.push([&](std::span<double> to) { std::copy_n(rows[i].end() - width, width, to.begin()); });
      }
      co_await reduce.all_reduce(fold, std::span<double>(model));
      if (step == fail_at) throw Error(Errc::failed, "told to");
      ++step;
      co_await peer.checkpoint();
    }
    double sum = 0;
    for (const double value : model) sum = sum * 0.75 + value;
    co_return sum;
  }
};

double alone() {
  static const double sum = bsp::Engine({.peers = 1, .workers = 1}).run(Program{});
  return sum;
}

std::string text_of(const bsp::EngineOptions& options, const auto& body) {
  try {
    bsp::Engine(options).run(body);
  } catch (const Error& error) {
    return std::string(name(error.code())) + ", " + error.what();
  }
  return "nothing";
}

/// One checkpoint, and then an end.
template <class Part>
auto naming(std::vector<int> counts, Part part) {
  return [=](Peer& peer) -> Task<> {
    const int shards = counts[static_cast<std::size_t>(peer.rank()) % counts.size()];
    std::vector<Part> parts(static_cast<std::size_t>(bsp::shards_of(shards, peer.rank(), peer.size()).count()), part);
    int step = 0;
    peer.persist(step, bsp::sharded(parts, shards));
    ++step;
    co_await peer.checkpoint();
    co_await peer.sync();
    throw Error(Errc::failed, "told to");
  };
}

}  // namespace

TEST_CASE("a run in shards goes on with 2, then 4, then 3 peers, with the bits of 1") {
  for (const int every : {1, 3}) {
    TemporaryDirectory directory;
    std::atomic<int> resumed_at{-1};
    CHECK_THROWS_AS(bsp::Engine(writing_to(directory.path(), 2, every)).run(Program{.fail_at = 7}), Error);
    CHECK_THROWS_AS(
        bsp::Engine(writing_to(directory.path(), 4, every)).run(Program{.fail_at = 14, .resumed_at = &resumed_at}),
        Error);
    CHECK(resumed_at == (every == 1 ? 7 : 6));
    CHECK(bsp::Engine(writing_to(directory.path(), 3, every)).run(Program{.resumed_at = &resumed_at}) == alone());
    CHECK(resumed_at == (every == 1 ? 14 : 12));
    CHECK(bsp_test::files_in(directory.path()).empty());
  }
}

TEST_CASE("any number of peers up to that of shards goes on from any other, with the same bits") {
  for (const int before : {1, 5, 12})
    for (const int after : {1, 2, 7, 12}) {
      INFO(before << " peers, then " << after);
      TemporaryDirectory directory;
      CHECK_THROWS_AS(bsp::Engine(writing_to(directory.path(), before)).run(Program{.fail_at = 2}), Error);
      std::atomic<int> resumed_at{-1};
      CHECK(bsp::Engine(writing_to(directory.path(), after)).run(Program{.resumed_at = &resumed_at}) == alone());
      CHECK(resumed_at == 2);
    }
}

TEST_CASE("the peers of several processes share the shards of others") {
  TemporaryDirectory directory;
  const auto run = [&](int processes, int peers, const Program& program) {
    bsp_test::in_processes(processes, writing_to(directory.path(), peers), [&](bsp::Engine& engine, int process) {
      const double sum = engine.run(program);
      const std::lock_guard lock(bsp_test::checks());
      CHECK(sum == (process == 0 ? alone() : 0.0));
    });
  };
  std::atomic<int> resumed_at{-1};
  CHECK_THROWS_AS(run(2, 2, {.fail_at = 7}), Error);
  CHECK_THROWS_AS(run(3, 4, {.fail_at = 14, .resumed_at = &resumed_at}), Error);
  CHECK(resumed_at == 7);
  CHECK_THROWS_AS(run(1, 11, {.fail_at = 17, .resumed_at = &resumed_at}), Error);
  CHECK(resumed_at == 14);
  run(2, 3, {.resumed_at = &resumed_at});
  CHECK(resumed_at == 17);
  CHECK(bsp_test::files_in(directory.path()).empty());
}

TEST_CASE("a damaged checkpoint in shards is passed over for the one before, by any number of peers") {
  TemporaryDirectory directory;
  CHECK_THROWS_AS(bsp::Engine(writing_to(directory.path(), 4)).run(Program{.fail_at = 6}), Error);
  int peers = 1;
  bsp_test::damage(directory / "run.6.0.0.checkpoint", 29, [&](const std::string& what) {
    INFO(what << ", " << peers << " peers");
    std::atomic<int> resumed_at{-1};
    CHECK_THROWS_AS(
        bsp::Engine(writing_to(directory.path(), peers)).run(Program{.fail_at = 5, .resumed_at = &resumed_at}), Error);
    CHECK(resumed_at == 5);
    peers = peers % 12 + 1;
  });
  CHECK(bsp::Engine(writing_to(directory.path(), 7)).run(Program{}) == alone());
}

TEST_CASE("shards that do not fit the checkpoint are told") {
  TemporaryDirectory directory;
  CHECK(text_of(writing_to(directory.path(), 2), naming({4}, 1)) == "failed, told to");
  CHECK(text_of(writing_to(directory.path(), 2), naming({6}, 1)) ==
        "invalid_argument, bsp peer 0: the state has 6 shards, but the checkpoint in " + directory.path() +
            " has 4 shards");
  CHECK(text_of(writing_to(directory.path(), 3),
                [](Peer& peer) -> Task<> {
                  int step = 0;
                  peer.persist(step);
                  co_return;
                }) == "invalid_argument, bsp peer 0: the state has no shards, but the checkpoint in " +
                          directory.path() + " has 4 shards");
  CHECK(text_of(writing_to(directory.path(), 5), naming({8}, 1)) ==
        "invalid_argument, " + (directory / "run.1.0.0.checkpoint") +
            ": it has 4 shards, which 5 peers cannot share; expected at most as many peers as shards");
  CHECK(text_of(writing_to(directory.path(), 2), naming({4}, std::string())).starts_with("parse, "));
  CHECK(text_of(writing_to(directory.path(), 4), naming({4}, 1)) == "failed, told to");
}

TEST_CASE("misuse of sharded state is told") {
  TemporaryDirectory directory;
  const auto options = [&](int peers) { return writing_to(directory.path(), peers); };
  CHECK(text_of(options(3),
                [](Peer& peer) -> Task<> {
                  int own = peer.rank() / 2;
                  std::vector<int> parts(2);
                  peer.persist(own, bsp::sharded(parts, 6));
                  co_await peer.checkpoint();
                }) ==
        "invalid_argument, bsp::Peer::checkpoint: beside sharded state all peers name the same values, but those of "
        "peer 2 differ from those of peer 0; what is a peer's own belongs in the state of its shards");
  CHECK(text_of(options(12), [](Peer& peer) -> Task<> {
          int own = peer.rank();
          std::vector<int> parts(1);
          peer.persist(own, bsp::sharded(parts, 12));
          co_await peer.checkpoint();
        }).find("those of peers 1, 2, 3, 4, 5, 6, 7, 8, ... differ") != std::string::npos);
  CHECK(text_of(options(2), naming({4, 6}, 1)) ==
        "invalid_argument, bsp::Peer::checkpoint: peer 0 names state in 4 shards, but peer 1 another number");
  CHECK(text_of(options(3), [](Peer& peer) -> Task<> {
          std::vector<int> parts(peer.rank() == 1 ? 3 : 2), right(2);
          peer.persist(bsp::sharded(right, 6), bsp::sharded(parts, 6));
          co_await peer.checkpoint();
        }) == "shape_mismatch, bsp peer 1: sharded state has 3 parts, expected 2, one for each of the peer's shards");
  const auto persist_in = [](int one, int other) {
    return [=](Peer& peer) -> Task<> {
      std::vector<int> a, b;
      peer.persist(bsp::sharded(a, one), bsp::sharded(b, other));
      co_return;
    };
  };
  CHECK(text_of({}, persist_in(4, 5)) ==
        "invalid_argument, bsp::Peer::persist: a peer's sharded states have 4 and 5 shards, expected the same number");
  CHECK(text_of({}, persist_in(0, 0)) == "invalid_argument, bsp::Peer::persist: shards is 0, expected at least 1");
  CHECK(text_of({.peers = 3}, persist_in(2, 2)).find("3 peers cannot share 2 shards") != std::string::npos);
  CHECK(bsp_test::files_in(directory.path()).empty());
}

TEST_CASE("what is named is a variable, or in shards") {
  struct Opaque {
    std::string text;
  };
  STATIC_REQUIRE(bsp::detail::Variable<int&>::is_state);
  STATIC_REQUIRE(bsp::detail::Variable<bsp::Sharded<std::vector<std::string>>>::is_state);
  STATIC_REQUIRE(!bsp::detail::Variable<const int&>::is_state);
  STATIC_REQUIRE(!bsp::detail::Variable<int>::is_state);
  STATIC_REQUIRE(!bsp::detail::Variable<Opaque&>::is_state);
  STATIC_REQUIRE(bsp::detail::ShardStates<std::vector<bool>>);
  STATIC_REQUIRE(!bsp::detail::ShardStates<std::map<int, int>>);
  STATIC_REQUIRE(!bsp::detail::ShardStates<std::vector<Opaque>>);
}

TEST_CASE("sharded state may have a name") {
  TemporaryDirectory directory;
  std::atomic<long> seen{0};
  const auto body = [&seen](Peer& peer) -> Task<> {
    std::vector<long> parts(static_cast<std::size_t>(bsp::shards_of(6, peer.rank(), peer.size()).count()), 1);
    int step = 0;
    const auto named = bsp::sharded(parts, 6);
    peer.persist(step, named);
    for (const long part : parts) seen += part;
    if (step == 1) co_return;
    ++step;
    for (long& part : parts) part = 7;
    co_await peer.checkpoint();
    co_await peer.sync();
    throw Error(Errc::failed, "told to");
  };
  CHECK_THROWS_AS(bsp::Engine(writing_to(directory.path(), 2)).run(body), Error);
  seen = 0;
  bsp::Engine(writing_to(directory.path(), 3)).run(body);
  CHECK(seen == 42);
}
