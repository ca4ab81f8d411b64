#include <functional>

#include "bsp/conformance/programs.hpp"
#include "scalar/bsp/aggregator.hpp"
#include "scalar/bsp/counters.hpp"
#include "scalar/bsp/supersteps.hpp"

namespace conformance {
namespace {

using namespace scalar;
using bsp::Peer;
using bsp::Task;

/// Neither commutative nor associative.
struct Entangle {
  std::uint64_t operator()(std::uint64_t a, std::uint64_t b) const noexcept { return mixed(a, b); }
};

struct Wide {
  std::uint64_t numbers[30];
};
struct AddWide {
  Wide operator()(Wide a, const Wide& b) const noexcept {
    for (std::size_t i = 0; i < std::size(a.numbers); ++i) a.numbers[i] = a.numbers[i] * 3 + b.numbers[i];
    return a;
  }
};

Task<> scalars(Peer& peer, Log& log) {
  const auto rank = static_cast<std::uint64_t>(peer.rank());
  for (std::uint64_t step = 0; step < 4; ++step) {
    const double sum = co_await all_reduce(peer, rough(rank, step), std::plus{});
    log.add(sum);
    const std::uint64_t tangle = co_await all_reduce(peer, mixed(rank, step), Entangle{});
    log.add(tangle);
    const int root = static_cast<int>(step) % peer.size();
    const double difference = co_await reduce(peer, rough(rank, step + 100), std::minus{}, root);
    log.add(difference);
    const std::uint64_t given = co_await broadcast(peer, mixed(rank, step, 5), peer.size() - 1 - root);
    log.add(given);
    Wide wide{};
    for (std::size_t i = 0; i < std::size(wide.numbers); ++i) wide.numbers[i] = mixed(rank, i, step);
    const Wide all = co_await all_reduce(peer, wide, AddWide{});
    log.add(all);
    const char letter = co_await broadcast(peer, static_cast<char>('a' + peer.rank()), root);
    log.add(letter);
  }
}

Task<> spans(Peer& peer, Log& log) {
  const auto rank = static_cast<std::uint64_t>(peer.rank());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{9}, std::size_t{1000}, std::size_t{4099}}) {
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = rough(rank, i);
    co_await all_reduce(peer, std::span(values), std::plus{});
    log.add(values);
    for (std::size_t i = 0; i < size; ++i) values[i] += rough(rank, i + 7);
    const int root = static_cast<int>(size) % peer.size();
    co_await reduce(peer, std::span(values), std::minus{}, root);
    log.add(values);
    for (std::size_t i = 0; i < size; ++i) values[i] += rough(rank, i + 9);
    co_await broadcast(peer, std::span(values), peer.size() - 1 - root);
    log.add(values);
    std::vector<std::uint64_t> tangles(size);
    for (std::size_t i = 0; i < size; ++i) tangles[i] = mixed(rank, i);
    co_await all_reduce(peer, std::span(tangles), Entangle{});
    log.add(tangles);
  }
}

/// Vectors between messages and single values: nothing of one may show in another.
Task<> interleaved(Peer& peer, Log& log) {
  auto box = peer.mailbox<double>();
  const auto rank = static_cast<std::uint64_t>(peer.rank());
  std::vector<float> values(513);
  for (std::uint64_t step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(rough(rank, i + step));
    box.send(peer.right(), rough(rank, step));
    co_await all_reduce(peer, std::span(values), std::plus{});
    box.send(peer.left(), static_cast<double>(values[step]));
    const double most = co_await all_reduce(peer, rough(rank, step), [](double a, double b) { return a < b ? b : a; });
    for (const double seen : box.received()) log.add(seen);
    log.add(most);
    log.add_bytes(std::as_bytes(std::span(values)));
    co_await peer.sync();
  }
}

Task<> large_vectors(Peer& peer, Log& log) {
  std::vector<float> values(3'000'003);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i % 1000) * 0.1f + static_cast<float>(peer.rank());
  co_await all_reduce(peer, std::span(values), std::plus{});
  log.add_bytes(std::as_bytes(std::span(values)));
  co_await broadcast(peer, std::span(values), peer.size() / 2);
  log.add_bytes(std::as_bytes(std::span(values)));
}

Task<> aggregators(Peer& peer, Log& log) {
  using Seen = bsp::Counters<"even", "odd">;
  bsp::Aggregator<Seen> counts;
  bsp::Aggregator<double> sum;
  bsp::Aggregator<bsp::Mean> mean;
  const auto rank = static_cast<std::uint64_t>(peer.rank());
  for (std::uint64_t step = 0; step < 5; ++step) {
    Seen seen;
    (rank + step) % 2 == 0 ? seen.at<"even">() += step : seen.at<"odd">() += rank;
    counts.add(seen), sum.add(rough(rank, step)), mean.add(bsp::Mean(rough(step, rank)));
    co_await bsp::sync(peer, counts, sum, mean);
    log.add(counts.value().at<"even">()), log.add(counts.value().at<"odd">());
    log.add(sum.value()), log.add(mean.value().value());
  }
}

struct Token {
  std::uint64_t value = 1;
  int left = 6;
  bool pass(Peer& peer, bsp::Mailbox<std::uint64_t>& box) {
    for (const std::uint64_t seen : box.received()) value = mixed(value, seen);
    box.send(peer.right(), value + static_cast<std::uint64_t>(peer.rank()));
    return --left <= peer.rank() % 3;
  }
};

Task<> plain_functions(Peer& peer, Log& log) {
  auto body = bsp::supersteps<std::uint64_t>(Token{}, {&Token::pass, &Token::pass});
  const Token end = co_await body(peer);
  log.add(end.value), log.add(end.left);
}

}  // namespace

std::vector<Program> collective_programs() {
  const auto by = [](bsp::Algorithm algorithm) { return Needs{.collectives = algorithm}; };
  return {{"scalar collectives", up_to(17), scalars},
          {"span collectives", up_to(17), spans},
          {"span collectives in one phase", up_to(17), spans, Errc::ok, by(bsp::Algorithm::one_phase)},
          {"span collectives in two phases", up_to(17), spans, Errc::ok, by(bsp::Algorithm::two_phase)},
          {"interleaved collectives", {1, 2, 3, 4, 6, 11}, interleaved},
          {"large vectors", {2, 5}, large_vectors},
          {"large vectors in one phase", {5}, large_vectors, Errc::ok, by(bsp::Algorithm::one_phase)},
          {"aggregators", {1, 2, 4, 7}, aggregators},
          {"supersteps as functions", {1, 2, 4, 9}, plain_functions}};
}

}  // namespace conformance
