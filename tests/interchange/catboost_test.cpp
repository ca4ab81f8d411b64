#include "scalar/interchange/catboost.hpp"

#include <random>

#include "interchange/stored_models.hpp"
#include "scalar/core/error.hpp"

using namespace scalar;

namespace {

interchange::ImportedModel stored(const std::string& name) {
  return interchange::read_catboost(stored_models::file(name + ".json"));
}

/// A model by hand: a tree of a number and a category, whose text the file has, and a tree of one leaf.
std::string model(const std::string& from = "", const std::string& to = "") {
  std::string text =
      R"({"features_info":{"cat_features_hash":[{"hash":3052168893,"value":"red"}],)"
      R"("categorical_features":[{"feature_id":"c","feature_index":0,"feature_name":"c","flat_feature_index":0,"values":[-1242798403]}],)"
      R"("float_features":[{"borders":[0.5],"feature_id":"x","feature_index":0,"feature_name":"x","flat_feature_index":1,"has_nans":true,"nan_value_treatment":"AsTrue"}]},)"
      R"("model_info":{"params":{"loss_function":{"params":{},"type":"RMSE"}}},)"
      R"("oblivious_trees":[{"leaf_values":[1,2,3,4],"leaf_weights":[10,20,30,40],"splits":[)"
      R"({"border":0.5,"float_feature_index":0,"split_index":0,"split_type":"FloatFeature"},)"
      R"({"cat_feature_index":0,"split_index":1,"split_type":"OneHotFeature","value":-1242798403}]},)"
      R"({"leaf_values":[0.5],"leaf_weights":[100],"splits":[]}],"scale_and_bias":[2,[7]]})";
  if (!from.empty()) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  return text;
}

Forest forest_of(const std::string& text) { return std::get<Forest>(interchange::read_catboost(text).parameters); }

void require_error(const std::string& text, Errc code, const std::string& message) {
  try {
    (void)interchange::read_catboost(text);
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() == code);
    CHECK_THAT(error.what(), Catch::Contains(message));
    return;
  }
  FAIL("was read, expected: " << message);
}

}  // namespace

TEST_CASE("margins are CatBoost's raw formula values") {
  for (const std::string name : {"catboost_binary", "catboost_multiclass", "catboost_regression", "catboost_scaled"}) {
    INFO(name);
    const auto read = stored(name);
    CHECK(stored_models::largest_difference(read, name) < 1e-12);
    check(std::get<Forest>(read.parameters));
    CHECK(read.notes.empty());
  }
  const auto binary = stored("catboost_binary");
  CHECK(std::get<Forest>(binary.parameters).has_categories());
  CHECK(std::get<Forest>(binary.parameters).link == Link::logistic);
  CHECK(binary.encoder.classes() == std::vector<std::string>{"0", "1"});
  CHECK(binary.encoder.inputs()[1].is_text);
  CHECK(stored("catboost_multiclass").encoder.classes() == std::vector<std::string>{"high", "low", "middle"});
  CHECK(stored("catboost_regression").encoder.classes().empty());
}

TEST_CASE("a model of CatBoost by hand reads as written") {
  const auto read = interchange::read_catboost(model());
  const auto& forest = std::get<Forest>(read.parameters);
  check(forest);
  CHECK(forest.base == std::vector<double>{7});
  // The root asks the last split, the category; what is in its set goes left here and has bit 1 in CatBoost.
  CHECK(forest.feature == std::vector<std::int32_t>{0, 1, -1, -1, 1, -1, -1, -1});
  CHECK(forest.value == std::vector<double>{0, std::nextafter(0.5, 1.0), 6, 8, std::nextafter(0.5, 1.0), 2, 4, 1});
  CHECK(forest.missing[1] == static_cast<std::uint8_t>(Missing::nan_right));
  CHECK(forest.cover == std::vector<float>{100, 70, 30, 40, 30, 10, 20, 100});
  CHECK(read.encoder.feature_names() == std::vector<std::string>{"c", "x"});
  CHECK(forest_of(model("AsTrue", "AsFalse")).missing[1] == static_cast<std::uint8_t>(Missing::nan_left));
  CHECK(forest_of(model("AsTrue", "AsIs")).missing[1] == static_cast<std::uint8_t>(Missing::nan_left));
  CHECK(forest_of(model("[2,[7]]", "[2,7]")) == forest);
  // Two texts may have the same hash: both are the category.
  const Forest two = forest_of(model(R"([{"hash")", R"([{"hash":3052168893,"value":"rot"},{"hash")"));
  CHECK(two.category_words == std::vector<std::uint32_t>{3});
}

