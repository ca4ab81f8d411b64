#include "scalar/interchange/onnx.hpp"

#include <filesystem>

#include "interchange/onnx/export_cases.hpp"
#include "interchange/onnx/model.hpp"
#include "scalar/core/random.hpp"
#include "scalar/data.hpp"
#include "scalar/interchange/xgboost.hpp"
#include "scalar/model/export.hpp"
#include "scalar/trainer.hpp"
#include "support/errors.hpp"

using namespace scalar;

namespace {

#define REQUIRE_JUDGES(python)                                                                      \
  const std::string python = test::python_with_onnx();                                              \
  if (python.empty()) {                                                                             \
    WARN("skipped: SCALAR_TEST_PYTHON names no Python that has the packages onnx and onnxruntime"); \
    return;                                                                                         \
  }

/// Numbers and texts in turn, some missing, with numbers that float32 does not hold. `odd` adds texts that other tables
/// lack. Labels: `kind` has three texts, `pair` two, `time` is near 1.7e9.
Table mixed(std::int64_t rows, std::uint64_t seed, bool odd) {
  Philox random(seed);
  const std::vector<std::string> jobs{"cook", "\xc3\xa4rztin", "a \"b\", c", "clerk"};
  std::string text = "age,job,key,constant,city,kind,pair,time\n";
  for (std::int64_t row = 0; row < rows; ++row) {
    const double age = 20 + 50 * random.uniform();
    const std::uint64_t job = random.below(4), city = random.below(3);
    const auto key = static_cast<std::int64_t>(1'700'000'000 + random.below(100'000));
    const double score = age / 20 + static_cast<double>(job) - static_cast<double>(city) + random.uniform();
    text += random.below(10) == 0 ? "" : std::to_string(age);
    text += ",";
    if (odd && random.below(5) == 0)
      text += "unheard of";
    else if (random.below(10) != 0)
      text += "\"" + (job == 2 ? std::string("a \"\"b\"\", c") : jobs[job]) + "\"";
    text += "," + (random.below(20) == 0 ? std::string() : std::to_string(key)) + ",3,";
    text += random.below(10) == 0 ? "" : "c" + std::to_string(city);
    text += std::string(",") + (score > 4.5 ? "high" : score > 3.5 ? "middle" : "low");
    text += std::string(",") + (score > 4 ? "yes" : "no");
    text += "," + std::to_string(1.7e9 + 100 * score) + "\n";
  }
  return data::parse_csv(text);
}

/// The columns that are no label.
const std::vector<std::string> inputs{"age", "job", "key", "constant", "city"};

Table with_label(const Table& table, const std::string& label) {
  std::vector<std::string> names = inputs;
  names.push_back(label);
  return table.select(names).with_label(label);
}

template <class S>
void add_mixed(test::ExportCases& cases, const std::string& name, const S& spec, const std::string& label,
               std::optional<Encoding> encoding = {}) {
  Trainer trainer{spec};
  if (encoding) trainer = trainer.with_encoding(*encoding);
  const auto model = trainer.fit(with_label(mixed(400, 1, false), label));
  const Table seen = mixed(300, 2, true);
  cases.add(name, interchange::write_onnx(model.encoder(), model.parameters()), seen, model.encoder().inputs(),
            model.predict(seen));
}

/// What docs of Forest say, as plainly as possible, in float64.
class PlainForest {
 public:
  explicit PlainForest(const Forest& forest) : forest_(forest) {}

  double margin(std::int64_t output, std::span<const float> row) const {
    double sum = forest_.base[static_cast<std::size_t>(output)] + forest_.start[static_cast<std::size_t>(output)];
    for (std::size_t tree = 0; tree < forest_.tree_output.size(); ++tree)
      if (forest_.tree_output[tree] == output) sum += leaf(static_cast<std::size_t>(forest_.tree_begin[tree]), row);
    return sum;
  }

 private:
  double leaf(std::size_t root, std::span<const float> row) const {
    std::size_t node = root;
    while (forest_.feature[node] >= 0) {
      const bool left = goes_left(node, row[static_cast<std::size_t>(forest_.feature[node])]);
      node = root + static_cast<std::size_t>(left ? forest_.left[node] : forest_.right[node]);
    }
    return forest_.value[node];
  }
  bool goes_left(std::size_t node, float x) const {
    const auto rule = static_cast<Missing>(forest_.missing[node]);
    const bool zero_too = rule == Missing::zero_left || rule == Missing::zero_right;
    if (rule == Missing::nan_is_zero && std::isnan(x)) x = 0;
    if (std::isnan(x) || (zero_too && std::abs(x) <= 1e-35f))
      return rule == Missing::nan_left || rule == Missing::zero_left;
    if (!forest_.has_categories() || forest_.category_set[node] < 0) return x < forest_.value[node];
    const auto words = forest_.words(forest_.category_set[node]);
    const auto category = static_cast<std::int64_t>(x);
    return x >= 0 && category / 32 < static_cast<std::int64_t>(words.size()) &&
           (words[static_cast<std::size_t>(category / 32)] >> (category % 32) & 1) != 0;
  }

