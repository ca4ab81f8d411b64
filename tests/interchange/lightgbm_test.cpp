#include "scalar/interchange/lightgbm.hpp"

#include <limits>
#include <random>

#include "interchange/stored_models.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/error.hpp"

using namespace scalar;

namespace {

interchange::ImportedModel stored(const std::string& name) {
  return interchange::read_lightgbm(stored_models::file(name + ".txt"));
}

/// A model by hand: a split by a number, one by categories, and a tree of one leaf.
std::string model(const std::string& from = "", const std::string& to = "") {
  std::string text =
      "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
      "objective=regression\nfeature_names=a b\nfeature_infos=[-1:2] 0:1:2\ntree_sizes=300 100\n\n"
      "Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=0 1\nsplit_gain=5 3\nthreshold=0.5 0\ndecision_type=10 1\n"
      "left_child=1 -1\nright_child=-2 -3\nleaf_value=0.1 0.25 -1\nleaf_weight=1 2 3\nleaf_count=1 2 3\n"
      "internal_value=0 0\ninternal_weight=6 4\ninternal_count=6 4\ncat_boundaries=0 1\ncat_threshold=6\n"
      "is_linear=0\nshrinkage=1\n\n\n"
      "Tree=1\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nsplit_gain=\nthreshold=\ndecision_type=\nleft_child=\n"
      "right_child=\nleaf_value=4\nleaf_weight=\nleaf_count=6\ninternal_value=\ninternal_weight=\ninternal_count=\n"
      "is_linear=0\nshrinkage=1\n\n\nend of trees\n\nparameters:\n[categorical_feature: 1]\nend of parameters\n\n"
      "pandas_categorical:null\n";
  if (!from.empty()) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  return text;
}

Forest forest_of(const std::string& text) { return std::get<Forest>(interchange::read_lightgbm(text).parameters); }

void require_error(const std::string& text, Errc code, const std::string& message) {
  try {
    (void)interchange::read_lightgbm(text);
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() == code);
    CHECK_THAT(error.what(), Catch::Contains(message));
    return;
  }
  FAIL("was read, expected: " << message);
}

}  // namespace

TEST_CASE("margins are LightGBM's raw scores, bit for bit") {
  // Categories that are texts and that are numbers, unknown ones and missing ones; NaN, zeros and tiny numbers.
  for (const std::string name :
       {"lightgbm_binary", "lightgbm_multiclass", "lightgbm_zero_missing", "lightgbm_no_missing", "lightgbm_dart",
        "lightgbm_3_multiclass", "lightgbm_3_zero_missing"}) {
    INFO(name);
    const auto read = stored(name);
    CHECK(stored_models::largest_difference(read, name) == 0);
    const auto& forest = std::get<Forest>(read.parameters);
    check(forest);
    CHECK(forest.has_categories());
    CHECK(forest.gain.size() == forest.feature.size());
    CHECK(forest.cover.size() == forest.feature.size());
  }
}

TEST_CASE("averages of random forests and other sigmoids are other numbers") {
  const auto forest = stored("lightgbm_forest");  // of four trees
  CHECK(stored_models::largest_difference(forest, "lightgbm_forest", 0.25) == 0);
  CHECK_THAT(forest.notes.front(), Catch::Contains("its raw scores divided by 4"));
  const auto sigmoid = stored("lightgbm_sigmoid");
  CHECK(stored_models::largest_difference(sigmoid, "lightgbm_sigmoid", 0.7) < 1e-14);
  CHECK_THAT(sigmoid.notes.front(), Catch::Contains("raw scores times its sigmoid, 0.7"));
}

TEST_CASE("inputs, categories and classes have the names of the file") {
  const auto read = stored("lightgbm_binary");
  const auto& inputs = read.encoder.inputs();
  REQUIRE(inputs.size() == 5);
  CHECK(inputs[0].name == "whole");
  CHECK(inputs[1].name == "color");
  CHECK(inputs[1].is_text);
  CHECK_FALSE(inputs[3].is_text);
  CHECK(read.encoder.feature_categories() == std::vector<std::int64_t>{0, 7, 0, 0, 0});
  CHECK(read.encoder.classes() == std::vector<std::string>{"0", "1"});
  REQUIRE(read.notes.size() == 1);
  CHECK(read.notes[0] == "input \"size\" holds categories as numbers, which pandas numbers in the order 3, 7, 10, 20");
  CHECK(stored("lightgbm_multiclass").encoder.classes() == std::vector<std::string>{"0", "1", "2"});
  CHECK(stored("lightgbm_zero_missing").encoder.classes().empty());
}

