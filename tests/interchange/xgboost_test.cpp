#include "scalar/interchange/xgboost.hpp"

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "backend/xgboost/problems.hpp"
#include "interchange/stored_models.hpp"
#include "interchange/xgboost_library.hpp"
#include "scalar/backend/xgboost/xgboost.hpp"
#include "scalar/core/json.hpp"
#include "support/paths.hpp"

using namespace scalar;

namespace {

/// A model of two trees in the form of version 1.7; `$` stands for what a test changes.
std::string model(const std::string& from = "", const std::string& to = "") {
  std::string text =
      R"({"learner":{"attributes":{},"feature_names":[],"feature_types":[],"gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"2"},"tree_info":[0,0],"trees":[)"
      R"({"base_weights":[0.1,0.2,0.3],"categories":[],"default_left":[1,0,0],"id":0,"left_children":[1,-1,-1],"loss_changes":[1,0,0],"parents":[2147483647,0,0],"right_children":[2,-1,-1],"split_conditions":[5E-1,-1E0,2E0],"split_indices":[1,0,0],"split_type":[0,0,0],"sum_hessian":[2,1,1],"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3","size_leaf_vector":"0"}},)"
      R"({"base_weights":[0.1],"categories":[],"default_left":[0],"id":1,"left_children":[-1],"loss_changes":[0],"parents":[2147483647],"right_children":[-1],"split_conditions":[2.5E-1],"split_indices":[0],"split_type":[0],"sum_hessian":[2],"tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"1","size_leaf_vector":"0"}}]},"name":"gbtree"},)"
      R"("learner_model_param":{"base_score":"5E-1","num_class":"0","num_feature":"2"},"objective":{"name":"reg:squarederror","reg_loss_param":{"scale_pos_weight":"1"}}},"version":[1,7,4]})";
  if (!from.empty()) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  return text;
}

void require_error(const std::string& text, Errc code, const std::string& message) {
  try {
    (void)interchange::read_xgboost(text);
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() == code);
    CHECK(std::string(error.what()).find(message) != std::string::npos);
    return;
  }
  FAIL("was read, expected: " << message);
}