  const Forest& forest_;
};

/// A forest of random trees of depth 3 with all rules for missing values and, if asked, sets of categories.
Forest random_forest(std::uint64_t seed, std::int64_t outputs, Link link, DataType width, bool with_sets) {
  Philox random(seed);
  Forest forest{.features = 4, .outputs = outputs, .link = link, .width = width};
  forest.base.assign(static_cast<std::size_t>(outputs), 0.25);
  forest.start.assign(static_cast<std::size_t>(outputs), 0.5);
  forest.tree_begin = {0};
  if (with_sets) forest.category_begin = {0};
  for (std::int32_t tree = 0; tree < 12; ++tree) {
    forest.tree_output.push_back(tree % static_cast<std::int32_t>(outputs));
    for (std::int32_t node = 0; node < 15; ++node) {
      const bool is_leaf = node >= 7;
      const bool is_set = with_sets && !is_leaf && random.below(2) == 0;
      forest.feature.push_back(is_leaf ? -1 : static_cast<std::int32_t>(random.below(4)));
      const double value = 4 * random.uniform() - 1;
      forest.value.push_back(width == DataType::float32 ? static_cast<float>(value) : value);
      forest.left.push_back(is_leaf ? 0 : 2 * node + 1);
      forest.right.push_back(is_leaf ? 0 : 2 * node + 2);
      forest.missing.push_back(static_cast<std::uint8_t>(random.below(6)));
      if (!with_sets) continue;
      forest.category_set.push_back(is_set ? static_cast<std::int32_t>(forest.category_begin.size()) - 1 : -1);
      if (!is_set) continue;
      for (std::uint64_t word = 0, words = random.below(3); word < words; ++word)
        forest.category_words.push_back(random());
      forest.category_begin.push_back(static_cast<std::int64_t>(forest.category_words.size()));
    }
    forest.tree_begin.push_back(static_cast<std::int64_t>(forest.feature.size()));
  }
  return forest;
}

/// Rows of categories and numbers: whole ones up to 70, fractions, zeros of both signs, missing ones.
std::vector<float> odd_rows(std::int64_t rows) {
  Philox random(9);
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows * 4; ++i) {
    const std::array<float, 8> choices{std::numeric_limits<float>::quiet_NaN(),
                                       0.0f,
                                       -0.0f,
                                       -3.0f,
                                       1e-36f,
                                       static_cast<float>(random.below(70)),
                                       static_cast<float>(random.below(5)),
                                       static_cast<float>(4 * random.uniform() - 1)};
    values.push_back(choices[random.below(choices.size())]);
  }
  return values;
}

Prediction plain_prediction(const Forest& forest, FloatMatrix rows, const std::vector<std::string>& classes) {
  Prediction result{.values = {}, .rows = rows.rows, .outputs = forest.outputs, .classes = classes};
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    std::vector<double> margins;
    for (std::int64_t k = 0; k < forest.outputs; ++k) margins.push_back(PlainForest(forest).margin(k, rows.row(row)));
    double total = 0;
    if (forest.link == Link::softmax) {
      for (double& margin : margins) total += margin = std::exp(margin);
      for (double& margin : margins) margin /= total;
    }
    result.values.insert(result.values.end(), margins.begin(), margins.end());
  }
  return result;
}

void add_forest(test::ExportCases& cases, const std::string& name, const Forest& forest) {
  std::vector<std::string> classes;
  if (forest.link == Link::softmax) classes = {"a", "b", "c"};
  const std::vector<float> values = odd_rows(200);
  const FloatMatrix rows(values.data(), 200, 4);
  const Encoder encoder = Encoder::identity({"p", "q", "r", "s"}, classes);
  cases.add(name, interchange::write_onnx(encoder, forest), rows, plain_prediction(forest, rows, classes));
}

}  // namespace

