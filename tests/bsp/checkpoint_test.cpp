#include "scalar/bsp/runs/checkpoint.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "bsp/checkpoint_files.hpp"
#include "bsp/checkpoints/checkpoint_directory.hpp"
#include "bsp/loopback.hpp"
#include "scalar/bsp.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace scalar;
namespace fs = std::filesystem;
using bsp::Peer;
using bsp::Task;
using bsp_test::files_in;
using Catch::Matchers::Contains;
using test::TemporaryDirectory;

namespace {

/// State that there is no memory for: when it is written, or when it is read.
struct Huge {
  bool is_written = false;
};

}  // namespace

template <>
struct scalar::bsp::Serializer<Huge> {
  static constexpr bool available = true;
  static void write(const Huge& value, std::vector<std::byte>& out) {
    out.resize(out.size() + 1000);
    if (!value.is_written) throw std::bad_alloc();
  }
  static void read(std::span<const std::byte>&, Huge&) { throw std::bad_alloc(); }
};

namespace {

/// A sum that depends on every step of every peer, with messages; `fail_at` throws once in that step.
struct Program {
  int steps = 20;
  int fail_at = -1;
  std::atomic<int>* resumed_at = nullptr;

  Task<double> operator()(Peer& peer) const {
    int step = 0;
    std::vector<double> values(10, peer.rank() + 1.0);
    std::string text = "begun";
    const bool resumed = peer.persist(step, values, text);
    if (resumed && resumed_at != nullptr && peer.rank() == 0) *resumed_at = step;
    if (resumed && text != "step " + std::to_string(step)) throw Error(Errc::internal, "other text: " + text);
    auto ring = peer.mailbox<double>();
    while (step < steps) {
      ring.send(peer.right(), values[0] / 3);
      co_await peer.sync();
      for (const double value : ring.received()) values[0] = values[0] / 2 + value + 1e-3 * step;
      if (step == fail_at && peer.rank() == peer.size() - 1) throw Error(Errc::failed, "told to");
      ++step;
      text = "step " + std::to_string(step);
      co_await peer.checkpoint();
    }
    co_return co_await all_reduce(peer, values[0], std::plus{});
  }
};

bsp::EngineOptions options_of(const std::string& directory, int every = 1) {
  return bsp_test::writing_to(directory, 5, every);
}

/// All of `processes` go on from a checkpoint in `directory`, and end well: in which step they begin.
int resumed_in_processes(int processes, const std::string& directory, double expected) {
  std::atomic<int> resumed_at{-1}, right{0};
  bsp_test::in_processes(processes, options_of(directory), [&](bsp::Engine& engine, int process) {
    right += engine.run(Program{.resumed_at = &resumed_at}) == (process == 0 ? expected : 0.0);
  });
  CHECK(right == processes);
  return resumed_at;
}

}  // namespace

TEST_CASE("a run that failed goes on from its last checkpoint, with the same bits") {
  const double expected = bsp::Engine({.peers = 5, .workers = 1}).run(Program{});
  for (const int every : {1, 3}) {
    TemporaryDirectory directory;
    const bsp::Engine engine(options_of(directory.path(), every));
    CHECK_THROWS_AS(engine.run(Program{.fail_at = 13}), Error);
    CHECK(!files_in(directory.path()).empty());
    std::atomic<int> resumed_at{-1};
    CHECK(engine.run(Program{.resumed_at = &resumed_at}) == expected);
    CHECK(resumed_at == (every == 1 ? 13 : 12));
    CHECK(files_in(directory.path()).empty());  // it ended well
    resumed_at = -1;
    CHECK(engine.run(Program{.resumed_at = &resumed_at}) == expected);
    CHECK(resumed_at == -1);
  }
}

TEST_CASE("of the parts of a job one may claim an epoch, once and for all") {
  TemporaryDirectory directory;
  const bsp::detail::CheckpointDirectory checkpoints(directory.path(), "run");
  checkpoints.claim(2);
  CHECK_THROWS_WITH(checkpoints.claim(2), Contains("run.2.claim: this process was given up"));
  checkpoints.remove_all();  // the one that went on has ended well: the other may still come
  CHECK_THROWS_AS(checkpoints.claim(2), Error);
  checkpoints.claim(3);
  checkpoints.remove_claims(2);  // a run begins in epoch 2
  CHECK_THROWS_AS(checkpoints.claim(2), Error);
  checkpoints.claim(3);
  // Who lets others go first ends as soon as they have.
  CHECK_THROWS_WITH(checkpoints.claim(3, std::chrono::hours(1)), Contains("run.3.claim: this process was given up"));
  checkpoints.claim(4, std::chrono::milliseconds(1));
  CHECK_THROWS_AS(checkpoints.claim(4), Error);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_WITH(checkpoints.claim(5, std::chrono::hours(1), stop.get_token()), Contains("a stop was requested"));

  const std::vector<std::string> others{"run.claim", "run.3x.claim", "other.3.claim", "run.3.claim.txt"};
  for (const std::string& name : others) std::ofstream(directory / name) << "kept";
  const auto body = [](Peer& peer) -> Task<> { co_await peer.sync(); };
  bsp::Engine({.peers = 2, .workers = 1, .checkpoints = {.directory = directory.path()}}).run(body);
  for (const std::string& name : others) CHECK(fs::exists(directory / name));
  CHECK(files_in(directory.path()).size() == others.size());  // a job of its own begins in epoch 0
}