/// A file of tests/interchange/models: models saved by XGBoost 3.2, and the margins it predicts with them.
std::string file_of(const std::string& name) {
  std::ifstream file(test::source_file("tests/interchange/models/" + name));
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// How many margins differ in a bit.
long differences(const std::vector<double>& ours, const std::vector<float>& theirs) {
  REQUIRE(ours.size() == theirs.size());
  long count = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto mine = static_cast<float>(ours[i]);
    count += std::memcmp(&mine, &theirs[i], sizeof mine) != 0 ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("a model by hand reads as written") {
  const Forest forest = problems::forest_of(model());
  check(forest);
  CHECK(forest.start == std::vector<double>{0.5});
  CHECK(forest.base == std::vector<double>{0});
  CHECK(forest.features == 2);
  CHECK(forest.link == Link::identity);
  CHECK(forest.feature == std::vector<std::int32_t>{1, -1, -1, -1});
  CHECK(forest.value == std::vector<double>{0.5, -1, 2, 0.25});
  CHECK(forest.missing[0] == static_cast<std::uint8_t>(Missing::nan_left));
  CHECK(forest.tree_begin == std::vector<std::int64_t>{0, 3, 4});
  // Other versions: booleans, vectors of base scores, numbers that are no strings, infinities.
  CHECK(problems::forest_of(model(R"("default_left":[1,0,0])", R"("default_left":[true,false,false])")) == forest);
  CHECK(problems::forest_of(model(R"("base_score":"5E-1")", R"("base_score":"[5E-1]")")) == forest);
  CHECK(problems::forest_of(model(R"("num_feature":"2"},"obj)", R"("num_feature":2},"obj)")) == forest);
  CHECK(std::isinf(problems::forest_of(model("[5E-1,-1E0", "[Infinity,-1E0")).value[0]));
  CHECK(problems::forest_of(model(R"("split_type":[0,0,0],)", "")) == forest);
  // 1 + 2^-24 + 2^-60: a double rounds it to the middle of two floats, and that to the lower one.
  CHECK(problems::forest_of(model("-1E0", "1.000000059604644776257986738")).value[1] == double(1.0f + 0x1p-23f));
  // The trees' numbers give their order.
  std::string swapped = model(R"("id":0)", R"("id":9)");
  swapped.replace(swapped.find(R"("id":1)"), 6, R"("id":0)");
  swapped.replace(swapped.find(R"("id":9)"), 6, R"("id":1)");
  CHECK(problems::forest_of(swapped).value == std::vector<double>{0.25, 0.5, -1, 2});
}

TEST_CASE("margins are XGBoost's own, bit for bit") {
  for (const std::string& path : problems::libraries()) {
    const backend::xgboost::Library library(path);
    for (const Loss loss : {Loss::squared, Loss::logistic, Loss::softmax})
      for (const bool with_base : {false, true}) {
        const DatasetParts parts = problems::awkward(loss, with_base ? 5000 : 100'000, 12, 3);
        std::map<std::string, std::string> parameters{{"tree_method", "hist"},
                                                      {"max_depth", loss == Loss::logistic ? "9" : "5"},
                                                      {"objective", "reg:squarederror"}};
        if (loss == Loss::logistic) parameters["objective"] = "binary:logistic";
        if (loss == Loss::softmax) parameters["objective"] = "multi:softprob", parameters["num_class"] = "3";
        if (with_base) parameters["base_score"] = "0.3";
        const problems::Booster booster(library, parts, parameters, 6);
        const Forest forest = problems::forest_of(booster.json());
        check(forest);
        INFO("library \"" << path << "\", objective " << parameters["objective"] << ", base " << with_base);
        CHECK(differences(problems::margins(forest, Dataset(parts)), booster.margins()) == 0);
      }
  }
}

TEST_CASE("the base score of raw logits is a margin, that of a logistic a probability") {
  const json::Value expected = json::parse(file_of("expected.json"));
  std::vector<float> x;
  for (const json::Value& value : expected.at("x").as_array()) x.push_back(static_cast<float>(value.as_double()));
  for (const std::string name : {"logitraw_default", "logitraw_base02"}) {
    const Forest forest = problems::forest_of(file_of(name + ".json"));
    CHECK(forest.link == Link::identity);
    std::vector<double> margins(x.size());
    backend::compile(forest).margins({x.data(), 8, 1}, {margins.data(), 8, 1});
    std::vector<float> theirs;
    for (const json::Value& value : expected.at("output_margin").at(name).as_array())
      theirs.push_back(static_cast<float>(value.as_double()));
    INFO(name);
    CHECK(differences(margins, theirs) == 0);
  }
  const Forest logistic = problems::forest_of(file_of("reg_logistic.json"));
  CHECK(logistic.link == Link::logistic);
  CHECK(logistic.start == std::vector<double>{0});  // logit of 0.5
  const Forest quantile = problems::forest_of(file_of("quantile03.json"));
  CHECK(quantile.link == Link::identity);
  CHECK(quantile.trees() == 2);
}

TEST_CASE("a base score is read as the version that saved it does") {
  const auto base = [](std::string text, const std::string& objective, const std::string& score,
                       const std::string& version) {
    const auto replace = [&](const std::string& from, const std::string& to) {
      text.replace(text.find(from), from.size(), to);
    };
    replace("reg:squarederror", objective);
    replace("5E-1\",\"num_class", score + "\",\"num_class");
    replace("[1,7,4]", version);
    return problems::forest_of(text).start[0];
  };
  CHECK(base(model(), "binary:logitraw", "2E-1", "[1,3,0]") == Approx(std::log(0.25)));
  CHECK(base(model(), "binary:logitraw", "2E-1", "[1,3,1]") == double(0.2f));
  CHECK(base(model(), "reg:logistic", "2E-1", "[1,7,4]") == Approx(std::log(0.25)));
  // 3.2 keeps probabilities a millionth away from 0 and 1.
  CHECK(base(model(), "binary:logistic", "1E-8", "[3,1,3]") == Approx(-18.420683));
  CHECK(base(model(), "binary:logistic", "1E-8", "[3,2,0]") == Approx(-13.815508));
  CHECK(base(model(), "binary:logistic", "1E0", "[3,2,0]") == Approx(13.745161));
  CHECK_THROWS_WITH(base(model(), "binary:logistic", "1E0", "[3,1,3]"), Catch::Contains("logit is not finite"));
  CHECK_THROWS_WITH(base(model(), "binary:logistic", "2E0", "[3,2,0]"), Catch::Contains("expected a probability"));
}

TEST_CASE("every objective that predicts margins, their logistic or their softmax gives XGBoost's margins") {
  for (const std::string& path : problems::libraries()) {
    const backend::xgboost::Library library(path);
    const backend::XGBoost xgboost({.library = path});
    for (const std::string score : {"", "0.3"})
      for (const auto& [objective, link] : std::map<std::string, Link>{{"reg:linear", Link::identity},
                                                                       {"reg:squaredlogerror", Link::identity},
                                                                       {"reg:pseudohubererror", Link::identity},
                                                                       {"reg:absoluteerror", Link::identity},
                                                                       {"reg:quantileerror", Link::identity},
                                                                       {"binary:logitraw", Link::identity},
                                                                       {"rank:pairwise", Link::identity},
                                                                       {"rank:ndcg", Link::identity},
                                                                       {"rank:map", Link::identity},
                                                                       {"reg:logistic", Link::logistic},
                                                                       {"binary:logistic", Link::logistic},
                                                                       {"multi:softmax", Link::softmax}}) {
        if (objective == "reg:quantileerror" && xgboost.version().starts_with("1.")) continue;  // since 2.0
        const Loss loss = link == Link::softmax ? Loss::softmax : Loss::logistic;
        const DatasetParts parts = problems::awkward(loss, 600, 6, 13);
        std::map<std::string, std::string> parameters{{"objective", objective}, {"max_depth", "4"}};
        if (!score.empty()) parameters["base_score"] = score;
        if (link == Link::softmax) parameters["num_class"] = "3";
        if (objective == "reg:quantileerror") parameters["quantile_alpha"] = "0.3";
        const problems::Booster booster(library, parts, parameters, 3);
        const Forest forest = problems::forest_of(booster.json());
        INFO("library \"" << path << "\", objective " << objective << ", base score \"" << score << "\"");
        CHECK(forest.link == link);
        CHECK(differences(problems::margins(forest, Dataset(parts)), booster.margins()) == 0);
      }
  }
}

TEST_CASE("exact splits, pruned trees and random forests import as well") {
  for (const std::string& path : problems::libraries()) {
    const backend::xgboost::Library library(path);
    const DatasetParts parts = problems::awkward(Loss::logistic, 4000, 6, 5);
    for (const auto& parameters : std::vector<std::map<std::string, std::string>>{
             {{"tree_method", "exact"}, {"gamma", "3"}},
             {{"tree_method", "approx"}, {"booster", "gbtree"}, {"min_child_weight", "0"}, {"lambda", "0"}},
             {{"tree_method", "hist"},
              {"num_parallel_tree", "4"},
              {"subsample", "0.5"},
              {"grow_policy", "lossguide"}}}) {
      auto all = parameters;
      all["objective"] = "binary:logistic";
      all["max_depth"] = "8";
      const problems::Booster booster(library, parts, all, 5);
      const Forest forest = problems::forest_of(booster.json());
      INFO("library \"" << path << "\", tree_method " << all["tree_method"]);
      CHECK(differences(problems::margins(forest, Dataset(parts)), booster.margins()) == 0);
    }
  }
}

namespace {

/// Numbers and three columns of categories (3, 40 and 300 of them), a tenth of all missing.
xgboost_library::Rows mixed(int rows, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  xgboost_library::Rows made{{}, 5, {"float", "c", "c", "float", "c"}};
  for (int row = 0; row < rows; ++row)
    for (const unsigned categories : {0U, 3U, 40U, 0U, 300U}) {
      const float value = categories == 0 ? normal(random) : static_cast<float>(random() % categories);
      made.values.push_back(random() % 10 == 0 ? std::numeric_limits<float>::quiet_NaN() : value);
    }
  return made;
}

std::vector<float> labels_of(const xgboost_library::Rows& rows, int classes, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> labels;
  for (std::int64_t row = 0; row < rows.count(); ++row) {
    float sum = std::normal_distribution<float>()(random);
    const float* x = rows.values.data() + row * rows.columns;
    for (std::int64_t j = 0; j < rows.columns; ++j)
      sum += std::isnan(x[j])                                 ? 0.5F
             : rows.types[static_cast<std::size_t>(j)] == "c" ? std::sin(x[j] * 1.7F) * 2
                                                              : x[j];
    labels.push_back(classes == 0 ? sum : static_cast<float>(static_cast<int>(std::abs(sum)) % classes));
  }
  return labels;
}

/// Rows with what no category is.
xgboost_library::Rows with_strangers(xgboost_library::Rows rows) {
  constexpr float strange[] = {-1, -0.5F, 0.5F, 2.99F, 301, 16777215, 16777216, 3e9F, -3e9F, 1e30F, 0, -0.0F};
  std::mt19937 random(9);
  for (float& value : rows.values)
    if (random() % 4 == 0) value = strange[random() % std::size(strange)];
  return rows;
}

/// Ours of a row, by the imported forest.
std::vector<double> margins_of(const Forest& forest, const xgboost_library::Rows& rows) {
  std::vector<double> out(static_cast<std::size_t>(rows.count() * forest.outputs));
  backend::compile(forest).margins({rows.values.data(), rows.count(), rows.columns},
                                   {out.data(), rows.count(), forest.outputs});
  return out;
}

}  // namespace

TEST_CASE("splits by categories give XGBoost's margins, bit for bit, from JSON and from UBJSON") {
  for (const auto& api : xgboost_library::all())
    for (const int classes : {0, 2, 4})
      for (const std::string one_hot : {"1", "50", "1000"})
        for (const std::string booster : {"gbtree", "dart"}) {
          const auto rows = mixed(3000, 5);
          xgboost_library::Settings settings{{"tree_method", "hist"},
                                             {"max_depth", "5"},
                                             {"booster", booster},
                                             {"max_cat_to_onehot", one_hot},
                                             {"rate_drop", "0.4"}};
          if (booster == "gbtree") settings.erase("rate_drop");
          if (classes == 2) settings["objective"] = "binary:logistic";
          if (classes == 4) settings["objective"] = "multi:softprob", settings["num_class"] = "4";
          const xgboost_library::Booster trained(api, rows, labels_of(rows, classes, 3), 1, settings, 6);
          const Forest forest = problems::forest_of(trained.save("json"));
          INFO("XGBoost " << api.major << ", classes " << classes << ", one-hot " << one_hot << ", " << booster);
          check(forest);
          CHECK(forest.has_categories());
          CHECK(forest.gain.size() == forest.feature.size());
          CHECK(forest.cover.size() == forest.feature.size());
          CHECK(problems::forest_of(trained.save("ubj")) == forest);
          CHECK(differences(margins_of(forest, rows), trained.margins(rows)) == 0);
          const auto strange = with_strangers(mixed(800, 6));
          CHECK(differences(margins_of(forest, strange), trained.margins(strange)) == 0);
        }
}

TEST_CASE("a linear booster becomes linear parameters; what is missing adds nothing") {
  for (const auto& api : xgboost_library::all())
    for (const int classes : {0, 2, 4}) {
      auto rows = mixed(500, 7);
      rows.types.clear();
      const auto types = mixed(1, 1);
      auto typed = rows;
      typed.types = types.types;
      xgboost_library::Settings settings{{"booster", "gblinear"}, {"updater", "coord_descent"}, {"lambda", "1"}};
      if (classes == 2) settings["objective"] = "binary:logistic";
      if (classes == 4) settings["objective"] = "multi:softprob", settings["num_class"] = "4";
      const xgboost_library::Booster trained(api, rows, labels_of(typed, classes, 3), 1, settings, 5);
      const auto read = interchange::read_xgboost(trained.save("json"));
      const auto& linear = std::get<LinearParameters>(read.parameters);
      CHECK(linear.outputs == (classes == 4 ? 4 : 1));
      CHECK(static_cast<int>(read.encoder.classes().size()) == classes);
      CHECK(std::get<LinearParameters>(interchange::read_xgboost(trained.save("ubj")).parameters) == linear);
      std::vector<float> features(rows.values.size());
      read.encoder.encode(BatchView(FloatMatrix(rows.values.data(), rows.count(), rows.columns)),
                          MatrixView<float>(features.data(), rows.count(), rows.columns));
      std::vector<double> ours(static_cast<std::size_t>(rows.count() * linear.outputs));
      backend::compile(linear).margins({features.data(), rows.count(), rows.columns},
                                       {ours.data(), rows.count(), linear.outputs});
      const auto theirs = trained.margins(rows);
      REQUIRE(theirs.size() == ours.size());
      INFO("XGBoost " << api.major << ", classes " << classes);
      for (std::size_t i = 0; i < ours.size(); ++i) REQUIRE(theirs[i] == Approx(ours[i]).epsilon(1e-5).margin(1e-4));
    }
}

TEST_CASE("a tree whose leaves are vectors becomes a tree for each output") {
  for (const auto& api : xgboost_library::all()) {
    if (api.major < 2) continue;  // since 2.0
    const auto rows = mixed(1000, 8);
    const auto first = labels_of(rows, 0, 3), second = labels_of(rows, 0, 4);
    std::vector<float> labels;
    for (std::size_t i = 0; i < first.size(); ++i) labels.insert(labels.end(), {first[i], second[i], first[i] * 2});
    auto numbers = rows;
    numbers.types.clear();
    const xgboost_library::Booster trained(
        api, numbers, labels, 3, {{"multi_strategy", "multi_output_tree"}, {"tree_method", "hist"}, {"max_depth", "4"}},
        5);
    const Forest forest = problems::forest_of(trained.save("ubj"));
    CHECK(forest.outputs == 3);
    CHECK(forest.trees() == 15);
    CHECK(differences(margins_of(forest, numbers), trained.margins(numbers)) == 0);
    CHECK(problems::forest_of(trained.save("json")) == forest);
  }
}

TEST_CASE("features and categories have the names of the file") {
  const auto read = interchange::read_xgboost(stored_models::file("xgboost_names.json"));
  CHECK(stored_models::largest_difference(read, "xgboost_names") == 0);
  const auto& inputs = read.encoder.inputs();
  REQUIRE(inputs.size() == 5);
  CHECK(inputs[1].name == "color");
  CHECK(inputs[1].is_text);
  CHECK(read.encoder.feature_categories() == std::vector<std::int64_t>{0, 7, 0, 0, 0});
  REQUIRE(read.notes.size() == 1);
  CHECK(read.notes[0] == "input \"size\" holds the codes of categories, 0, 1, ...: 0 is 3, 1 is 7, 2 is 10, 3 is 20");
  const auto binary = interchange::read_xgboost(stored_models::file("xgboost_names.ubj"));
  CHECK(std::get<Forest>(binary.parameters) == std::get<Forest>(read.parameters));
  CHECK(binary.encoder.to_json() == read.encoder.to_json());
  CHECK(binary.notes == read.notes);
  // Names that are not ASCII are cut at wrong places in the file.
  std::string cut = stored_models::file("xgboost_names.json");
  cut.replace(cut.find("[98,108,97"), 10, "[-61,-87,97");
  const auto codes = interchange::read_xgboost(cut);
  CHECK_FALSE(codes.encoder.inputs()[1].is_text);
  CHECK_THAT(codes.notes.front(), Catch::Contains("\"color\" holds the codes") && Catch::Contains("not ASCII"));
}

TEST_CASE("leaves that are vectors give the margins of the version that saved them") {
  for (const std::string name : {"xgboost_vectors", "xgboost_vectors_2"}) {
    const auto read = interchange::read_xgboost(stored_models::file(name + ".json"));
    INFO(name);
    CHECK(std::get<Forest>(read.parameters).outputs == 2);
    CHECK(stored_models::largest_difference(read, name) == 0);
  }
}

TEST_CASE("cut or changed at any byte, a model in UBJSON is an error or another model") {
  const std::string whole = stored_models::file("xgboost_names.ubj");
  for (std::size_t size = 0; size < whole.size(); size += 7)
    REQUIRE_THROWS_AS(interchange::read_xgboost(whole.substr(0, size)), Error);
  std::mt19937 random(1);
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = static_cast<char>(random() % 256);
    try {
      check(problems::forest_of(changed));
    } catch (const Error& error) {
      const bool expected = error.code() == Errc::parse || error.code() == Errc::corrupt ||
                            error.code() == Errc::unsupported || error.code() == Errc::too_large;
      INFO(error.what());
      REQUIRE(expected);
      REQUIRE(error.context().starts_with("XGBoost model"));
    }
  }
}

TEST_CASE("what no forest stands for is unsupported, with the reason") {
  require_error(model(R"("name":"gbtree")", R"("name":"other")"), Errc::unsupported, "\"other\", expected gbtree");
  for (const std::string name : {"count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"})
    require_error(model("reg:squarederror", name), Errc::unsupported,
                  "\"" + name + "\" predicts the exponential of the margin");
  require_error(model("reg:squarederror", "binary:hinge"), Errc::unsupported, "predicts 1 where the margin is above 0");
  require_error(model("reg:squarederror", "my:own"), Errc::unsupported, "\"my:own\" is not known");
  require_error(model("reg:squarederror", "multi:softprob"), Errc::unsupported, "has 1 class, expected 2");
  const auto outputs = [](std::string objective) {
    std::string text = model("reg:squarederror", objective);
    return text.replace(text.find(R"("num_class":"0")"), 15, R"("num_class":"0","num_target":"3")");
  };
  require_error(outputs("binary:logistic"), Errc::unsupported, "predicts 3 labels, each by a logistic");
  require_error(outputs("reg:expectileerror"), Errc::unsupported, "has 3 expectiles");
  CHECK(problems::forest_of(model("reg:squarederror", "reg:expectileerror")).link == Link::identity);
  CHECK(problems::forest_of(outputs("reg:quantileerror")).outputs == 3);
}

TEST_CASE("models that make no sense are corrupt, with the place") {
  const auto corrupt = [](const std::string& from, const std::string& to, const std::string& message) {
    require_error(model(from, to), Errc::corrupt, message);
  };
  corrupt(R"("left_children":[1,)", R"("left_children":[0,)", "tree 0, node 0 is the child of two");
  corrupt(R"("left_children":[1,)", R"("left_children":[2,)", "node 2 is the child of two");
  corrupt(R"("left_children":[1,)", R"("left_children":[3,)", "child 3");
  corrupt(R"("left_children":[1,)", R"("left_children":[-7,)", "child -7");
  corrupt(R"("left_children":[1,)", R"("left_children":[-1,)", "one child");
  corrupt(R"("left_children":[1,-1,-1])", R"("left_children":[1])", "different lengths");
  corrupt(R"("left_children":[1,)", R"("left_children":[9223372036854775807,)", "holds 9223372036854775807");
  corrupt(R"("split_indices":[1,)", R"("split_indices":[2,)", "feature 2 of 2");
  corrupt(R"("split_indices":[1,)", R"("split_indices":[-1,)", "feature -1");
  corrupt("[5E-1,", "[NaN,", "splits at NaN");
  corrupt("[5E-1,", "[1E99,", "1E99");
  corrupt("[5E-1,", "[\"x\",", "expected a number");
  corrupt("[5E-1,", "[[],", "expected a number");
  corrupt(R"("tree_info":[0,0])", R"("tree_info":[0])", "tree_info");
  corrupt(R"("tree_info":[0,0])", R"("tree_info":[0,1])", "tree 1 adds to output 1 of 1");
  corrupt(R"("id":1)", R"("id":0)", "id 0");
  corrupt(R"("id":1)", R"("id":1000000000000)", "id 1000000000000");
  corrupt(R"("num_feature":"2"},"obj)", R"("num_feature":"-2"},"obj)", "num_feature");
  corrupt(R"("num_feature":"2"},"obj)", R"("num_feature":"two"},"obj)", "whole number");
  corrupt(R"("num_class":"0")", R"("num_class":"9223372036854775807")", "outputs");
  corrupt(R"("base_score":"5E-1")", R"("base_score":"")", "base_score");
  corrupt(R"("base_score":"5E-1")", R"("base_score":"[1,2]")", "2 base scores");
  corrupt(R"("name":"gbtree")", R"("nome":"gbtree")", "booster");
  corrupt(R"("learner":)", R"("teacher":)", "learner");
  corrupt(R"("tree_info":[0,0])", R"("tree_info":{})", "JSON of a model");
  corrupt(R"("name":"gbtree")", R"("name":"dart")", "2 trees and weight_drop of 0");
  corrupt(R"("name":"gbtree")", R"("name":"gblinear")", "0 weights for 2 features and 1 outputs");
  corrupt(R"("size_leaf_vector":"0")", R"("size_leaf_vector":"3")", "tree 0 has leaves of 3 values for 1 outputs");
  corrupt(R"("loss_changes":[1,0,0])", R"("loss_changes":[1])", "different lengths");
  corrupt(R"("feature_names":[])", R"("feature_names":["a"])", "1 feature_names for 2 features");
  corrupt(R"("feature_names":[])", R"("feature_names":["a","a"])", "two inputs are called \"a\"");
  corrupt(R"("feature_types":[])", R"("feature_types":["c"])", "1 feature_types for 2 features");
  require_error(model(R"("num_feature":"2"},"obj)", R"("num_feature":"2000000000"},"obj)"), Errc::too_large,
                "claims 2000000000 features");
}