TEST_CASE("Exported models of mixed columns predict what Scalar predicts") {
  REQUIRE_JUDGES(python)
  test::ExportCases cases;
  const Encoding keep{.impute = Impute::keep, .scale = Scale::none, .categories = Categories::ordinal};
  const Encoding ordinal{.impute = Impute::median, .scale = Scale::none, .categories = Categories::ordinal};
  add_mixed(cases, "logistic2", LogisticRegression{}, "pair");
  add_mixed(cases, "logistic3", LogisticRegression{}, "kind");
  add_mixed(cases, "linear", LinearRegression{}, "time");
  add_mixed(cases, "trees_squared", GradientBoostedTrees{.trees = 20, .loss = Loss::squared}, "time");
  add_mixed(cases, "trees_logistic", GradientBoostedTrees{.trees = 20}, "pair");
  add_mixed(cases, "trees_softmax", GradientBoostedTrees{.trees = 10, .loss = Loss::softmax}, "kind");
  add_mixed(cases, "trees_one_hot", GradientBoostedTrees{.trees = 10}, "pair",
            Encoding{.impute = Impute::zero, .scale = Scale::standard});
  add_mixed(cases, "trees_keep", GradientBoostedTrees{.trees = 10}, "pair", keep);
  add_mixed(cases, "network_relu", MultilayerPerceptron{.hidden = {8, 4}, .epochs = 5}, "kind");
  add_mixed(cases, "network_tanh",
            MultilayerPerceptron{.hidden = {8}, .activation = Activation::tanh, .loss = Loss::logistic, .epochs = 5},
            "pair");
  add_mixed(cases, "network_squared",
            MultilayerPerceptron{.hidden = {8}, .activation = Activation::logistic, .loss = Loss::squared, .epochs = 5},
            "time");
  add_mixed(cases, "trees_median", GradientBoostedTrees{.trees = 10}, "pair", ordinal);
  CHECK(cases.hold(python));
}

TEST_CASE("Exported forests keep every rule for missing values and sets of categories") {
  REQUIRE_JUDGES(python)
  test::ExportCases cases;
  for (const DataType width : {DataType::float32, DataType::float64})
    for (const bool with_sets : {false, true}) {
      const std::string suffix = std::string(width == DataType::float32 ? "32" : "64") + (with_sets ? "_sets" : "");
      add_forest(cases, "margin" + suffix, random_forest(3, 1, Link::identity, width, with_sets));
      add_forest(cases, "softmax" + suffix, random_forest(4, 3, Link::softmax, width, with_sets));
    }
  const Forest empty{.features = 4, .outputs = 1, .base = {1.5}, .start = {0.25}, .tree_begin = {0}};
  add_forest(cases, "no_trees", empty);
  CHECK(cases.hold(python));
}

TEST_CASE("Large leaves are moved out of the sum in float32") {
  REQUIRE_JUDGES(python)
  test::ExportCases cases;
  // As LightGBM writes a regression: the mean of the targets is in the leaves of the first tree.
  Forest forest = random_forest(6, 1, Link::identity, DataType::float64, false);
  for (std::size_t node = 7; node < 15; ++node) forest.value[node] += 1.7e9;
  const std::vector<float> values = odd_rows(200);
  const FloatMatrix rows(values.data(), 200, 4);
  const Prediction expected = plain_prediction(forest, rows, {});
  cases.add("large_leaves", interchange::write_onnx(Encoder::identity({"p", "q", "r", "s"}, {}), forest), rows,
            expected);
  CHECK(cases.hold(python));
}

TEST_CASE("Columns may have any name, and no category may be known") {
  REQUIRE_JUDGES(python)
  test::ExportCases cases;
  EncoderParts parts;
  parts.columns = {{.name = "label", .is_text = true, .categories = {"", "b", "a"}, .is_one_hot = true},
                   {.name = "prediction", .fill = 2},
                   {.name = "concat", .is_text = true, .categories = {"z", "", "y"}},
                   {.name = "nothing", .is_text = true, .categories = {}, .is_one_hot = true},
                   {.name = "no number", .is_text = true}};
  const Encoder encoder = Encoder::from_parts(parts);
  const Table table =
      data::parse_csv("label,prediction,concat,nothing,no number\na,1,y,q,x\nb,,z,,x\n,3,y,q,x\nc,4,z,q,x\n",
                      {.schema = encoder.schema()});
  Forest forest{.features = 6, .outputs = 1, .base = {0}, .start = {0}, .tree_begin = {0}};
  // One tree for each feature f: 2^f if it is below 0.5 or missing, else f / 8.
  for (std::int32_t feature = 0; feature < 6; ++feature) {
    forest.tree_output.push_back(0);
    forest.feature.insert(forest.feature.end(), {feature, -1, -1});
    forest.value.insert(forest.value.end(), {0.5, std::ldexp(1.0, feature), 0.125 * feature});
    forest.left.insert(forest.left.end(), {1, 0, 0});
    forest.right.insert(forest.right.end(), {2, 0, 0});
    forest.missing.insert(forest.missing.end(), {1, 0, 0});
    forest.tree_begin.push_back(3 * (feature + 1));
  }
  const Dataset features = encoder.encode_inputs(table);
  Prediction expected = plain_prediction(forest, features.features(), {});
  cases.add("names", interchange::write_onnx(encoder, forest), table, encoder.inputs(), expected);
  CHECK(cases.hold(python));
}

