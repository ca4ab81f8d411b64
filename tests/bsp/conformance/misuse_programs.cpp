#include <functional>
#include <stdexcept>

#include "bsp/conformance/programs.hpp"
#include "scalar/bsp/aborted.hpp"
#include "scalar/bsp/arrays/replicated.hpp"
#include "scalar/core/error.hpp"

namespace conformance {
namespace {

using namespace scalar;
using bsp::Aborted;
using bsp::Peer;
using bsp::Task;

bool is_last(const Peer& peer) { return peer.rank() == peer.size() - 1; }

void log_aborted(const Aborted& aborted, Log& log) {
  log.add(aborted.rank()), log.add(aborted.superstep()), log.add(std::string_view(aborted.what()));
}

/// Syncs until it is told that another has failed.
Task<> sync_until_aborted(Peer& peer, Log& log) {
  auto box = peer.mailbox<std::uint64_t>();
  try {
    for (std::uint64_t step = 0;; ++step) {
      for (int to = 0; to < peer.size(); ++to) box.send(to, step);
      co_await peer.sync();
      for (const std::uint64_t seen : box.received()) log.add(seen);
    }
  } catch (const Aborted& aborted) {
    log_aborted(aborted, log);
    throw;
  }
}

Task<> throws_at_once(Peer& peer, Log& log) {
  if (is_last(peer)) throw Error(Errc::parse, "the last one", "here");
  co_await sync_until_aborted(peer, log);
}

Task<> throws_computing(Peer& peer, Log& log) {
  if (!is_last(peer)) {
    co_await sync_until_aborted(peer, log);
    co_return;
  }
  auto box = peer.mailbox<std::uint64_t>();
  for (int step = 0; step < 3; ++step) co_await peer.sync();
  throw std::runtime_error("in the fourth superstep");
}

Task<> throws_after_sending(Peer& peer, Log& log) {
  auto box = peer.mailbox<std::string>();
  try {
    for (int step = 0; step < 5; ++step) {
      for (int to = 0; to < peer.size(); ++to) box.emplace(to, std::size_t{200'000}, 'x');
      if (step == 2 && peer.rank() == peer.size() / 2) throw Error(Errc::too_large, "the middle one");
      co_await peer.sync();
      for (const std::string& text : box.received()) log.add(text);
    }
  } catch (const Aborted& aborted) {
    log_aborted(aborted, log);
    throw;
  }
}

Task<> two_throw(Peer& peer, Log& log) {
  if (is_last(peer) || peer.rank() == peer.size() / 2) {
    co_await peer.sync();
    throw Error(Errc::failed, "peer " + std::to_string(peer.rank()));
  }
  try {
    for (;;) co_await peer.sync();
  } catch (const Aborted& aborted) {
    log_aborted(aborted, log);
    throw;
  }
}

Task<int> helper_that_throws(Peer& peer) {
  co_await peer.sync();
  if (peer.rank() == 0) throw Error(Errc::empty, "in a helper");
  co_return 1;
}

Task<> throws_in_helper(Peer& peer, Log& log) {
  try {
    log.add(co_await helper_that_throws(peer));
    co_await peer.sync();
  } catch (const Aborted& aborted) {
    log_aborted(aborted, log);
    throw;
  }
}

struct ThrowingSum {
  double operator()(double a, double b) const {
    if (b > 1000) throw Error(Errc::out_of_range, "more than a thousand", "sum");
    return a + b;
  }
};

Task<> throws_in_fold(Peer& peer, Log& log) {
  try {
    log.add(co_await all_reduce(peer, 1.0, ThrowingSum{}));
    log.add(co_await all_reduce(peer, is_last(peer) ? 2000.0 : 1.0, ThrowingSum{}));
  } catch (const Aborted& aborted) {
    log_aborted(aborted, log);
    throw;
  }
}

/// Who folds the element that cannot be folded depends on where the others live, and so who is to blame; the error does
/// not.
Task<> throws_in_vector_fold(Peer& peer, Log&) {
  std::vector<double> values(1000, 1.0);
  if (is_last(peer)) values[peer.size() == 1 ? 0 : 777] = 2000;
  co_await all_reduce(peer, std::span(values), ThrowingSum{});
  co_await peer.sync();
  throw Error(Errc::internal, "the fold did not throw");
}

/// The others have returned when the last one fails.
Task<> throws_last_of_all(Peer& peer, Log& log) {
  if (!is_last(peer)) {
    co_await peer.sync();
    co_return;
  }
  for (int step = 0; step < 4; ++step) co_await peer.sync();
  log.add(peer.superstep());
  throw Error(Errc::canceled, "nobody is left");
}

Task<> swallows(Peer& peer, Log& log) {
  if (peer.rank() == 0) {
    co_await peer.sync();
    throw Error(Errc::not_found, "nothing here");
  }
  for (int times = 0; times < 3; ++times) try {
      for (;;) co_await peer.sync();
    } catch (const Aborted& aborted) {
      log_aborted(aborted, log);  // once: it is not run again
    }
}

Task<> different_collectives(Peer& peer, Log&) {
  co_await peer.sync();
  if (is_last(peer))
    co_await all_reduce(peer, 1, std::plus{});
  else
    co_await broadcast(peer, 1);
}

Task<> collective_and_sync(Peer& peer, Log& log) {
  try {
    if (peer.rank() == 0)
      co_await peer.sync();
    else
      co_await all_reduce(peer, 1, std::plus{});
  } catch (const Aborted& aborted) {
    log_aborted(aborted, log);
    throw;
  }
}

Task<> different_types(Peer& peer, Log&) {
  if (is_last(peer))
    co_await all_reduce(peer, 1.0, std::plus{});
  else
    co_await all_reduce(peer, 1, std::plus{});
}

Task<> different_roots(Peer& peer, Log&) { co_await broadcast(peer, 1, is_last(peer) ? 0 : 1); }

Task<> different_lengths(Peer& peer, Log&) {
  std::vector<double> values(is_last(peer) ? 10 : 11);
  co_await all_reduce(peer, std::span(values), std::plus{});
}

Task<> missed_collective(Peer& peer, Log&) {
  if (is_last(peer)) co_return;
  co_await peer.sync();
  co_await all_reduce(peer, 1, std::plus{});
}

Task<> mailbox_of_another_type(Peer& peer, Log&) {
  if (is_last(peer)) {
    auto box = peer.mailbox<double>();
    for (int to = 0; to < peer.size(); ++to) box.send(to, 1.0);
    for (;;) co_await peer.sync();
  } else {
    auto box = peer.mailbox<std::string>();
    for (int to = 0; to < peer.size(); ++to) box.emplace(to, "text");
    for (;;) co_await peer.sync();
  }
}

Task<> no_such_rank(Peer& peer, Log& log) {
  auto box = peer.mailbox<int>();
  try {
    co_await peer.sync();
    if (is_last(peer)) box.send(peer.size(), 1);
    co_await peer.sync();
  } catch (const Aborted& aborted) {
    log_aborted(aborted, log);
    throw;
  }
}

Task<> half_published(Peer& peer, Log&) {
  bsp::Replicated<double> array(peer, 100);
  if (!is_last(peer)) array.publish();
  co_await peer.sync();
}

}  // namespace

std::vector<Program> misuse_programs() {
  return {{"a throw before the first barrier", {1, 2, 4, 7, 17}, throws_at_once},
          {"a throw between barriers", {1, 2, 4, 5}, throws_computing},
          {"a throw after sending", {1, 2, 4, 6}, throws_after_sending},
          {"two throws in one superstep", {1, 2, 3, 4, 9}, two_throw},
          {"a throw in a helper", {1, 2, 4, 5}, throws_in_helper},
          {"a throw in a fold", {2, 4, 5}, throws_in_fold},
          {"a throw in the fold of vectors", {2, 4, 5}, throws_in_vector_fold},
          {"a throw when the others have returned", {1, 2, 4, 9}, throws_last_of_all},
          {"an error that is swallowed", {1, 2, 4, 6}, swallows},
          {"different collectives", {2, 4, 5, 17}, different_collectives},
          {"a collective and a sync", {2, 4, 5}, collective_and_sync},
          {"collectives of different types", {2, 4, 6}, different_types},
          {"different roots", {2, 4, 5}, different_roots},
          {"vectors of different lengths", {2, 4, 5}, different_lengths},
          {"a missed collective", {2, 4, 5, 9}, missed_collective},
          {"mailboxes of different types", {2, 4, 5}, mailbox_of_another_type, Errc::type_mismatch},
          {"no such rank", {1, 2, 4}, no_such_rank},
          {"an array that only some publish", {2, 4, 5}, half_published, Errc::invalid_argument}};
}

}  // namespace conformance