TEST_CASE("what no forest can express of CatBoost is unsupported, with the reason") {
  require_error(model("oblivious_trees", "trees"), Errc::unsupported, "not symmetric");
  require_error(model(R"("float_features")", R"("ctrs":[{}],"float_features")"), Errc::unsupported, "CTRs");
  require_error(model(R"("float_features")", R"("text_features":[{}],"float_features")"), Errc::unsupported, "texts");
  require_error(model("OneHotFeature", "OnlineCtr"), Errc::unsupported, "larger one_hot_max_size");
  require_error(model(R"([{"hash":3052168893,"value":"red"}])", "null"), Errc::unsupported,
                "text the file does not have: save it with pool=");
  const auto loss = [](const std::string& name) { return model("\"RMSE\"", "\"" + name + "\""); };
  for (const std::string name : {"Poisson", "Tweedie", "LogLinQuantile"})
    require_error(loss(name), Errc::unsupported, "predicts the exponential of the margin");
  require_error(loss("MultiClassOneVsAll"), Errc::unsupported, "a logistic for each class");
  require_error(loss("RMSEWithUncertainty"), Errc::unsupported, "a mean and the logarithm");
  require_error(loss("PythonUserDefinedPerObject"), Errc::unsupported, "is not known");
}

TEST_CASE("CatBoost's models that make no sense are corrupt, with the place") {
  const auto corrupt = [](const std::string& from, const std::string& to, const std::string& message) {
    require_error(model(from, to), Errc::corrupt, message);
  };
  corrupt("[1,2,3,4]", "[1,2,3]", "tree 0 has 2 splits and 3 leaf values");
  corrupt("[1,2,3,4]", "[]", "tree 0 has 2 splits and 0 leaf values");
  corrupt("[0.5],\"leaf_weights\"", "[0.5,1],\"leaf_weights\"", "tree 1 has 0 splits and 2 leaf values");
  corrupt("[10,20,30,40]", "[10,20]", "tree 0 has 2 leaf weights for 2 splits");
  corrupt(R"("float_feature_index":0)", R"("float_feature_index":1)", "feature 1 of 1 numbers");
  corrupt(R"("cat_feature_index":0)", R"("cat_feature_index":-1)", "feature -1 of 1 categories");
  corrupt(R"("border":0.5,)", "", "a split of \"x\" has no border");
  corrupt(R"("flat_feature_index":1)", R"("flat_feature_index":0)", "two features are column 0");
  corrupt(R"("flat_feature_index":1)", R"("flat_feature_index":-1)", "is column -1");
  corrupt(R"("flat_feature_index":1)", R"("flat_feature_index":900000000)", "is column 900000000");
  corrupt("AsTrue", "AsEver", "treats NaN \"AsEver\"");
  corrupt("[2,[7]]", "[2,[7,8]]", "2 biases for 1 outputs");
  corrupt("[2,[7]]", "[2]", "scale_and_bias has 1 parts");
  corrupt("\"RMSE\"", "\"MultiClass\"", "1 output, expected 2 or more");
  corrupt(R"("type":"RMSE")", R"("kind":"RMSE")", "does not name its loss function");
  corrupt(R"("value":-1242798403)", R"("value":-12427984030)", "a hash of -12427984030, expected 32 bits");
  corrupt(R"("feature_name":"x")", R"("feature_name":"c")", "two inputs are called \"c\"");
  corrupt("[1,2,3,4]", "{}", "JSON of a model");
}

TEST_CASE("text that is no JSON of CatBoost's is a parse error") {
  require_error("", Errc::parse, "JSON");
  require_error(model() + "{}", Errc::parse, "follows");
  require_error("CBM1xxxx", Errc::corrupt, "binary form: save it with format=\"json\"");
  require_error("{\"features_info\":" + std::string(200'000, '['), Errc::parse, "JSON");
}

TEST_CASE("cut or changed at any byte, a model of CatBoost is an error or another model") {
  const std::string whole = model();
  for (std::size_t size = 0; size < whole.size(); ++size)
    REQUIRE_THROWS_AS(interchange::read_catboost(whole.substr(0, size)), Error);
  std::mt19937 random(1);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int times = 0; times < 4; ++times) {
      std::string changed = whole;
      changed[at] = times == 0 ? ']' : times == 1 ? '9' : static_cast<char>(random() % 256);
      try {
        check(forest_of(changed));
      } catch (const Error& error) {
        INFO(error.what());
        const bool expected = error.code() == Errc::parse || error.code() == Errc::corrupt ||
                              error.code() == Errc::unsupported || error.code() == Errc::too_large;
        REQUIRE(expected);
        REQUIRE(error.context().starts_with("CatBoost model"));
      }
    }
}