TEST_CASE("Exported models of the census predict what Scalar predicts") {
  REQUIRE_JUDGES(python)
  const std::string path = test::shared_data("adult-train.csv");
  if (!std::filesystem::exists(path)) {
    WARN("skipped: the census is not there");
    return;
  }
  data::ReadCsvOptions options;
  options.header = data::Header::no;
  options.names = {"age",  "workclass", "fnlwgt", "education", "years", "marital", "occupation", "relationship",
                   "race", "sex",       "gain",   "loss",      "hours", "country", "income"};
  options.trim = true;
  options.missing = {"?"};
  options.label = "income";
  const Table all = data::read_csv(path, options);
  const Table train = all.slice(0, 2000), seen = all.slice(2000, 3000);
  test::ExportCases cases;
  const auto add = [&](const std::string& name, const auto& spec) {
    const auto model = Trainer{spec}.fit(train);
    cases.add(name, interchange::write_onnx(model.encoder(), model.parameters()), seen, model.encoder().inputs(),
              model.predict(seen));
  };
  add("logistic", LogisticRegression{});
  add("trees", GradientBoostedTrees{.trees = 100});
  add("network", MultilayerPerceptron{.hidden = {32}, .loss = Loss::logistic});
  CHECK(cases.hold(python));
}

TEST_CASE("save_onnx writes models of any spec of the library") {
  const test::TemporaryDirectory folder;
  const Table table = with_label(mixed(200, 1, false), "pair");
  const auto model = Trainer{LogisticRegression{}}.fit(table);
  save_onnx(model, folder / "model.onnx");
  CHECK(test::read_file(folder / "model.onnx") == interchange::write_onnx(model.encoder(), model.parameters()));
  save_onnx(Trainer{GradientBoostedTrees{.trees = 2}}.fit(table), folder / "trees.onnx");
  const auto written = interchange::onnx::parse(test::read_file(folder / "trees.onnx"));
  CHECK(written.graph.inputs.size() == 5);
  CHECK(written.graph.outputs.at(0).name == "probabilities");
  CHECK(test::code_of([&] { save_onnx(AnyModel(), folder / "none.onnx"); }) == Errc::empty);
}

TEST_CASE("save_xgboost writes the trees of a model, and refuses a model without trees") {
  const test::TemporaryDirectory folder;
  const Table table = with_label(mixed(200, 1, false), "pair");
  const auto model = Trainer{GradientBoostedTrees{.trees = 3}}.fit(table);
  save_xgboost(model, folder / "model.json");
  const auto read = interchange::read_xgboost(test::read_file(folder / "model.json"));
  CHECK(read.encoder.feature_names() == model.encoder().feature_names());
  const Dataset features = model.encoder().encode_inputs(table);
  const CompiledModel again = backend::compile(std::get<Forest>(read.parameters));
  std::vector<double> seen(400), expected(400);
  again.predict(features.features(), BatchOut(seen.data(), 200, 2));
  model.compiled().predict(features.features(), BatchOut(expected.data(), 200, 2));
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == Approx(expected[i]).epsilon(1e-6));
  const auto linear = Trainer{LogisticRegression{}}.fit(table);
  CHECK(test::message_of(Errc::unsupported, [&] {
          save_xgboost(linear, folder / "linear.json");
        }).find("logistic_regression") != std::string::npos);
}

TEST_CASE("What cannot be exported is refused") {
  const LinearParameters linear{.features = 1, .outputs = 1, .link = Link::identity, .values = {1, 0}};
  const auto write = [](const Encoder& encoder, const LinearParameters& parameters) {
    return [&] { (void)interchange::write_onnx(encoder, parameters); };
  };
  CHECK(test::code_of(write(Encoder(), linear)) == Errc::shape_mismatch);
  CHECK(test::code_of(write(Encoder::identity({"a", "b"}, {}), linear)) == Errc::shape_mismatch);
  CHECK(test::code_of(write(Encoder::identity({"a"}, {"x", "y"}), linear)) == Errc::shape_mismatch);
  const LinearParameters nothing{.features = 0, .outputs = 1, .link = Link::identity, .values = {0}};
  CHECK(test::code_of(write(Encoder::identity({}, {}), nothing)) == Errc::unsupported);
  EncoderParts parts;
  parts.columns = {{.name = "\xff"}};
  CHECK(test::message_of(Errc::invalid_argument, write(Encoder::from_parts(parts), linear)).find("UTF-8") !=
        std::string::npos);
}