TEST_CASE("a model of LightGBM by hand reads as written") {
  const auto read = interchange::read_lightgbm(model());
  const auto& forest = std::get<Forest>(read.parameters);
  check(forest);
  CHECK(forest.width == DataType::float64);
  CHECK(forest.feature == std::vector<std::int32_t>{0, 1, -1, -1, -1, -1});
  CHECK(forest.value == std::vector<double>{std::nextafter(0.5, 1.0), 0, 0.1, -1, 0.25, 4});
  CHECK(forest.missing[0] == static_cast<std::uint8_t>(Missing::nan_left));
  CHECK(forest.missing[1] == static_cast<std::uint8_t>(Missing::none_right));
  CHECK(forest.category_set == std::vector<std::int32_t>{-1, 0, -1, -1, -1, -1});
  CHECK(forest.category_words == std::vector<std::uint32_t>{6});
  CHECK(forest.gain == std::vector<float>{5, 3, 0, 0, 0, 0});
  CHECK(forest.cover == std::vector<float>{6, 4, 1, 3, 2, 0});
  const auto missing = [](const std::string& decision) {
    return forest_of(model("decision_type=10 1", "decision_type=" + decision + " 1")).missing[0];
  };
  CHECK(missing("0") == static_cast<std::uint8_t>(Missing::nan_is_zero));
  CHECK(missing("2") == static_cast<std::uint8_t>(Missing::nan_is_zero));
  CHECK(missing("4") == static_cast<std::uint8_t>(Missing::zero_right));
  CHECK(missing("6") == static_cast<std::uint8_t>(Missing::zero_left));
  CHECK(missing("8") == static_cast<std::uint8_t>(Missing::nan_right));
  // Lines may end as on Windows, and a file that the library itself saved has no line for pandas.
  std::string windows;
  for (const char c : model()) windows += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(forest_of(windows) == forest);
  CHECK(forest_of(model("pandas_categorical:null\n", "")) == forest);
  CHECK(interchange::read_lightgbm(model("objective=regression\n", "")).notes.front().find("no objective") !=
        std::string::npos);
}

TEST_CASE("what no forest can express of LightGBM is unsupported, with the reason") {
  const auto objective = [](const std::string& text) { return model("objective=regression", "objective=" + text); };
  for (const std::string name : {"poisson", "gamma", "tweedie tweedie_variance_power:1.5"})
    require_error(objective(name), Errc::unsupported, "predicts the exponential of the margin");
  require_error(objective("multiclassova num_class:3 sigmoid:1"), Errc::unsupported, "a logistic for each class");
  require_error(objective("cross_entropy_lambda"), Errc::unsupported, "the logarithm of 1 and");
  require_error(objective("regression sqrt"), Errc::unsupported, "the square of the margin");
  require_error(objective("unheard"), Errc::unsupported, "\"unheard\" is not known");
  require_error(model("is_linear=0", "is_linear=1"), Errc::unsupported, "tree 0 has linear leaves");
}

