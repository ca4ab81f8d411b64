#include "scalar/bsp/arrays/shared.hpp"

#include <numeric>
#include <string>
#include <vector>

#include "bsp/everywhere.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Shared;
using bsp::Task;
using bsp_test::error_everywhere;
using bsp_test::run_everywhere;

namespace {

std::size_t length_of(int rank) { return static_cast<std::size_t>(rank % 4 * 5 + (rank == 0 ? 3 : 0)); }

struct Operation {
  bool is_get;
  int target;
  std::size_t offset, count;
  int value;
};

/// What `rank` says in a superstep.
std::vector<Operation> operations_of(int rank, int peers, int step) {
  Philox random(static_cast<std::uint64_t>(rank * 100 + step), 3);
  std::vector<Operation> all(step % 3 == 2 ? 0 : random() % 6);
  for (Operation& operation : all) {
    operation.is_get = step % 2 == 0 && random() % 2 == 0;
    operation.target = static_cast<int>(random() % static_cast<unsigned>(peers));
    const std::size_t size = length_of(operation.target);
    operation.offset = size == 0 ? 0 : random() % size;
    operation.count = size == 0 ? 0 : random() % (size - operation.offset + 1);
    operation.value = rank * 1000 + step * 10 + static_cast<int>(random() % 10);
  }
  return all;
}

/// The definition, on all arrays at once: gets see the old arrays, puts are written by source and in order.
struct Model {
  explicit Model(int count) : peers(count) {
    for (int rank = 0; rank < peers; ++rank) arrays.emplace_back(length_of(rank));
  }
  std::vector<std::vector<int>> step(int number, int asking) {
    std::vector<std::vector<int>> got;
    for (const Operation& operation : operations_of(asking, peers, number))
      if (operation.is_get) {
        const auto from = array(operation).begin() + static_cast<std::ptrdiff_t>(operation.offset);
        got.emplace_back(from, from + static_cast<std::ptrdiff_t>(operation.count));
      }
    for (int rank = 0; rank < peers; ++rank)
      for (const Operation& operation : operations_of(rank, peers, number))
        for (std::size_t i = 0; !operation.is_get && i < operation.count; ++i)
          array(operation)[operation.offset + i] = operation.value + static_cast<int>(i);
    return got;
  }
  std::vector<int>& array(const Operation& operation) { return arrays[static_cast<std::size_t>(operation.target)]; }
  int peers;
  std::vector<std::vector<int>> arrays;
};

void say(Shared<int>& shared, const std::vector<Operation>& operations, std::vector<std::vector<int>>& got) {
  got.clear();
  for (const Operation& operation : operations)
    if (operation.is_get) got.emplace_back(operation.count);
  auto next = got.begin();
  for (const Operation& operation : operations) {
    if (operation.is_get) {
      shared.get(operation.target, operation.offset, *next++);
      continue;
    }
    std::vector<int> values(operation.count);
    std::iota(values.begin(), values.end(), operation.value);
    shared.put(operation.target, operation.offset, values);  // buffered: they may go
  }
}

}  // namespace

TEST_CASE("gets see old values, puts come in the order of source and program, for 1 to 17 peers") {
  auto body = [](Peer& peer) -> Task<int> {
    Shared<int> shared(peer, length_of(peer.rank()));
    Model model(peer.size());
    std::vector<std::vector<int>> got;
    int wrong = 0;
    for (int step = 0; step < 12; ++step) {
      say(shared, operations_of(peer.rank(), peer.size(), step), got);
      co_await shared.sync();
      const std::vector<std::vector<int>> expected = model.step(step, peer.rank());
      wrong += got != expected;
      const std::vector<int>& own = model.arrays[static_cast<std::size_t>(peer.rank())];
      wrong += !std::equal(own.begin(), own.end(), shared.local().begin(), shared.local().end());
    }
    co_return wrong;
  };
  run_everywhere(body, [](const std::vector<int>& wrong, const std::string& where) {
    INFO(where);
    CHECK(std::accumulate(wrong.begin(), wrong.end(), 0) == 0);
  });
}

TEST_CASE("a swap by get and put, and how many supersteps it takes") {
  auto body = [](Peer& peer) -> Task<int> {
    Shared<double> shared(peer, 1, {.check_conflicts = false});
    shared[0] = 10.0 * peer.rank();
    double right = -1;
    shared.get(peer.right(), 0, right);
    shared.put(peer.left(), 0, peer.rank() + 0.5);
    co_await shared.sync();
    int wrong = right != 10.0 * peer.right() || shared[0] != peer.right() + 0.5 || peer.superstep() != 2;
    shared.put(peer.left(), 0, 7.0);
    co_await shared.sync();
    wrong += shared[0] != 7 || peer.superstep() != 3;
    co_await shared.sync();
    wrong += shared[0] != 7 || peer.superstep() != 4;
    co_return wrong;
  };
  for (const int wrong : bsp_test::run_over(2, 5, body)) CHECK(wrong == 0);
}

