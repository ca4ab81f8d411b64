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