TEST_CASE("sets of categories that make no sense are corrupt, and large ones too large") {
  // Node 0 of tree 0 asks for categories.
  const auto with = [](const std::string& sets) {
    std::string text = model(R"("split_type":[0,0,0])", R"("split_type":[1,0,0])");
    return text.replace(text.find(R"("categories":[])"), 15, sets);
  };
  const auto sets = [&](const std::string& nodes, const std::string& begin, const std::string& size) {
    return with(R"("categories":[3,40],"categories_nodes":[)" + nodes + R"(],"categories_segments":[)" + begin +
                R"(],"categories_sizes":[)" + size + "]");
  };
  const Forest forest = problems::forest_of(sets("0", "0", "2"));
  check(forest);
  CHECK(forest.category_words == std::vector<std::uint32_t>{8, 256});
  CHECK(forest.category_set == std::vector<std::int32_t>{0, -1, -1, -1});
  // What is in a set goes right in XGBoost and left here; a missing value went left.
  CHECK(forest.value == std::vector<double>{0, 2, -1, 0.25});
  CHECK(forest.missing[0] == static_cast<std::uint8_t>(Missing::nan_right));
  require_error(with(R"("categories":[])"), Errc::corrupt, "tree 0, node 0 splits by categories and lists none");
  require_error(sets("3", "0", "2"), Errc::corrupt, "categories for node 3 of 3");
  require_error(sets("-1", "0", "2"), Errc::corrupt, "categories for node -1");
  require_error(sets("0", "1", "2"), Errc::corrupt, "outside of those listed");
  require_error(sets("0", "-1", "2"), Errc::corrupt, "outside of those listed");
  require_error(sets("0", "0", "-1"), Errc::corrupt, "outside of those listed");
  require_error(sets("0", "9223372036854775807", "9223372036854775807"), Errc::corrupt, "outside of those listed");
  require_error(sets("0", "", "2"), Errc::corrupt, "outside of those listed");
  const auto one = [&](const std::string& category) {
    return with(R"("categories":[)" + category +
                R"(],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[1])");
  };
  require_error(one("-1"), Errc::corrupt, "has category -1");
  require_error(one("16777216"), Errc::corrupt, "has category 16777216");
  require_error(one("16777215"), Errc::too_large, "words of 32 bits");
}

TEST_CASE("text that is no JSON is a parse error") {
  require_error("", Errc::parse, "JSON");
  require_error("no", Errc::corrupt, "JSON");
  require_error(model() + "{}", Errc::parse, "follows");
  require_error(std::string(200'000, '['), Errc::corrupt, "JSON");
  require_error("{\"learner\":" + std::string(200'000, '['), Errc::parse, "JSON");
}

TEST_CASE("cut or changed at any byte, a model is an error or another model") {
  const std::string whole = model();
  for (std::size_t size = 0; size < whole.size(); ++size)
    REQUIRE_THROWS_AS(interchange::read_xgboost(whole.substr(0, size)), Error);
  std::mt19937 random(1);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int times = 0; times < 4; ++times) {
      std::string changed = whole;
      changed[at] = times == 0 ? ']' : times == 1 ? '"' : static_cast<char>(random() % 256);
      try {
        check(problems::forest_of(changed));
      } catch (const Error& error) {
        const bool expected =
            error.code() == Errc::parse || error.code() == Errc::corrupt || error.code() == Errc::unsupported;
        INFO(error.what());
        REQUIRE(expected);
        REQUIRE(error.context().starts_with("XGBoost model"));
      }
    }
}
