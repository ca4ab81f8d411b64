#include "scalar/spec/specs.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "scalar/spec/parameters.hpp"
#include "support/catch.hpp"

using namespace scalar;

// Names and fields are in model files and cache keys: a change here breaks what users have stored.
TEST_CASE("the canonical JSON of each spec is frozen", "[spec]") {
  CHECK(LinearRegression::name == "linear_regression");
  CHECK(to_json(LinearRegression{}) == R"({"l2":1})");
  CHECK(LogisticRegression::name == "logistic_regression");
  CHECK(to_json(LogisticRegression{}) == R"({"l2":1,"max_iterations":1000,"tolerance":1e-08})");
  CHECK(MultilayerPerceptron::name == "multilayer_perceptron");
  CHECK(to_json(MultilayerPerceptron{}) ==
        R"({"activation":"relu","batch":128,"epochs":0,"hidden":[128],"l2":1e-04,"learning_rate":0.001,)"
        R"("loss":"softmax","momentum":0.9,"optimizer":"adam","seed":0})");
  CHECK(GradientBoostedTrees::name == "gradient_boosted_trees");
  CHECK(
      to_json(GradientBoostedTrees{}) ==
      R"({"bins":256,"category_splits":"ordered","depth":6,"l2":1,"learning_rate":0.3,"loss":"logistic","min_child_weight":1,)"
      R"("min_split_gain":0,"trees":100})");
  CHECK(TreeEnsemble::name == "tree_ensemble");
  CHECK(to_json(TreeEnsemble{}) == R"({"link":"identity"})");
  CHECK(TreeEnsemble{.link = Link::softmax}.target() == TargetKind::classification);
}

TEST_CASE("the hash of a spec tells values and families apart", "[spec]") {
  CHECK(spec_hash(LinearRegression{}) == spec_hash(LinearRegression{.l2 = 1.0}));
  CHECK(spec_hash(LinearRegression{}) != spec_hash(LinearRegression{.l2 = 2.0}));
  CHECK(spec_hash(GradientBoostedTrees{.loss = Loss::softmax}) != spec_hash(GradientBoostedTrees{}));
  // The same fields under another name are another identity.
  CHECK(spec_hash(LinearRegression{}) != Hasher().add("other").add("\n").add(to_json(LinearRegression{})).digest());
}

TEST_CASE("specs of impossible values are refused by name", "[spec]") {
  CHECK_THROWS_WITH(validate(LinearRegression{.l2 = -1}), "linear_regression.l2: is -1, expected 0 to 1e+15");
  CHECK_THROWS_WITH(validate(LinearRegression{.l2 = std::nan("")}),
                    "linear_regression.l2: is NaN, expected 0 to 1e+15");
  CHECK_THROWS_WITH(validate(MultilayerPerceptron{.hidden = {8, 0}}),
                    "multilayer_perceptron.hidden: is 0, expected 1 to 1e+06");
  CHECK_THROWS_AS(validate(GradientBoostedTrees{.learning_rate = std::numeric_limits<double>::infinity()}), Error);
  for (const int number : {3, 9, 15, 16, 200}) {
    CHECK_THROWS_WITH(
        validate(GradientBoostedTrees{.loss = static_cast<Loss>(number)}),
        "gradient_boosted_trees.loss: has the value " + std::to_string(number) + ", which no enumerator has");
    CHECK_THROWS_AS(to_json(GradientBoostedTrees{.loss = static_cast<Loss>(number)}), Error);
  }
  CHECK_NOTHROW(validate(MultilayerPerceptron{.hidden = {}}));
}

TEST_CASE("what a spec learns follows from its loss", "[spec]") {
  CHECK(GradientBoostedTrees{.loss = Loss::squared}.target() == TargetKind::regression);
  CHECK(GradientBoostedTrees{.loss = Loss::softmax}.target() == TargetKind::classification);
  CHECK(GradientBoostedTrees{}.default_encoding().impute == Impute::keep);
  CHECK(LogisticRegression{}.target() == TargetKind::classification);
}

TEST_CASE("a forest that cannot be walked safely is refused", "[spec]") {
  const Forest good{.features = 2,
                    .outputs = 1,
                    .link = Link::logistic,
                    .base = {1.7e9},
                    .start = {-0.5},
                    .tree_begin = {0, 3},
                    .tree_output = {0},
                    .feature = {1, -1, -1},
                    .value = {0.5, 1, 2},
                    .left = {1, 0, 0},
                    .right = {2, 0, 0},
                    .missing = {1, 0, 0}};
  CHECK_NOTHROW(check(good));
  Forest copy;
  from_bytes(to_bytes(good), copy);
  CHECK(copy == good);
  const auto refused = [&](auto change) {
    Forest bad = good;
    change(bad);
    CHECK_THROWS_AS(check(bad), Error);
  };
  refused([](Forest& f) { f.left[0] = 0; });     // a circle
  refused([](Forest& f) { f.right[0] = 3; });    // beyond the tree
  refused([](Forest& f) { f.right[0] = 1; });    // two parents
  refused([](Forest& f) { f.feature[0] = 2; });  // no such feature
  refused([](Forest& f) { f.feature[0] = -2; });
  refused([](Forest& f) { f.value[0] = std::nan(""); });
  refused([](Forest& f) { f.missing[0] = 9; });
  refused([](Forest& f) { f.tree_output[0] = 1; });
  refused([](Forest& f) { f.tree_begin[1] = 4; });
  refused([](Forest& f) { f.tree_begin[0] = -1; });
  refused([](Forest& f) { f.value.pop_back(); });
  refused([](Forest& f) { f.base = {}; });
  refused([](Forest& f) { f.start = {0, 0}; });
}

TEST_CASE("a forest of another version of the form says what to do", "[spec]") {
  Forest forest;
  const auto read = [&](auto add) {
    TensorWriter writer;
    add(writer);
    from_bytes(writer.finish(), forest);
  };
  for (const auto& [version, text] : {std::pair{1, "is of version 1 of the form, expected 3: train or import"},
                                      std::pair{4, "is of version 4 of the form, expected 3"}})
    try {
      read([&](TensorWriter& writer) {
        writer.add<double>("base", {1}, std::array{0.5});  // version 1 did not say so
        const auto number = static_cast<std::uint8_t>(version);
        if (version > 1) writer.add<std::uint8_t>("version", {1}, std::array{number});
      });
      FAIL("version " << version << " was read");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::unsupported);
      CHECK_THAT(error.what(), Catch::Contains(text));
    }
}