TEST_CASE("a damaged checkpoint is passed over for the one before") {
  const double expected = bsp::Engine({.peers = 5, .workers = 1}).run(Program{});
  TemporaryDirectory directory;
  const bsp::Engine engine(options_of(directory.path()));
  CHECK_THROWS_AS(engine.run(Program{.fail_at = 13}), Error);
  const fs::path newest = fs::path(directory.path()) / "run.13.0.0.checkpoint";
  const auto check = [&](const std::string& what) {
    INFO(what);
    std::atomic<int> resumed_at{-1};
    CHECK_THROWS_AS(engine.run(Program{.fail_at = 12, .resumed_at = &resumed_at}), Error);
    CHECK(resumed_at == 12);
  };
  bsp_test::damage(newest, 37, check);
  fs::copy_file(fs::path(directory.path()) / "run.12.0.0.checkpoint", newest, fs::copy_options::overwrite_existing);
  check("the file before, under another name");
  CHECK(engine.run(Program{}) == expected);
}

namespace {

/// Flips a bit in every file that is there.
void damage_all(const std::string& directory) {
  for (const auto& [name, size] : files_in(directory))
    bsp_test::flip_bit(fs::path(directory) / name, static_cast<std::streamoff>(size / 2));
}

}  // namespace

TEST_CASE("checkpoints that are all damaged are an error that names them, and stay") {
  const double expected = bsp::Engine({.peers = 5, .workers = 1}).run(Program{});
  TemporaryDirectory directory;
  const bsp::EngineOptions options = options_of(directory.path());
  CHECK_THROWS_AS(bsp::Engine(options).run(Program{.fail_at = 13}), Error);
  damage_all(directory.path());
  const auto files = files_in(directory.path());
  CHECK(files.size() == 3);
  try {
    bsp::Engine(options).run(Program{});
    FAIL("it began from the start");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::corrupt);
    CHECK_THAT(error.what(), Contains("no checkpoint of run \"run\" is whole: "));
    for (const auto& [name, size] : files) CHECK_THAT(error.what(), Contains(name + ": the checksum is wrong"));
    CHECK_THAT(error.what(), Contains("; remove the files, or set checkpoints.start_anew, to begin from the start"));
  }
  CHECK(files_in(directory.path()) == files);

  std::vector<std::string> said;
  const Runtime runtime({.log = [&](LogLevel, std::string_view, std::string_view text) { said.emplace_back(text); }});
  bsp::EngineOptions anew = options;
  anew.checkpoints.start_anew = true;
  std::atomic<int> resumed_at{-1};
  CHECK(bsp::Engine(anew, runtime).run(Program{.resumed_at = &resumed_at}) == expected);
  CHECK(resumed_at == -1);
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0], Contains("run.13.0.0.checkpoint: the checksum is wrong"));
  CHECK_THAT(said[0], Contains("; the run begins from the start"));
  CHECK(files_in(directory.path()).empty());
}

TEST_CASE("in several processes checkpoints that are all damaged are the same error") {
  TemporaryDirectory directory;
  std::atomic<int> corrupt{0};
  for (const int fail_at : {13, -1}) {
    bsp_test::in_processes(3, options_of(directory.path()), [&](bsp::Engine& engine, int) {
      try {
        engine.run(Program{.fail_at = fail_at});
      } catch (const Error& error) {
        corrupt += error.code() == Errc::corrupt;
      }
    });
    damage_all(directory.path());
  }
  CHECK(corrupt == 3);
}

TEST_CASE("a damaged checkpoint that is passed over is told") {
  TemporaryDirectory directory;
  const bsp::EngineOptions options = options_of(directory.path());
  CHECK_THROWS_AS(bsp::Engine(options).run(Program{.fail_at = 13}), Error);
  bsp_test::flip_bit(fs::path(directory.path()) / "run.13.0.0.checkpoint", 100);
  std::vector<std::string> said;
  const Runtime runtime({.log = [&](LogLevel, std::string_view, std::string_view text) { said.emplace_back(text); }});
  bsp::Engine(options, runtime).run(Program{});
  REQUIRE(said.size() == 1);
  CHECK_THAT(said[0], Contains("an earlier checkpoint is used, for the newest is damaged: "));
  CHECK_THAT(said[0], Contains("run.13.0.0.checkpoint: "));
}

TEST_CASE("checkpoints of several processes are found by any number of processes") {
  const double expected = bsp::Engine({.peers = 5, .workers = 1}).run(Program{});
  TemporaryDirectory directory;
  std::atomic<int> failed{0};
  bsp_test::in_processes(3, options_of(directory.path()), [&](bsp::Engine& engine, int) {
    try {
      engine.run(Program{.fail_at = 13});
    } catch (const Error& error) {
      failed += error.code() == Errc::failed;
    }
  });
  CHECK(failed == 3);
  CHECK(resumed_in_processes(2, directory.path(), expected) == 13);
}

