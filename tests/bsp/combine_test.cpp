#include "scalar/bsp/messages/combine.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bsp/loopback.hpp"
#include "bsp/places.hpp"
#include "scalar/bsp/cost/trace.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/random.hpp"
#include "support/catch.hpp"

using namespace scalar;
using bsp::CombineOptions;
using bsp::CombinePolicy;
using bsp::Combining;
using bsp::Peer;
using bsp::Task;
using bsp_test::engine_of;
using bsp_test::places;

namespace {

constexpr CombinePolicy policies[] = {CombinePolicy::automatic, CombinePolicy::dense, CombinePolicy::hash,
                                      CombinePolicy::plain};
constexpr int steps = 6;

struct Message {
  std::uint64_t key;
  double value;
};

/// What `rank` sends in a superstep: much, little and nothing by turns; doubles whose sum shows the order of additions.
std::vector<Message> messages_of(int rank, int step, std::uint64_t keys) {
  Philox random(static_cast<std::uint64_t>(rank) * 100 + static_cast<std::uint64_t>(step), 0);
  const std::uint64_t counts[] = {keys * 2, 5, keys / 2, 0, keys * 3, 1};
  std::vector<Message> all;
  for (std::uint64_t i = 0; i < counts[step % 6]; ++i)
    all.push_back({random() % keys,
                   std::ldexp(static_cast<double>(random() % 1000) - 500.3, static_cast<int>(random() % 40) - 20)});
  return all;
}

using Expected = std::map<std::uint64_t, double>;

/// The definition: each source's messages in order, then the sources in rank order.
Expected expected_of(int peers, int step, std::uint64_t keys) {
  Expected all;
  for (int rank = 0; rank < peers; ++rank) {
    Expected own;
    for (const Message& message : messages_of(rank, step, keys)) {
      const auto [place, is_new] = own.emplace(message.key, message.value);
      if (!is_new) place->second += message.value;
    }
    for (const auto& [key, value] : own) {
      const auto [place, is_new] = all.emplace(key, value);
      if (!is_new) place->second += value;
    }
  }
  return all;
}

std::uint64_t unique_pairs(int peers, int step, std::uint64_t keys) {
  std::uint64_t count = 0;
  for (int rank = 0; rank < peers; ++rank) {
    std::map<std::uint64_t, int> seen;
    for (const Message& message : messages_of(rank, step, keys)) seen[message.key] = 1;
    count += seen.size();
  }
  return count;
}

int scattered_owner(std::uint64_t key, int peers) { return static_cast<int>(key * 7 % static_cast<unsigned>(peers)); }

struct Got {
  std::vector<std::vector<std::pair<std::uint64_t, double>>> steps;
  std::vector<std::uint64_t> pairs;
  std::string explained;
};

template <class Box>
void send_all(Box& box, const std::vector<Message>& messages) {
  for (const Message& message : messages) box.send(static_cast<unsigned>(message.key), message.value);
}

Task<Got> sums(Peer& peer, CombineOptions options, std::uint64_t keys) {
  Got got;
  Combining<unsigned, double> box(peer, options);
  for (int step = 0; step < steps; ++step) {
    send_all(box, messages_of(peer.rank(), step, keys));
    co_await peer.sync();
    auto& now = got.steps.emplace_back();
    box.receive([&](unsigned key, double value) { now.push_back({key, value}); });
    got.pairs.push_back(box.pairs());
    for (const auto& [key, value] : now)
      if (box.find(static_cast<unsigned>(key)) == nullptr || *box.find(static_cast<unsigned>(key)) != value)
        now.push_back({key, -1});
  }
  got.explained = box.explain();
  co_return got;
}

std::vector<Got> in_one(const bsp::Engine& engine, auto body) { return engine.run_all(body); }
std::vector<Got> in_several(int processes, int peers, auto body) {
  std::vector<std::vector<Got>> parts(static_cast<std::size_t>(processes));
  bsp_test::in_processes(processes, engine_of(peers).options(), [&](bsp::Engine& engine, int process) {
    parts[static_cast<std::size_t>(process)] = engine.run_all(body);
  });
  std::vector<Got> all;
  for (auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

void check_sums(const bsp::Engine& engine, const CombineOptions& options, std::uint64_t keys, int processes = 1) {
  const int peers = engine.options().peers;
  auto body = [&](Peer& peer) -> Task<Got> { return sums(peer, options, keys); };
  const std::vector<Got> all = processes == 1 ? in_one(engine, body) : in_several(processes, peers, body);
  REQUIRE(all.size() == static_cast<std::size_t>(peers));
  for (int step = 0; step < steps; ++step) {
    const Expected expected = expected_of(peers, step, keys);
    std::size_t count = 0;
    std::uint64_t pairs = 0;
    int wrong = 0;
    for (const Got& got : all) {
      const auto& now = got.steps[static_cast<std::size_t>(step)];
      CHECK(std::is_sorted(now.begin(), now.end(), [](auto& a, auto& b) { return a.first < b.first; }));
      for (const auto& [key, value] : now) {
        const auto place = expected.find(key);
        wrong += place == expected.end() || std::memcmp(&place->second, &value, sizeof value) != 0;
      }
      count += now.size();
      pairs += got.pairs[static_cast<std::size_t>(step)];
    }
    CHECK(wrong == 0);
    CHECK(count == expected.size());
    if (options.policy != CombinePolicy::automatic && options.policy != CombinePolicy::plain)
      CHECK(pairs == unique_pairs(peers, step, keys));
    if (options.policy == CombinePolicy::plain) {
      std::size_t sent = 0;
      for (int rank = 0; rank < peers; ++rank) sent += messages_of(rank, step, keys).size();
      CHECK(pairs == sent);
    }
  }
}

std::string error_of(int peers, auto body) {
  try {
    engine_of(peers).run(body);
    return "no error";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("combined sums have the same bits for every policy, owner rule and schedule") {
  for (const int peers : {1, 2, 3, 17})
    for (const CombinePolicy policy : policies) {
      INFO(name(policy) << ", " << peers << " peers");
      for (const std::uint64_t keys : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{1500}}) {
        INFO(keys << " keys");
        check_sums(engine_of(peers), {.keys = keys, .policy = policy}, keys);
        std::vector<std::uint64_t> cuts(static_cast<std::size_t>(peers) + 1, 0);  // peer 0 owns few, the last the rest
        for (std::size_t i = 1; i < cuts.size(); ++i) cuts[i] = keys * i * i / (cuts.size() - 1) / (cuts.size() - 1);
        check_sums(engine_of(peers), {.cuts = cuts, .policy = policy}, keys);
        if (policy == CombinePolicy::dense) continue;
        check_sums(engine_of(peers), {.keys = keys, .owner = &scattered_owner, .policy = policy}, keys);
        check_sums(engine_of(peers), {.owner = &scattered_owner, .policy = policy}, keys);
      }
    }
  for (const auto& place : places(5)) {
    INFO(place.name);
    for (const CombinePolicy policy : policies)
      check_sums(bsp::Engine(place.options), {.keys = 3000, .policy = policy}, 3000);
  }
}

TEST_CASE("combined sums have the same bits across processes, and few bytes travel") {
  for (const int processes : {2, 3, 4})
    for (const int peers : {4, 7})
      for (const CombinePolicy policy : policies) {
        INFO(name(policy) << ", " << peers << " peers in " << processes << " processes");
        check_sums(engine_of(peers), {.keys = 1500, .policy = policy}, 1500, processes);
        check_sums(engine_of(peers), {.keys = 7, .policy = policy}, 7, processes);
        if (policy == CombinePolicy::dense) continue;
        check_sums(engine_of(peers), {.owner = &scattered_owner, .policy = policy}, 1500, processes);
      }
}

Task<Got> lists(Peer& peer, CombineOptions options, std::uint64_t keys, bool at_once) {
  Got got;
  Combining<unsigned, double> box(peer, options);
  for (int step = 0; step < steps; ++step) {
    std::vector<unsigned> all;
    std::vector<double> values;
    for (const Message& message : messages_of(peer.rank(), step, keys)) {
      all.push_back(static_cast<unsigned>(message.key));
      values.push_back(message.value);
    }
    for (std::size_t begin = 0, length = 0; begin < all.size(); begin += length, length = length * 3 % 101 + 1) {
      const auto list = std::span(all).subspan(begin, (std::min)(length, all.size() - begin));
      const double value = values[begin];
      if (at_once)
        box.send(list, value, all.data() + all.size());
      else
        for (const unsigned key : list) box.send(key, value);
    }
    co_await peer.sync();
    auto& now = got.steps.emplace_back();
    box.receive([&](unsigned key, double value) { now.push_back({key, value}); });
    got.pairs.push_back(box.pairs());
  }
  co_return got;
}

TEST_CASE("a value for a list of keys is what it is for each of them") {
  const std::uint64_t keys = GENERATE(7u, 3000u);
  for (const CombinePolicy policy : policies) {
    INFO(bsp::name(policy));
    const CombineOptions options{.keys = keys, .policy = policy};
    const auto of = [&](bool at_once) {
      return engine_of(3).run_all([&](Peer& peer) -> Task<Got> { return lists(peer, options, keys, at_once); });
    };
    const std::vector<Got> one_by_one = of(false), at_once = of(true);
    std::size_t received = 0;
    for (std::size_t rank = 0; rank < 3; ++rank) {
      CHECK(one_by_one[rank].steps == at_once[rank].steps);
      CHECK(one_by_one[rank].pairs == at_once[rank].pairs);
      for (const auto& step : at_once[rank].steps) received += step.size();
    }
    CHECK(received > keys);
  }
}

TEST_CASE("a trace counts dense values as the pairs that they are") {
  for (const CombinePolicy policy : {CombinePolicy::dense, CombinePolicy::plain}) {
    INFO(bsp::name(policy));
    auto trace = std::make_shared<bsp::Trace>();
    bsp::EngineOptions options = engine_of(3).options();
    options.trace = trace;
    const auto body = [&](Peer& peer) -> Task<Got> { return sums(peer, {.keys = 900, .policy = policy}, 900); };
    bsp::Engine(options).run_all(body);
    const auto records = trace->records();
    REQUIRE(records.size() >= steps);
    for (int step = 0; step < steps; ++step) {
      std::uint64_t sent = 0;
      for (int rank = 0; rank < 3; ++rank) sent += messages_of(rank, step, 900).size();
      const std::uint64_t expected = policy == CombinePolicy::dense ? unique_pairs(3, step, 900) : sent;
      CHECK(records[static_cast<std::size_t>(step)].messages == expected);
      CHECK(records[static_cast<std::size_t>(step)].bytes == expected * Combining<unsigned, double>::pair_bytes);
    }
  }
}

TEST_CASE("minima, and values without a vacant one, are combined") {
  for (const CombinePolicy policy : policies) {
    INFO(name(policy));
    auto body = [&](Peer& peer) -> Task<int> {
      Combining<std::uint64_t, int, bsp::Minimum> least(peer, {.keys = 40, .policy = policy});
      struct Both {
        int count = 0;
        long sum = 0;
      };
      auto add = [](Both a, Both b) { return Both{a.count + b.count, a.sum + b.sum}; };
      Combining<unsigned char, Both, decltype(add)> both(peer, {.keys = 256, .policy = policy}, add);
      int wrong = 0;
      for (int step = 0; step < 4; ++step) {
        for (int i = 0; i < 200; ++i) least.send(static_cast<unsigned>(i % 37), i * 3 + peer.rank() - 5 * step);
        for (int i = 0; i < 100; ++i) both.send(static_cast<unsigned char>(i % 2 * 255), {1, i});
        co_await peer.sync();
        std::uint64_t seen = 0;
        least.receive([&](std::uint64_t key, int value) {
          ++seen;
          wrong += value != static_cast<int>(key) * 3 - 5 * step || key < least.first_key() || key >= least.last_key();
        });
        wrong +=
            seen != (std::min)(least.last_key(), std::uint64_t{37}) - (std::min)(least.first_key(), std::uint64_t{37});
        if (const Both* last = both.find(255); last != nullptr)
          wrong += peer.rank() + 1 != peer.size() || last->count != 50 * peer.size() || last->sum != 2500 * peer.size();
        wrong += both.find(1) != nullptr || both.find(254) != nullptr;
        wrong += (both.find(255) != nullptr) != (peer.rank() + 1 == peer.size());
      }
      co_return wrong;
    };
    for (const int wrong : engine_of(3).run_all(body)) CHECK(wrong == 0);
  }
}

TEST_CASE("the automatic policy becomes dense within a superstep, stays so, and leaves it when little is sent") {
  auto body = [](Peer& peer) -> Task<std::string> {
    Combining<unsigned, float> box(peer, {.keys = 400});
    std::string text = box.explain() + "\n";
    for (const int count : {100, 101, 500, 3, 3}) {
      for (int i = 0; i < count; ++i) box.send(static_cast<unsigned>(i % 60), 1);
      text += box.explain() + "\n";
      co_await peer.sync();
    }
    co_return text;
  };
  const std::string plain = "plain (hash to other processes): dense only above 100 messages\n";
  CHECK(engine_of(2).run(body) == plain + plain + "dense: 101 messages to 400 keys in this superstep\n" +
                                      "dense: 60 of 400 keys got values in the last superstep\n" +
                                      "dense: 60 of 400 keys got values in the last superstep\n" + plain);
  auto asked = [](Peer& peer) -> Task<std::string> {
    Combining<unsigned, float> box(peer, {.keys = 400, .policy = CombinePolicy::plain});
    co_return box.explain();
  };
  CHECK(engine_of(1).run(asked) == "plain: asked for");
}

TEST_CASE("what a returned peer did not read does no harm, nor does a combining that comes again") {
  for (const CombinePolicy policy : policies) {
    INFO(name(policy));
    auto body = [&](Peer& peer) -> Task<int> {
      int wrong = 0;
      for (int round = 0; round < 3; ++round) {
        Combining<unsigned, long> box(peer, {.keys = 90, .policy = policy});
        box.receive([&](unsigned, long) { ++wrong; });
        for (int step = 0; step < 5; ++step) {
          for (unsigned key = 0; key < 90; ++key) box.send(key, step + 1);
          if (peer.rank() == 2 && round == 2 && step == 1) co_return wrong;
          co_await peer.sync();
          const int sending = round == 2 && step > 1 ? 2 : 3;  // what a peer sends before it returns arrives
          unsigned count = 0;
          box.receive([&](unsigned, long sum) { ++count, wrong += sum != (step + 1) * sending; });
          wrong += count != 30;
        }
        for (unsigned key = 0; key < 90; ++key) box.send(key, 1000);  // nobody will read it
      }
      co_return wrong;
    };
    for (const int wrong : engine_of(3).run_all(body)) CHECK(wrong == 0);
  }
}

TEST_CASE("keys that are none, and peers that do not agree, are errors") {
  for (const CombinePolicy policy : policies) {
    INFO(name(policy));
    CHECK(error_of(2, [&](Peer& peer) -> Task<> {
            Combining<unsigned, double> box(peer, {.keys = 10, .policy = policy});
            for (int i = 0; i < 20; ++i) box.send(3, 1);
            co_await peer.sync();
            box.send(2, 1);
            if (peer.rank() == 1) box.send(10, 1);
            co_await peer.sync();
          }) == "bsp peer 1 superstep 1: combining mailbox: key is 10, expected 0 to 9");
    CHECK(error_of(1, [&](Peer& peer) -> Task<> {
            Combining<unsigned, double> box(peer, {.keys = 10, .policy = policy});
            for (int i = 0; i < 20; ++i) box.send(3, 1);
            box.send(4, bsp::detail::Vacancy<std::plus<>, double>::value);
            co_return;
          }) == "bsp peer 0 superstep 0: combining mailbox: the value for key 4 is the one that stands for no message");
    const std::vector<unsigned> list{3, 4, 11, 5};
    CHECK(error_of(1, [&](Peer& peer) -> Task<> {
            Combining<unsigned, double> box(peer, {.keys = 10, .policy = policy});
            box.send(list, 1, list.data() + list.size());
            co_return;
          }) == "bsp peer 0 superstep 0: combining mailbox: key is 11, expected 0 to 9");
    CHECK(error_of(1, [&](Peer& peer) -> Task<> {
            Combining<unsigned, double> box(peer, {.keys = 10, .policy = policy});
            box.send(list, bsp::detail::Vacancy<std::plus<>, double>::value, list.data() + list.size());
            co_return;
          }) == "bsp peer 0 superstep 0: combining mailbox: the value for key 3 is the one that stands for no message");
  }
  CHECK(error_of(2, [](Peer& peer) -> Task<> {
          Combining<unsigned, double> box(peer,
                                          {.owner = [](std::uint64_t key, int) { return static_cast<int>(key); }});
          box.send(1, 1);
          if (peer.rank() == 0) box.send(2, 1);
          co_return;
        }) == "bsp peer 0 superstep 0: combining mailbox: the owner of key 2 is 2, expected 0 to 1");
  const std::uint64_t cuts[] = {0, 4, 9}, nothing[] = {0, 0}, falling[] = {0, 9, 4}, late[] = {1, 4, 9};
  const auto options_error = [](const CombineOptions& options) {
    return error_of(2, [&](Peer& peer) -> Task<> {
      Combining<unsigned char, double> box(peer, options);
      co_return;
    });
  };
  CHECK(options_error({}) == "combining mailbox: keys is 0; give the number of keys, or an owner function");
  CHECK(options_error({.cuts = falling}) == "combining mailbox: cut 2 is 4, which is less than the one before, 9");
  CHECK(options_error({.cuts = late}) == "combining mailbox: the first cut is 1, expected 0");
  CHECK(options_error({.cuts = std::span(cuts).first(2)}) ==
        "combining mailbox: 2 cuts are given for 2 peers, expected 3");
  CHECK(options_error({.keys = 8, .cuts = cuts}) == "combining mailbox: the last cut is 9, but there are 8 keys");
  CHECK(options_error({.cuts = cuts, .owner = &scattered_owner}) ==
        "combining mailbox: both cuts and an owner function are given, expected one of them");
  CHECK(options_error({.owner = &scattered_owner, .policy = CombinePolicy::dense}) ==
        "combining mailbox: a dense combiner needs keys in ranges: give cuts instead of an owner function");
  CHECK(options_error({.keys = 257}) == "combining mailbox: 257 keys are more than a key of 1 bytes can tell apart");
  CHECK(error_of(2, [](Peer& peer) -> Task<> {
          if (peer.rank() == 1) co_await peer.sync();
          Combining<unsigned, double> box(peer, {.keys = 10u + static_cast<unsigned>(peer.rank())});
          co_await peer.sync();
        }) == "bsp peer 1: combining mailbox: the keys, cuts or policy differ from those of another peer");
  CHECK(error_of(1, [&](Peer& peer) -> Task<> {
          Combining<unsigned, double> none(peer, {.cuts = nothing});
          none.send(0, 1);
          co_return;
        }) == "bsp peer 0 superstep 0: combining mailbox: key is 0, but there are no keys");
}

TEST_CASE("keys may be anything where a function owns them") {
  for (const CombinePolicy policy : {CombinePolicy::automatic, CombinePolicy::hash}) {
    auto body = [&](Peer& peer) -> Task<std::uint64_t> {
      Combining<std::uint64_t, std::uint64_t> box(peer, {.owner = &scattered_owner, .policy = policy});
      for (int i = 0; i < 64; ++i) box.send(std::uint64_t{1} << i, 1);
      box.send(~std::uint64_t{1}, 1);
      co_await peer.sync();
      std::uint64_t sum = 0;
      box.receive([&](std::uint64_t key, std::uint64_t count) { sum += key * count; });
      co_return sum;
    };
    std::uint64_t sum = 0;
    for (const std::uint64_t part : engine_of(3).run_all(body)) sum += part;
    CHECK(sum == (~std::uint64_t{0} + ~std::uint64_t{1}) * 3);
  }
}
