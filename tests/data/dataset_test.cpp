#include "scalar/data/dataset.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

using namespace scalar;
using test::message_of;

namespace {

/// Row i is {i, 10 i}, its target 100 i, its weight i.
Dataset numbered(int rows) {
  DatasetParts parts{.columns = 2};
  for (int i = 0; i < rows; ++i) {
    const auto value = static_cast<float>(i);
    parts.features.insert(parts.features.end(), {value, 10 * value});
    parts.targets.push_back(100 * value);
    parts.weights.push_back(value);
  }
  return Dataset(std::move(parts));
}

}  // namespace

TEST_CASE("a dataset checks its parts") {
  const Dataset data({.features = {1, 2, 3, 4}, .columns = 2, .targets = {0, 1}, .classes = {"a", "b"}});
  CHECK(data.rows() == 2);
  CHECK(data.columns() == 2);
  CHECK(data.feature_names() == std::vector<std::string>{"f0", "f1"});
  CHECK(data.target(1) == 1);
  CHECK(data.weight(1) == 1);
  CHECK_FALSE(data.has_weights());
  message_of(Errc::shape_mismatch, [] { Dataset({.features = {1, 2, 3}, .columns = 2}); });
  message_of(Errc::too_large, [] { Dataset({.features = {}, .columns = std::numeric_limits<std::int64_t>::max()}); });
  message_of(Errc::shape_mismatch, [] { Dataset({.features = {1, 2}, .columns = 0}); });
  message_of(Errc::shape_mismatch, [] { Dataset({.features = {1, 2}, .columns = -1}); });
  message_of(Errc::shape_mismatch, [] { Dataset({.features = {1, 2}, .columns = 1, .targets = {1}}); });
  message_of(Errc::shape_mismatch, [] { Dataset({.features = {1, 2}, .columns = 1, .weights = {1}}); });
  message_of(Errc::shape_mismatch, [] { Dataset({.features = {1, 2}, .columns = 1, .feature_names = {"a", "b"}}); });
  CHECK(message_of(Errc::out_of_range, [] {
          Dataset({.features = {1, 2}, .columns = 1, .targets = {0, 2}, .classes = {"a", "b"}});
        }).find("row 1 is 2") != std::string::npos);
  for (const float bad : {-1.0f, 0.5f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    message_of(Errc::out_of_range, [&] {
      Dataset({.features = {1}, .columns = 1, .targets = {bad}, .classes = {"a", "b"}});
    });
  message_of(Errc::out_of_range,
             [] { Dataset({.features = {1}, .columns = 1, .targets = {std::numeric_limits<float>::quiet_NaN()}}); });
  for (const float bad : {-1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    message_of(Errc::out_of_range, [&] { Dataset({.features = {1}, .columns = 1, .weights = {bad}}); });
  CHECK(Dataset().empty());
  CHECK(Dataset().columns() == 0);
  CHECK(Dataset().features().rows == 0);
  CHECK(std::isnan(Dataset({.features = {1}, .columns = 1}).target(0)));
}

TEST_CASE("other weights for the same rows") {
  const Dataset all = numbered(5), picked = all.take({3, 1});
  const Dataset other = all.with_weights({5, 4, 3, 2, 1});
  CHECK(other.weights()[4] == 1);
  CHECK(other.targets()[4] == 400);
  CHECK(other.features().data == all.features().data);
  CHECK(other.take({4, 0}).weight(0) == 1);
  CHECK(picked.with_weights({7, 8}).weight(1) == 8);
  CHECK(picked.with_weights({7, 8}).row(0)[0] == 3);
  CHECK_FALSE(all.with_weights({}).has_weights());
  CHECK(message_of(Errc::shape_mismatch, [&] { all.with_weights({1}); }) == "a dataset has 1 weights, expected 5");
  message_of(Errc::out_of_range, [&] { all.with_weights({1, 1, 1, 1, -1}); });
}

TEST_CASE("targets less their offsets, as many digits as a double holds") {
  const Dataset data({.features = {1, 2, 3},
                      .columns = 1,
                      .targets = {1e15 + 1, 5, 7},
                      .weights = {1, 2, 3},
                      .offsets = {1e15, 2, 0}});
  const Dataset less = data.take({0, 2}).less_offsets();
  CHECK(less.target(0) == 1);
  CHECK(less.target(1) == 7);
  CHECK(less.weight(1) == 3);
  CHECK(less.row(1)[0] == 3);
  CHECK_FALSE(less.has_offsets());
  CHECK(data.less_offsets().features().data == data.features().data);
  CHECK(message_of(Errc::out_of_range, [] {
          Dataset({.features = {1}, .columns = 1, .targets = {1.7e308}, .offsets = {-1.7e308}}).less_offsets();
        }) == "the target of row 0 less its offset does not fit a float64");
}

TEST_CASE("targets and weights keep what a double holds, however the rows are cut") {
  DatasetParts parts{.columns = 1};
  for (int i = 0; i < 12; ++i) {
    parts.features.push_back(static_cast<float>(i));
    parts.targets.push_back(123456789.01 + 0.25 * i);
    parts.weights.push_back(1 + i * 1e-12);
  }
  const Dataset all(parts), parted = all.split({.test = 0.5, .seed = 3}).test.contiguous();
  const auto is_kept = [](const Dataset& data) {
    for (std::int64_t row = 0; row < data.rows(); ++row) {
      const double i = static_cast<double>(data.row(row)[0]);
      CHECK(data.target(row) == 123456789.01 + 0.25 * i);
      CHECK(data.weight(row) == 1 + i * 1e-12);
    }
  };
  for (const Dataset& data :
       {all, all.slice(3, 5), all.take({7, 1, 2}), all.shard(1, 3), all.folds(3)[2].train, parted})
    is_kept(data);
  CHECK(parted.targets()[0] == parted.target(0));
  CHECK(parted.weights()[0] == parted.weight(0));
  CHECK(message_of(Errc::out_of_range, [] {
          Dataset({.features = {1}, .columns = 1, .targets = {16777217.5}, .classes = {"a", "b"}});
        }) == "the target of row 0 is 16777217.5, expected the index of one of 2 classes");
}

TEST_CASE("slices share, selections are gathered on demand") {
  const Dataset data = numbered(10);
  const Dataset slice = data.slice(2, 5);
  CHECK(slice.is_contiguous());
  CHECK(slice.features().data == data.features().data + 4);
  CHECK(slice.features().rows == 5);
  CHECK(slice.targets()[0] == 200);
  CHECK(slice.weights().size() == 5);
  CHECK(slice.row(1)[1] == 30);
  const Dataset picked = slice.take({4, 0});
  CHECK_FALSE(picked.is_contiguous());
  CHECK(picked.row(0).data() == data.row(6).data());
  CHECK(picked.target(0) == 600);
  CHECK(picked.weight(1) == 2);
  message_of(Errc::invalid_argument, [&] { picked.features(); });
  message_of(Errc::invalid_argument, [&] { picked.targets(); });
  const Dataset gathered = picked.contiguous();
  CHECK(gathered.is_contiguous());
  CHECK(gathered.features()(0, 1) == 60);
  CHECK(gathered.targets()[1] == 200);
  CHECK(gathered.weights()[0] == 6);
  CHECK(gathered.feature_names() == data.feature_names());
  message_of(Errc::out_of_range, [&] { data.slice(8, 3); });
  message_of(Errc::out_of_range, [&] { data.take({-1}); });
}

TEST_CASE("splits, shards and folds") {
  const Dataset data = numbered(20);
  const auto parts = data.split({.test = 0.3, .seed = 1});
  CHECK(parts.test.rows() == 6);
  double sum = 0;
  for (const Dataset& part : {parts.train, parts.test})
    for (std::int64_t i = 0; i < part.rows(); ++i) sum += static_cast<double>(part.row(i)[0]);
  CHECK(sum == 190);
  CHECK(data.shard(1, 3).row(0)[0] == 7);
  CHECK(data.folds(4).size() == 4);
  CHECK(data.shuffle(3).row(0)[0] == data.shuffle(3).contiguous().row(0)[0]);
}
