#include "scalar/interchange/xgboost.hpp"

#include <cmath>
#include <cstring>
#include <random>

#include "backend/native/trees/forests.hpp"
#include "interchange/xgboost_library.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"

using namespace scalar;
using xgboost_library::Booster;
using xgboost_library::Rows;

namespace {

/// A forest that XGBoost can express.
Forest expressible(const forests::Shape& shape, unsigned seed) {
  Forest forest = forests::make(shape, seed);
  forest.base.assign(forest.base.size(), 0.0);
  for (std::uint8_t& missing : forest.missing)
    if (missing == static_cast<std::uint8_t>(Missing::zero_left) ||
        missing == static_cast<std::uint8_t>(Missing::zero_right))
      missing = static_cast<std::uint8_t>(Missing::nan_is_zero);
  return forest;
}

std::vector<double> margins(const Forest& forest, const Rows& rows) {
  std::vector<double> out(static_cast<std::size_t>(rows.count() * forest.outputs));
  backend::compile(forest).margins({rows.values.data(), rows.count(), rows.columns},
                                   {out.data(), rows.count(), forest.outputs});
  return out;
}

/// Rows without infinities, which XGBoost refuses.
Rows finite_rows(const Forest& forest, unsigned seed) {
  Rows rows{forests::category_rows(500, static_cast<int>(forest.features), seed), forest.features, {}};
  for (float& value : rows.values)
    if (std::isinf(value)) value = 7;
  return rows;
}

long differences(const std::vector<double>& ours, const std::vector<float>& theirs) {
  REQUIRE(ours.size() == theirs.size());
  long count = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) count += static_cast<float>(ours[i]) == theirs[i] ? 0 : 1;
  return count;
}

}  // namespace

TEST_CASE("XGBoost predicts a written forest's margins, bit for bit") {
  const auto apis = xgboost_library::all();
  const auto outputs = GENERATE(1, 3);
  const auto full = GENERATE(true, false);
  const auto with_sets = GENERATE(true, false);
  for (const auto& api : apis)
    for (unsigned seed = 0; seed < 4; ++seed) {
      Forest forest = expressible({.trees = 14, .outputs = outputs, .full = full, .with_sets = with_sets}, seed);
      if (seed % 2 == 1 && outputs == 1) forest.link = Link::logistic;
      if (seed == 2 && outputs == 3) forest.link = Link::identity;
      if (seed == 2) forest.start.assign(forest.start.size(), 0.3);
      const Rows rows = finite_rows(forest, seed + 100);
      const Booster booster(api, interchange::write_xgboost(forest));
      INFO("XGBoost " << api.major << ", outputs " << outputs << ", full " << full << ", sets " << with_sets
                      << ", seed " << seed);
      CHECK(differences(margins(forest, rows), booster.margins(rows)) == 0);
    }
}

TEST_CASE("a written forest reads as it was, and XGBoost saves it so") {
  for (const auto& api : xgboost_library::all()) {
    Forest forest = expressible({.trees = 12, .outputs = 3, .with_sets = true}, 7);
    forest.gain.resize(forest.feature.size());
    forest.cover.resize(forest.feature.size());
    for (std::size_t node = 0; node < forest.feature.size(); ++node)
      forest.gain[node] = static_cast<float>(node), forest.cover[node] = 0.5F;
    const std::vector<std::string> names{"a", "b", "c \"quoted\"", "d", "e", "f", "g", "h", "i"};
    const std::string text = interchange::write_xgboost(forest, names);
    const auto read = interchange::read_xgboost(text);
    CHECK(read.encoder.feature_names() == names);
    const auto& again = std::get<Forest>(read.parameters);
    const Rows rows = finite_rows(forest, 3);
    CHECK(margins(again, rows) == margins(forest, rows));
    CHECK(again.link == Link::softmax);
    CHECK(again.gain.size() == again.feature.size());
    CHECK(std::get<Forest>(interchange::read_xgboost(Booster(api, text).save("ubj")).parameters) == again);
  }
}

TEST_CASE("a base is added last, so XGBoost's margin is ours, rounded") {
  for (const auto& api : xgboost_library::all()) {
    Forest forest = expressible({.trees = 9}, 3);
    for (std::size_t node = 0; node < forest.feature.size(); ++node)
      if (forest.feature[node] < 0) forest.value[node] = std::fmod(forest.value[node], 2.0);
    forest.base = {1.5e9};
    const Rows rows = finite_rows(forest, 4);
    const auto ours = margins(forest, rows);
    const auto theirs = Booster(api, interchange::write_xgboost(forest)).margins(rows);
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) REQUIRE(static_cast<float>(ours[i]) == theirs[i]);
  }
}

TEST_CASE("a forest that XGBoost cannot express is refused, with the reason") {
  const auto refused = [](const Forest& forest, Errc code, const std::string& message) {
    try {
      (void)interchange::write_xgboost(forest);
      FAIL("was written, expected: " << message);
    } catch (const Error& error) {
      CHECK(error.code() == code);
      CHECK_THAT(error.what(), Catch::Contains(message));
    }
  };
  refused(forests::make({.trees = 1, .width = DataType::float64}, 1), Errc::unsupported, "float64");
  Forest forest = expressible({.trees = 3}, 1);
  forest.missing[0] = static_cast<std::uint8_t>(Missing::zero_left);
  refused(forest, Errc::unsupported, "tree 0 treats zero as missing");
  forest = expressible({.trees = 3}, 1);
  forest.base[0] = 1e39;
  refused(forest, Errc::unsupported, "1e+39");
  forest = expressible({.trees = 3}, 1);
  forest.left[0] = 0;
  refused(forest, Errc::corrupt, "child 0");
  CHECK_THROWS_WITH(interchange::write_xgboost(expressible({.trees = 3}, 1), std::vector<std::string>{"a"}),
                    Catch::Contains("1 names for 9 features"));
  forest = expressible({.trees = 3}, 1);
  forest.category_set.assign(forest.feature.size(), -1);
  forest.category_set[0] = 0;
  forest.category_words.assign((1 << 19) + 1, 0);
  forest.category_words.back() = 1;
  forest.category_begin = {0, static_cast<std::int64_t>(forest.category_words.size())};
  refused(forest, Errc::unsupported, "category 16777216");
  // One output has all the trees of very many outputs.
  Forest uneven = expressible({.trees = 400, .depth = 0}, 1);
  uneven.outputs = 5000;
  uneven.link = Link::identity;
  uneven.base.assign(5000, 0.0);
  uneven.start.assign(5000, 0.0);
  refused(uneven, Errc::too_large, "400 trees among 5000 outputs");
}