TEST_CASE("LightGBM's models that make no sense are corrupt, with the place") {
  const auto corrupt = [](const std::string& from, const std::string& to, const std::string& message) {
    require_error(model(from, to), Errc::corrupt, message);
  };
  corrupt("left_child=1 -1", "left_child=2 -1", "tree 0 has a child 2 of 2 inner nodes and 3 leaves");
  corrupt("left_child=1 -1", "left_child=1 -4", "tree 0 has a child -4");
  corrupt("left_child=1 -1", "left_child=0 -1", "tree 0, node 0 is the child of two");
  corrupt("left_child=1 -1", "left_child=1", "arrays of nodes of other lengths than 2");
  corrupt("leaf_value=0.1 0.25 -1", "leaf_value=", "tree 0 has 0 leaves");
  corrupt("split_feature=0 1", "split_feature=0 2", "asks feature 2 of 2");
  corrupt("split_feature=0 1", "split_feature=-1 1", "asks feature -1");
  corrupt("threshold=0.5 0", "threshold=nan 0", "splits at NaN");
  corrupt("threshold=0.5 0", "threshold=0.5 1", "asks for set 1 of 1 sets");
  corrupt("threshold=0.5 0", "threshold=0.5 0.5", "asks for set 0.5");
  corrupt("threshold=0.5 0", "threshold=0.5 -1", "asks for set -1");
  corrupt("cat_boundaries=0 1", "cat_boundaries=0 2", "cat_boundaries");
  corrupt("cat_boundaries=0 1", "cat_boundaries=0 3 1", "cat_boundaries");
  corrupt("decision_type=10 1", "decision_type=14 1", "decision type 14");
  corrupt("max_feature_idx=1", "max_feature_idx=5", "names 2 features of 6");
  corrupt("max_feature_idx=1", "max_feature_idx=-9", "max_feature_idx is -9");
  corrupt("num_tree_per_iteration=1", "num_tree_per_iteration=0", "num_tree_per_iteration is 0");
  corrupt("num_tree_per_iteration=1", "num_tree_per_iteration=4000000000", "num_tree_per_iteration is 4000000000");
  corrupt("num_tree_per_iteration=1", "num_tree_per_iteration=3", "2 trees for 3 outputs");
  corrupt("objective=regression", "objective=binary sigmoid:-1", "sigmoid is -1");
  corrupt("objective=regression", "objective=multiclass num_class:1", "1 trees per iteration, expected 2 or more");
  corrupt("feature_names=a b", "feature_names=a", "names 1 features of 2");
  corrupt("feature_infos=[-1:2] 0:1:2", "feature_infos=none", "feature_infos of 1");
  require_error(model("num_tree_per_iteration=1\n", ""), Errc::corrupt, "num_tree_per_iteration is -1 or missing");
}

TEST_CASE("a split at infinity, by which LightGBM sets missing values apart, sends every number left") {
  const Forest forest = forest_of(model("threshold=0.5 0\ndecision_type=10 1", "threshold=inf 0\ndecision_type=8 1"));
  const float missing = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> rows{-3e38f, 1, 3e38f, 1, missing, 1};
  std::vector<double> margins(3);
  backend::compile(forest).margins({rows.data(), 3, 2}, {margins.data(), 3, 1});
  CHECK(margins == std::vector<double>{4.1, 4.1, 4.25});
}

TEST_CASE("text of another form is a parse error of LightGBM's model, with tree and field") {
  const auto parse = [](const std::string& from, const std::string& to, const std::string& message) {
    require_error(model(from, to), Errc::parse, message);
  };
  require_error("", Errc::parse, "begins with \"\", expected \"tree\"");
  require_error("{}", Errc::parse, "begins with \"{}\"");
  parse("threshold=0.5 0", "threshold=half 0", "tree 0: threshold holds \"half\", expected a number");
  parse("leaf_value=4", "leaf_value=4x", "tree 1: leaf_value holds \"4x\"");
  parse("cat_threshold=6", "cat_threshold=-6", "cat_threshold holds \"-6\"");
  parse("cat_threshold=6", "cat_threshold=4294967296", "cat_threshold holds");
  parse("Tree=1", "Tree=7", "tree 7 follows 1 trees");
  parse("max_feature_idx=1", "max_feature_idx=one", "header: max_feature_idx");
  parse("end of trees", "end", "ends in tree 1, expected \"end of trees\"");
  parse("pandas_categorical:null", "pandas_categorical:[[", "pandas_categorical");
}

TEST_CASE("cut or changed at any byte, a model of LightGBM is an error or another model") {
  const std::string whole = model();
  const std::size_t end = whole.find("end of trees") + 12;
  for (std::size_t size = 0; size < end; ++size)
    REQUIRE_THROWS_AS(interchange::read_lightgbm(whole.substr(0, size)), Error);
  std::mt19937 random(1);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int times = 0; times < 4; ++times) {
      std::string changed = whole;
      changed[at] = times == 0 ? '9' : times == 1 ? '-' : static_cast<char>(random() % 256);
      try {
        check(forest_of(changed));
      } catch (const Error& error) {
        INFO(error.what());
        const bool expected = error.code() == Errc::parse || error.code() == Errc::corrupt ||
                              error.code() == Errc::unsupported || error.code() == Errc::too_large;
        REQUIRE(expected);
        REQUIRE(error.context().starts_with("LightGBM model"));
      }
    }
}