TEST_CASE("a run of several processes that ends well leaves no checkpoint, however slowly one of them writes") {
  TemporaryDirectory directory;
  auto body = [](Peer& peer) -> Task<> {
    int step = 0;
    std::vector<double> state(peer.rank() >= 3 ? 2'000'000 : 1);
    peer.persist(step, state);
    while (step < 2) {
      ++step;
      co_await peer.checkpoint();
    }
  };
  bsp_test::in_processes(2, options_of(directory.path()), [&](bsp::Engine& engine, int) { engine.run(body); });
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE("a run goes on from the last checkpoint of the one before, however slowly one process wrote it") {
  TemporaryDirectory directory;
  std::atomic<int> resumed{0};
  auto body = [&](Peer& peer) -> Task<> {
    int step = 0;
    std::vector<double> state(peer.rank() >= 3 ? 2'000'000 : 1);
    if (peer.persist(step, state)) ++resumed;
    if (step == 1) co_return;
    ++step;
    co_await peer.checkpoint();
    throw Error(Errc::failed, "told to");
  };
  bsp_test::in_processes(2, options_of(directory.path()), [&](bsp::Engine& engine, int) {
    try {
      engine.run(body);
    } catch (const Error&) {
    }
    engine.run(body);  // at once, while the other process may still be busy with the first run's
  });
  CHECK(resumed == 5);
}

TEST_CASE("a process that does not see the checkpoints is an error, and they stay") {
  TemporaryDirectory directory, elsewhere;
  const double expected = bsp::Engine({.peers = 5, .workers = 1}).run(Program{});
  CHECK_THROWS_AS(bsp_test::in_processes(2, options_of(directory.path()),
                                         [&](bsp::Engine& engine, int) { engine.run(Program{.fail_at = 13}); }),
                  Error);
  std::atomic<int> refused{0};
  bsp_test::in_processes(2, options_of(directory.path()), [&](bsp::Engine& engine, int process) {
    bsp::EngineOptions options = engine.options();
    if (process == 1) options.checkpoints.directory = elsewhere.path();
    try {
      bsp::Engine(options).run(Program{});
    } catch (const Error& error) {
      refused +=
          error.code() == Errc::not_found && std::string(error.what()).find("sees no checkpoint") != std::string::npos;
    }
  });
  CHECK(refused == 2);
  CHECK(resumed_in_processes(2, directory.path(), expected) == 13);
}

TEST_CASE("a checkpoint that there is no memory for is an error that says how much it takes") {
  for (const bool is_written : {false, true}) {
    TemporaryDirectory directory;
    const bsp::Engine engine(options_of(directory.path()));
    const auto body = [&](Peer& peer) -> Task<> {
      Huge huge{is_written};
      peer.persist(huge);
      co_await peer.checkpoint();
      throw Error(Errc::failed, "told to");
    };
    if (is_written) CHECK_THROWS_WITH(engine.run(body), "told to");
    try {
      engine.run(body);
      FAIL("it ended well");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::resource_exhausted);
      CHECK(error.what() == std::string("bsp peer 0: there is not enough memory for the state that a checkpoint ") +
                                (is_written ? "has" : "writes, which is larger than this") +
                                ": 1000 bytes were asked for");
    }
  }
}

TEST_CASE("misuse of checkpoints is told") {
  TemporaryDirectory directory;
  const auto text_of = [&](const bsp::EngineOptions& options, auto body) {
    try {
      bsp::Engine(options).run(body);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const bsp::EngineOptions options = options_of(directory.path());
  CHECK(text_of(options, [](Peer& peer) -> Task<> { co_await peer.checkpoint(); }) ==
        "bsp peer 0: checkpoint before persist: there is no state to write");
  CHECK(text_of(options, [](Peer& peer) -> Task<> {
          int a = 0;
          peer.persist(a), peer.persist(a);
          co_return;
        }) == "bsp peer 0: persist was called twice, expected once");
  CHECK(text_of(options, [](Peer& peer) -> Task<> {
          bsp::Team team = co_await peer.split(0);
          co_await team->checkpoint();
        }) == "bsp peer 0: checkpoint in a team: only all peers together can write their state");
  CHECK_THROWS_AS(bsp::Engine(options).run(Program{.fail_at = 3}), Error);
  bsp::EngineOptions other = options;
  other.peers = 6;
  CHECK(text_of(other, Program{})
            .find("it is of a run of 5 peers, but this one has 6; only state that is named as bsp::sharded") !=
        std::string::npos);
  bsp::EngineOptions full = options_of("/dev/null/nowhere");
  CHECK(text_of(full, Program{}).find("cannot create the directory") != std::string::npos);
  CHECK_THROWS_AS(bsp::Engine({.checkpoints = {.recover = true}}), Error);
  CHECK_THROWS_AS(bsp::Engine({.checkpoints = {.every = 0}}), Error);
}
