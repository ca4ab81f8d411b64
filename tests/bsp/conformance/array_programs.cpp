#include <algorithm>

#include "bsp/conformance/programs.hpp"
#include "scalar/bsp/arrays/replicated.hpp"
#include "scalar/bsp/messages/combine.hpp"

namespace conformance {
namespace {

using namespace scalar;
using bsp::CombinePolicy;
using bsp::Combining;
using bsp::Peer;
using bsp::Replicated;
using bsp::Task;

void write_next(Replicated<double>& array, std::uint64_t step) {
  const auto next = array.next();
  const auto size = array.size();
  for (std::size_t i = 0; i < next.size(); ++i)
    next[i] = array[(array.share().begin + i + step) % size] / 2 + rough(array.share().begin + i, step);
}

Task<> replicated(Peer& peer, Log& log) {
  Replicated<double> array(peer, 1003);
  for (std::uint64_t step = 0; step < 6; ++step) {
    write_next(array, step);
    if (step != 3) array.publish();  // in one superstep nothing is published
    co_await peer.sync();
    log.add_bytes(std::as_bytes(array.values()));
  }
}

Task<> replicated_unevenly(Peer& peer, Log& log) {
  const auto rank = static_cast<std::size_t>(peer.rank()), size = static_cast<std::size_t>(peer.size());
  // Half of the peers write nothing.
  const std::size_t part = 10;
  const std::size_t begin = (rank / 2) * part, end = rank % 2 == 0 ? begin + part : begin;
  const std::size_t total = (size + 1) / 2 * part;
  Replicated<std::uint64_t> array(peer, total, rank % 2 == 0 ? Range{begin, end} : Range{begin + part, begin + part});
  for (std::uint64_t step = 0; step < 4; ++step) {
    for (std::uint64_t& value : array.next())
      value = mixed(step, rank, static_cast<std::uint64_t>(&value - array.next().data()));
    array.publish();
    co_await peer.sync();
    log.add_bytes(std::as_bytes(array.values()));
  }
}

void send_keys(Combining<std::uint32_t, double>& box, std::uint64_t rank, std::uint64_t step, std::uint64_t keys) {
  for (std::uint64_t k = 0; k < (step % 2 == 0 ? keys * 2 : 5); ++k)
    box.send(static_cast<std::uint32_t>(mixed(rank, step, k) % keys), rough(rank, k + step));
}

Task<> combining(Peer& peer, Log& log) {
  for (const CombinePolicy policy :
       {CombinePolicy::automatic, CombinePolicy::dense, CombinePolicy::hash, CombinePolicy::plain}) {
    const bsp::CombineOptions options{.keys = 301, .policy = policy};
    Combining<std::uint32_t, double> box(peer, options);
    for (std::uint64_t step = 0; step < 4; ++step) {
      send_keys(box, static_cast<std::uint64_t>(peer.rank()), step, 301);
      co_await peer.sync();
      box.receive([&](std::uint32_t key, double value) { log.add(key), log.add(value); });
    }
  }
}

int scattered(std::uint64_t key, int peers) { return static_cast<int>(mixed(key) % static_cast<unsigned>(peers)); }

Task<> combining_by_function(Peer& peer, Log& log) {
  const bsp::CombineOptions options{.owner = &scattered};
  Combining<std::uint64_t, std::uint64_t, bsp::Minimum> box(peer, options);
  for (std::uint64_t step = 0; step < 4; ++step) {
    for (std::uint64_t k = 0; k < 50; ++k)
      box.send(mixed(k % 20), mixed(static_cast<std::uint64_t>(peer.rank()), k, step));
    co_await peer.sync();
    box.receive([&](std::uint64_t key, std::uint64_t value) { log.add(key), log.add(value); });
  }
}

}  // namespace

std::vector<Program> array_programs() {
  return {{"replicated array", up_to(17), replicated},
          {"replicated array, uneven", {1, 2, 3, 4, 7, 9}, replicated_unevenly},
          {"combining", {1, 2, 3, 4, 8, 17}, combining},
          {"combining by an owner function", {1, 2, 4, 5}, combining_by_function}};
}

}  // namespace conformance
