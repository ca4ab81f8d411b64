#include <functional>

#include "bsp/conformance/programs.hpp"
#include "scalar/bsp/arrays/shared.hpp"
#include "scalar/bsp/collectives/all_to_all.hpp"
#include "scalar/bsp/collectives/gather.hpp"
#include "scalar/bsp/collectives/scan.hpp"
#include "scalar/bsp/runs/team.hpp"

namespace conformance {
namespace {

using namespace scalar;
using bsp::Peer;
using bsp::Task;
using Numbers = std::vector<std::uint64_t>;

std::vector<double> doubles_of(const Peer& peer, std::size_t count, std::uint64_t seed) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = rough(static_cast<std::uint64_t>(peer.rank()), i + seed);
  return values;
}
Numbers numbers_of(const Peer& peer, std::size_t count, std::uint64_t seed) {
  Numbers values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = mixed(static_cast<std::uint64_t>(peer.rank()), i, seed);
  return values;
}

Task<> scans(Peer& peer, Log& log) {
  const double one = rough(static_cast<std::uint64_t>(peer.rank()), 3);
  const double through = co_await bsp::scan(peer, one, std::plus{});
  const double before = co_await bsp::exclusive_scan(peer, one, std::minus{}, 5.5);
  log.add(through), log.add(before);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{2003}}) {
    std::vector<double> values = doubles_of(peer, size, size);
    co_await bsp::scan(peer, std::span(values), std::plus{});
    log.add(values);
    co_await bsp::exclusive_scan(peer, std::span(values), std::minus{}, 0.25);
    log.add(values);
  }
}

Task<> gathers(Peer& peer, Log& log) {
  const auto peers = static_cast<std::size_t>(peer.size());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{701}}) {
    const int root = static_cast<int>(size) % peer.size();
    Numbers values = numbers_of(peer, size, 1), all(size * peers);
    co_await bsp::gather(peer, std::span<const std::uint64_t>(values), std::span(all), root);
    log.add(all);
    co_await bsp::all_gather(peer, std::span<const std::uint64_t>(values), std::span(all));
    log.add(all);
    for (std::uint64_t& value : all) value += static_cast<std::uint64_t>(peer.rank());
    co_await bsp::scatter(peer, std::span<const std::uint64_t>(all), std::span(values), root);
    log.add(values);
    Numbers singles(peers);
    co_await bsp::all_gather(peer, mixed(static_cast<std::uint64_t>(peer.rank()), size), std::span(singles));
    log.add(singles);
  }
}

/// The shares of peers are of unequal lengths, as those of a graph's vertices are.
Task<> unequal_gathers(Peer& peer, Log& log) {
  for (int round = 0; round < 4; ++round) {
    const int root = round % peer.size();
    const Numbers values = numbers_of(peer, static_cast<std::size_t>(peer.rank() * 97 + round * 41) % 300, 4);
    Numbers all, back;
    std::vector<std::size_t> cuts;
    co_await bsp::gather_v(peer, values, all, cuts, root);
    log.add(all), log.add(cuts);
    co_await bsp::scatter_v(peer, all, cuts, back, root);
    log.add(back);
    co_await bsp::all_gather_v(peer, values, all, cuts);
    log.add(all), log.add(cuts);
  }
}

Task<> exchanges(Peer& peer, Log& log) {
  const auto peers = static_cast<std::size_t>(peer.size());
  for (const std::size_t each : {std::size_t{0}, std::size_t{1}, std::size_t{33}, std::size_t{500}}) {
    const Numbers values = numbers_of(peer, each * peers, 2);
    Numbers received(each * peers);
    co_await bsp::all_to_all(peer, std::span<const std::uint64_t>(values), std::span(received));
    log.add(received);

    std::vector<std::size_t> cuts(peers + 1), received_cuts;
    for (std::size_t to = 0; to < peers; ++to)
      cuts[to + 1] = cuts[to] + mixed(to, each, static_cast<std::uint64_t>(peer.rank())) % (each + 1);
    const Numbers uneven = numbers_of(peer, cuts.back(), 3);
    co_await bsp::all_to_all_v(peer, std::span<const std::uint64_t>(uneven), std::span<const std::size_t>(cuts),
                               received, received_cuts);
    log.add(received), log.add(received_cuts);

    const std::vector<double> terms = doubles_of(peer, each * peers, 4);
    std::vector<double> sums(each);
    co_await bsp::reduce_scatter(peer, std::span<const double>(terms), std::span(sums), std::plus{});
    log.add(sums);
  }
}

Task<> puts_and_gets(Peer& peer, Log& log) {
  bsp::Shared<double> array(peer, 40 + static_cast<std::size_t>(peer.rank()));
  const auto rank = static_cast<std::uint64_t>(peer.rank());
  for (std::uint64_t step = 0; step < 5; ++step) {
    const std::vector<double> values = doubles_of(peer, 9, step);
    std::vector<double> got(7);
    array.put(peer.right(), step * 4, std::span<const double>(values));
    array.put(static_cast<int>(mixed(rank, step) % static_cast<unsigned>(peer.size())), step * 3, rough(rank, step));
    if (step % 2 == 1) array.get(peer.left(), step, std::span(got));
    co_await array.sync();
    log.add(got);
    log.add_bytes(std::as_bytes(array.local()));
  }
}

Task<> in_team(Peer& team, Log& log, std::uint64_t seed) {
  auto box = team.mailbox<std::string>();
  for (std::uint64_t step = 0; step < seed % 4 + 2; ++step) {
    for (int to = 0; to < team.size(); ++to)
      box.emplace(to, std::to_string(mixed(seed, step, static_cast<std::uint64_t>(team.rank()))));
    co_await team.sync();
    for (const std::string& text : box.received()) log.add(text);
    const double sum = co_await all_reduce(team, rough(seed, static_cast<std::uint64_t>(team.rank())), std::plus{});
    log.add(sum);
  }
  std::vector<double> values = doubles_of(team, 301, seed);
  co_await all_reduce(team, std::span(values), std::plus{});
  log.add(values);
}

/// Teams that lie within a process, teams that lie across, teams of teams.
Task<> teams(Peer& peer, Log& log) {
  auto box = peer.mailbox<std::uint64_t>();
  for (const int parts : {1, 2, 3}) {
    const int colors[] = {peer.rank() % parts, peer.rank() * parts / peer.size()};
    for (const int color : colors) {
      auto team = co_await peer.split(color);
      co_await in_team(*team, log, static_cast<std::uint64_t>(color) + 10);
      auto half = co_await team->split(team->rank() % 2);
      co_await in_team(*half, log, static_cast<std::uint64_t>(color) + 20);
    }
    box.send(peer.right(), static_cast<std::uint64_t>(parts));
    co_await peer.sync();
    for (const std::uint64_t seen : box.received()) log.add(seen);
  }
}

}  // namespace

std::vector<Program> exchange_programs() {
  return {{"scans", up_to(17), scans},
          {"gathers", {1, 2, 3, 4, 5, 8, 13}, gathers},
          {"unequal gathers", {1, 2, 3, 4, 5, 8, 13}, unequal_gathers},
          {"exchanges", {1, 2, 3, 4, 6, 9, 17}, exchanges},
          {"puts and gets", {1, 2, 4, 5, 9}, puts_and_gets},
          {"teams", {1, 2, 4, 5, 8, 12}, teams}};
}

}  // namespace conformance