// Outside of macros, where lines are those of the file.
namespace {

using Numbers = std::vector<int>;
constexpr int lines_begin = __LINE__;
Task<> put_too_far(Peer& peer) {
  Shared<int> shared(peer, 4u + static_cast<unsigned>(peer.rank()));
  co_await peer.sync();
  const Numbers two(2);
  if (peer.rank() == 0) shared.put(1, 4, two);  // line 5
  co_await shared.sync();
}
Task<> get_too_far(Peer& peer) {
  Shared<int> shared(peer, 4);
  int out = 0;
  if (peer.rank() == 1) shared.get(0, ~std::size_t{0}, out);  // line 11
  co_await shared.sync();
}
void put_and_put(int rank, Shared<int>& shared, Numbers& three) {
  if (rank == 0) shared.put(1, 4, three);  // line 15
  if (rank == 2) shared.put(1, 6, 1);      // line 16
}
void get_and_put(int rank, Shared<int>& shared, Numbers& three) {
  if (rank == 2) shared.get(1, 5, three);  // line 19
  if (rank == 1) shared.put(1, 6, 1);      // line 20
}
std::string line(int number) { return std::to_string(lines_begin + number); }
std::string at(int number) { return " (shared_test.cpp:" + line(number) + ")"; }

}  // namespace

TEST_CASE("elements that are none are errors at the barrier, with the line that asked") {
  CHECK(error_everywhere(3, put_too_far) == "bsp peer 1 superstep 1: shared array: a put by peer 0 (line " + line(5) +
                                                ") of 2 elements from 4 on, but there are 5");
  CHECK(error_everywhere(2, get_too_far) == "bsp peer 0 superstep 0: shared array: a get by peer 1 (line " + line(11) +
                                                ") of 1 elements from 18446744073709551615 on, but there are 4");
  CHECK(error_everywhere(2, [](Peer& peer) -> Task<> {
          Shared<int> shared(peer, 4);
          shared.put(2, 0, 1);
          co_await shared.sync();
        }) == "bsp peer 0: mailbox: rank is 2, expected 0 to 1");
  CHECK(error_everywhere(2,
                         [](Peer& peer) -> Task<> {
                           Shared<int> shared(peer, 4);
                           shared.put(1, 0, 1);
                           co_await peer.sync();
                           co_await shared.sync();
                         }) ==
        "bsp peer 0 superstep 1: shared array: puts or gets of superstep 0 were overtaken by another barrier; "
        "end their superstep with the array's sync()");
}

TEST_CASE("the conflict check names both operations, and finds only conflicts") {
  auto conflict = [](auto what) {
    return error_everywhere(3, [what](Peer& peer) -> Task<> {
      Shared<int> shared(peer, 20, {.check_conflicts = true});
      co_await peer.sync();
      Numbers three(3);
      what(peer.rank(), shared, three);
      co_await shared.sync();
    });
  };
  const std::string who = "bsp peer 1 superstep 1: shared array: ";
  CHECK(conflict(put_and_put) ==
        who + "put of elements 4 to 6 by peer 0" + at(15) + " overlaps put of elements 6 to 6 by peer 2" + at(16));
  CHECK(conflict(get_and_put) ==
        who + "get of elements 5 to 7 by peer 2" + at(19) + " overlaps put of elements 6 to 6 by peer 1" + at(20));
  // A long put from far to the left, behind shorter ones.
  CHECK(conflict([](int rank, Shared<int>& shared, Numbers& three) {
          if (rank == 0) shared.put(1, 0, Numbers(15));
          if (rank == 0) shared.put(1, 1, 1);
          if (rank == 2) shared.get(1, 15, three);
          if (rank == 2) shared.put(1, 14, 1);
        }).starts_with(who + "put of elements 0 to 14 by peer 0"));
  CHECK(conflict([](int rank, Shared<int>& shared, Numbers& three) {
          if (rank == 0) shared.put(1, 4, three), shared.put(1, 5, 1), shared.get(1, 4, three);  // one peer's own
          if (rank == 2) shared.get(1, 0, three), shared.put(1, 7, three);                       // beside it
          if (rank == 1) shared.get(1, 10, three), shared.put(1, 10, std::span<const int>());    // an empty one
          shared.get(1, 17, three);                                                              // gets of all overlap
        }) == "no error");
}
