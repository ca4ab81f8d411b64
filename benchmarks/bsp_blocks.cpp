// Large blocks between the peers of the BSP engine, handed over, copied, exchanged and reduced, against memcpy, plain
// loops, MPI and Bulk. SCALAR_RIVAL_MPI and SCALAR_RIVAL_BULK are commands that take the name of what to measure
// (rivals/mpi.cpp, rivals/bulk.cpp).
#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "bsp_rows.hpp"
#include "scalar/bsp.hpp"

using namespace scalar;
using bsp::Peer;
using bsp::Task;

namespace {

constexpr std::size_t large = std::size_t{16} << 20;

/// Microseconds to hand 16 MiB to a peer: a vector that is moved.
double hand_over(int count) {
  return bsp::Engine({.peers = 2, .workers = 2}).run([count](Peer& peer) -> Task<double> {
    auto box = peer.mailbox<std::vector<char>>();
    std::vector<char> data(large, 1);
    double took = 0;
    for (int i = -1; i < count; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      box.send(peer.right(), std::move(data));
      co_await peer.sync();
      data = std::move(box.received(peer.right())[0]);
      if (i >= 0) took += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    co_return took * 1e6 / count;
  });
}
/// Microseconds that one thread takes to copy `pieces` pieces.
double copy_by_memcpy(std::size_t bytes, int pieces, int count) {
  const std::size_t all = bytes * static_cast<std::size_t>(pieces);
  std::vector<char> from(all, 1), to(all, 2);
  return bench::seconds([&] {
           for (int i = 0; i < count; ++i)
             for (std::size_t at = 0; at < all; at += bytes) {
               std::memcpy(to.data() + at, from.data() + at, bytes);
               asm volatile("" ::"r"(to.data()) : "memory");
             }
         }) *
         1e6 / count;
}
/// Microseconds to send 16 MiB as a span, which copies it once.
double copy_by_span(int count) {
  return bsp::Engine({.peers = 2, .workers = 2}).run([count](Peer& peer) -> Task<double> {
    auto box = peer.mailbox<char>();
    const std::vector<char> data(peer.rank() == 0 ? large : 0, 1);
    double took = 0;
    for (int i = -3; i < count; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      box.send(peer.right(), std::span(data));
      co_await peer.sync();
      if (i >= 0) took += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    co_return took * 1e6 / count;
  });
}

/// Microseconds of an all_to_all_v between two peers with `bytes` for each, oneself among them.
double all_to_all(std::size_t bytes, int count) {
  return bsp::Engine({.peers = 2, .workers = 2}).run([=](Peer& peer) -> Task<double> {
    const std::vector<char> values(2 * bytes, 'x');
    const std::vector<std::size_t> cuts{0, bytes, 2 * bytes};
    std::vector<char> received;
    std::vector<std::size_t> received_cuts;
    auto begin = std::chrono::steady_clock::now();
    for (int i = -1; i < count; ++i) {
      if (i == 0) begin = std::chrono::steady_clock::now();
      auto exchange = bsp::all_to_all_v(peer, values, cuts, received, received_cuts);
      co_await std::move(exchange);
    }
    co_return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() * 1e6 / count;
  });
}

/// Milliseconds to all-reduce 25 million floats between two peers.
double all_reduce_floats(int count) {
  return bsp::Engine({.peers = 2, .workers = 2}).run([count](Peer& peer) -> Task<double> {
    std::vector<float> values(25'000'000, 1.0f);
    double took = 0;
    for (int i = -1; i < count; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      co_await all_reduce(peer, std::span(values), [](float a, float b) { return a < b ? b : a; });
      if (i >= 0) took += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    co_return took * 1e3 / count;
  });
}
double reduce_in_a_loop() {
  std::vector<float> a(25'000'000, 1.0f), b(a);
  return 1e3 * bench::seconds([&] {
           for (std::size_t i = 0; i < a.size(); ++i) a[i] = b[i] = a[i] < b[i] ? b[i] : a[i];
           asm volatile("" ::"r"(a.data()), "r"(b.data()) : "memory");
         });
}

std::string size_name(std::size_t bytes) {
  return bytes < (std::size_t{1} << 20) ? std::to_string(bytes >> 10) + " KiB" : std::to_string(bytes >> 20) + " MiB";
}

void add_all_to_all(std::vector<bench::Row>& rows) {
  for (const std::size_t bytes :
       {std::size_t{1} << 10, std::size_t{32} << 10, std::size_t{1} << 20, large, 4 * large}) {
    const int count = static_cast<int>(std::clamp<std::size_t>((std::size_t{512} << 20) / bytes, 4, 20'000));
    const std::string what = "all_to_all_v, " + size_name(bytes) + " a pair, 2 peers";
    const auto ours = [=] { return all_to_all(bytes, count); };
    rows.push_back(bench::row(what, "MPI_Alltoallv, 2 ranks", "us", bytes < (1 << 20) ? 1 / 1.5 : 1 / 0.7, ours,
                              bench::program("SCALAR_RIVAL_MPI", "alltoallv " + std::to_string(bytes))));
    rows.push_back(bench::row(what, "memcpy of it all, 1 thread", "us", 0, ours,
                              [=] { return copy_by_memcpy(bytes, 4, count / 4 + 1); }));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<bench::Row> rows;
  const auto memcpy_large = [] { return copy_by_memcpy(large, 1, 20); };
  rows.push_back(bench::row(
      "16 MiB handed over", "memcpy", "us", 1 / 0.02, [] { return hand_over(50); }, memcpy_large));
  rows.push_back(bench::row(
      "16 MiB sent as a span", "memcpy", "us", 0.8, [] { return copy_by_span(20); }, memcpy_large));
  rows.push_back(bench::row(
      "16 MiB sent as a span", "Bulk put", "us", 0, [] { return copy_by_span(20); },
      bench::program("SCALAR_RIVAL_BULK", "put")));
  add_all_to_all(rows);
  const auto reduced = [] { return all_reduce_floats(3); };
  rows.push_back(bench::row("all_reduce of 25 million floats, 2 peers", "MPI_Allreduce, 2 ranks", "ms", 1 / 0.8,
                            reduced, bench::program("SCALAR_RIVAL_MPI", "allreduce")));
  rows.push_back(bench::row("all_reduce of 25 million floats, 2 peers", "plain loop, 1 thread", "ms", 0, reduced,
                            reduce_in_a_loop));
  return bench::print(rows, argc, argv);
}
