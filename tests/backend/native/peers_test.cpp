// Fits that peers share: at fixed shards the learned bits are those of one peer.
#include "backend/native/peers.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "backend/native/problems.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using namespace scalar;

namespace {

/// Fits with `options` for several peers and threads, and compares the bytes of what is learned.
template <class S>
void check_same_bits(const S& spec, const Dataset& data, int shards, const std::vector<int>& all_peers) {
  std::vector<double> alone, shared;
  FitOptions options{.peers = 1, .shards = shards};
  options.progress = [&](const FitProgress& progress) { alone.push_back(progress.objective); };
  const auto one = to_bytes(backend::Native{}.fit(spec, data, options, Runtime({.threads = 1})));
  REQUIRE(!alone.empty());
  for (const int peers : all_peers)
    for (const int threads : {1, 2, 4}) {
      INFO(S::name << ", " << shards << " shards, " << peers << " peers, " << threads << " threads");
      shared.clear();
      options.peers = peers;
      options.progress = [&](const FitProgress& progress) { shared.push_back(progress.objective); };
      CHECK((to_bytes(backend::Native{}.fit(spec, data, options, Runtime({.threads = threads}))) == one));
      CHECK(shared == alone);
    }
}

template <class S>
std::string refusal(const S& spec, const Dataset& data, const FitOptions& options) {
  try {
    backend::Native{}.fit(spec, data, options);
  } catch (const Error& error) {
    CHECK(error.code() == Errc::invalid_argument);
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("up to 16 peers learn the bits of one, without being asked to") {
  for (const bool weighted : {false, true}) {
    check_same_bits(LinearRegression{.l2 = 0.5}, problems::dataset(1001, 9, 0, 3, weighted), 0, {2, 3, 5, 8, 13, 16});
    check_same_bits(LogisticRegression{.l2 = 0.1}, problems::dataset(1001, 9, 2, 3, weighted), 0, {2, 3, 5, 16});
    check_same_bits(LogisticRegression{.l2 = 0.1}, problems::dataset(1001, 9, 5, 3, weighted), 0, {2, 3, 8});
  }
  check_same_bits(LinearRegression{}, problems::dataset(7, 2, 0), 0, {2, 11, 16});  // shards without rows
}

TEST_CASE("any number of peers learns the bits of one at fixed shards") {
  for (const int shards : {7, 24}) {
    check_same_bits(LinearRegression{}, problems::dataset(5000, 4, 0), shards, {2, 3, 5, 7});
    check_same_bits(LogisticRegression{}, problems::dataset(5000, 4, 2), shards, {2, 3, 5, 7});
  }
  check_same_bits(LogisticRegression{}, problems::dataset(60, 3, 3), 100, {2, 33, 100});
  const Dataset images = problems::dataset(230, 40, 4, 1, true);
  for (const int shards : {3, 8, 16})
    for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam})
      check_same_bits(MultilayerPerceptron{.hidden = {19, 8}, .optimizer = optimizer, .batch = 30, .epochs = 2}, images,
                      shards, {2, 3, std::min(shards, 5), shards});
}

TEST_CASE("shards are a way to add, not another objective") {
  const Dataset data = problems::dataset(400, 6, 0);
  const LinearParameters usual = backend::Native{}.fit(LinearRegression{}, data);
  for (const int shards : {1, 5, 64, 1000}) {
    const LinearParameters other = backend::Native{}.fit(LinearRegression{}, data, {.shards = shards});
    for (std::size_t i = 0; i < usual.values.size(); ++i)
      CHECK(other.values[i] == Approx(usual.values[i]).epsilon(1e-12).margin(1e-14));
  }
}

TEST_CASE("peers and shards that do not fit together are refused") {
  const Dataset numbers = problems::dataset(50, 3, 0), classes = problems::dataset(50, 3, 2);
  CHECK(refusal(LinearRegression{}, numbers, {.peers = 5, .shards = 4}) ==
        "linear_regression: 5 peers cannot share 4 shards, expected at most as many peers as shards");
  CHECK(refusal(LogisticRegression{}, classes, {.peers = 2, .shards = 1}) ==
        "logistic_regression: 2 peers cannot share 1 shard, expected at most as many peers as shards");
  CHECK(refusal(MultilayerPerceptron{}, classes, {.shards = -1}) ==
        "multilayer_perceptron: shards is -1, expected 0 to 1048576");
  CHECK(refusal(LinearRegression{}, numbers, {.peers = -2}) == "linear_regression: peers is -2, expected 1 or more");
}

TEST_CASE("a peer's rows are those of its shards") {
  const Dataset data = problems::dataset(103, 2, 0);
  const auto rows = backend::native::rows_of(data);
  for (const int shards : {1, 4, 10, 103, 150})
    for (const int peers : {1, 2, 3, 4}) {
      if (peers > shards) continue;
      std::int64_t next = 0;
      for (int rank = 0; rank < peers; ++rank) {
        const auto mine = bsp::shards_of(shards, rank, peers);
        const auto share = backend::native::share_of(rows, mine, shards);
        REQUIRE(share.all == 103);
        REQUIRE(share.shards() == mine.count());
        for (int i = 0; i < share.shards(); ++i) {
          const auto shard = share.shard(i);
          REQUIRE(shard.features.data == rows.features.data + next * rows.features.stride);
          REQUIRE(shard.count() >= 103 / shards);
          REQUIRE(shard.count() <= (103 + shards - 1) / shards);
          next += shard.count();
        }
      }
      REQUIRE(next == 103);
    }
}
