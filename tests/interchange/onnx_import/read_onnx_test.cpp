#include "scalar/interchange/read_onnx.hpp"

#include <map>

#include "interchange/onnx/graph_builder.hpp"
#include "interchange/onnx_import/converted.hpp"
#include "support/errors.hpp"

using namespace scalar;
using namespace scalar::interchange;
using converted::predict;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
using Attributes = std::vector<onnx::Attribute>;
using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;
using Strings = std::vector<std::string>;

onnx::Model model_of(onnx::GraphBuilder& builder, std::int64_t opset = 13, std::int64_t ml_opset = 3) {
  onnx::Model model;
  model.opsets = {{"", opset}, {std::string(onnx::ml_domain), ml_opset}};
  model.graph = builder.release();
  return model;
}

/// A graph with one input `x` of `columns` numbers.
struct Builder {
  onnx::GraphBuilder graph{"test"};

  explicit Builder(std::int64_t columns) { graph.input("x", DataType::float32, {{-1, "N"}, {columns, ""}}); }

  std::string finish(const std::string& value, std::int64_t outputs, std::int64_t ml_opset = 3) {
    graph.output("scores", value, DataType::float32, {{-1, "N"}, {outputs, ""}});
    return onnx::serialize(model_of(graph, 13, ml_opset));
  }
};

std::string ml(onnx::GraphBuilder& graph, std::string_view op, const std::string& input, const Attributes& attributes) {
  return graph.add(op, {input}, attributes, onnx::ml_domain);
}

/// A regressor of one tree of one split, of x, at 2: 10 where it holds, else 20.
Attributes stump(const std::string& mode, Ints tracks_true = {}) {
  Attributes attributes{{"nodes_treeids", Ints{7, 7, 7}},      {"nodes_nodeids", Ints{5, 3, 9}},
                        {"nodes_featureids", Ints{0, 0, 0}},   {"nodes_modes", Strings{mode, "LEAF", "LEAF"}},
                        {"nodes_values", Floats{2, 0, 0}},     {"nodes_truenodeids", Ints{9, 0, 0}},
                        {"nodes_falsenodeids", Ints{3, 0, 0}}, {"target_treeids", Ints{7, 7}},
                        {"target_nodeids", Ints{9, 3}},        {"target_ids", Ints{0, 0}},
                        {"target_weights", Floats{10, 20}},    {"n_targets", std::int64_t{1}}};
  if (!tracks_true.empty()) attributes.push_back({"nodes_missing_value_tracks_true", std::move(tracks_true)});
  return attributes;
}

std::string regressor(const Attributes& attributes) {
  Builder builder(1);
  return builder.finish(ml(builder.graph, "TreeEnsembleRegressor", "x", attributes), 1);
}

/// The attributes with one of them replaced.
Attributes with(Attributes attributes, onnx::Attribute other) {
  for (onnx::Attribute& attribute : attributes)
    if (attribute.name == other.name) {
      attribute = std::move(other);
      return attributes;
    }
  attributes.push_back(std::move(other));
  return attributes;
}

std::vector<double> answers(const std::string& file, const std::vector<double>& xs) {
  std::vector<std::vector<json::Value>> rows;
  for (const double x : xs) rows.push_back({std::isnan(x) ? json::Value() : json::Value(x)});
  std::vector<double> result;
  for (const auto& row : predict(converted::read(file), rows)) result.push_back(row.at(0));
  return result;
}

std::string refused(const std::string& file, Errc code = Errc::unsupported) {
  return test::message_of(code, [&] { (void)converted::read(file); });
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("splits compare as the standard says, at the threshold and beside it") {
  const double below = std::nextafter(2.0f, 0.0f), above = std::nextafter(2.0f, 3.0f);
  const std::vector<double> xs{below, 2, above, missing};
  // What the mode says of a number below, at and above the threshold; NaN compares false, but is not equal.
  const std::map<std::string, std::vector<bool>> modes{{"BRANCH_LEQ", {true, true, false, false}},
                                                       {"BRANCH_LT", {true, false, false, false}},
                                                       {"BRANCH_GTE", {false, true, true, false}},
                                                       {"BRANCH_GT", {false, false, true, false}}};
  for (const auto& [mode, holds] : modes) {
    INFO(mode);
    for (const bool tracks_true : {false, true}) {
      std::vector<double> expected;
      for (const bool is_true : holds) expected.push_back(is_true ? 10 : 20);
      if (tracks_true) expected.back() = 10;
      CHECK(answers(regressor(stump(mode, tracks_true ? Ints{1, 0, 0} : Ints{})), xs) == expected);
    }
  }
}

TEST_CASE("splits by equality become sets of categories") {
  for (const bool tracks_true : {false, true}) {
    const ImportedModel model = converted::read(regressor(stump("BRANCH_EQ", {tracks_true ? 1 : 0, 0, 0})));
    const auto& forest = std::get<Forest>(model.parameters);
    REQUIRE(forest.has_categories());
    CHECK(forest.words(0)[0] == 1u << 2);
    CHECK(forest.value[1] == 10);
    CHECK(forest.missing[0] == static_cast<std::uint8_t>(tracks_true ? Missing::nan_left : Missing::nan_right));
    CHECK(model.notes.size() == 1);
  }
  const ImportedModel other = converted::read(regressor(stump("BRANCH_NEQ")));
  CHECK(std::get<Forest>(other.parameters).value[1] == 20);  // left is where x is 2
  CHECK(std::get<Forest>(other.parameters).missing[0] == static_cast<std::uint8_t>(Missing::nan_right));
  CHECK(contains(refused(regressor(with(stump("BRANCH_EQ"), {"nodes_values", Floats{2.5f, 0, 0}}))), "2.5"));
}

TEST_CASE("a chain of splits by equality becomes one set") {
  // x == 2 or x == 5: 10, else 20, as onnxmltools writes LightGBM's categories: both lead to one leaf.
  Attributes attributes = stump("BRANCH_EQ");
  attributes = with(attributes, {"nodes_treeids", Ints{7, 7, 7, 7}});
  attributes = with(attributes, {"nodes_nodeids", Ints{5, 3, 9, 6}});
  attributes = with(attributes, {"nodes_featureids", Ints{0, 0, 0, 0}});
  attributes = with(attributes, {"nodes_modes", Strings{"BRANCH_EQ", "LEAF", "LEAF", "BRANCH_EQ"}});
  attributes = with(attributes, {"nodes_values", Floats{2, 0, 0, 5}});
  attributes = with(attributes, {"nodes_truenodeids", Ints{9, 0, 0, 9}});
  attributes = with(attributes, {"nodes_falsenodeids", Ints{6, 0, 0, 3}});
  CHECK(answers(regressor(attributes), {2, 5, 3, 0, missing}) == std::vector<double>{10, 10, 20, 20, 20});
}

TEST_CASE("thresholds of doubles are compared as doubles") {
  // 2 + 2^-30 is no float. Floats up to 2 are below it, the next one above.
  const double threshold = 2 + 0x1p-30;
  const Attributes attributes = with(
      stump("BRANCH_LEQ"), {"nodes_values_as_tensor",
                            onnx::NamedTensor{"", onnx::tensor_of({3}, std::vector<double>{threshold, 0, 0}), {}}});
  CHECK(answers(regressor(attributes), {2, std::nextafter(2.0f, 3.0f)}) == std::vector<double>{10, 20});
}

TEST_CASE("trees are summed or averaged, and the base is added") {
  Attributes attributes = stump("BRANCH_LT");
  CHECK(answers(regressor(with(attributes, {"base_values", Floats{0.5f}})), {1}) == std::vector<double>{10.5});
  // A second tree of one leaf.
  attributes = with(attributes, {"nodes_treeids", Ints{7, 7, 7, 8}});
  attributes = with(attributes, {"nodes_nodeids", Ints{5, 3, 9, 0}});
  attributes = with(attributes, {"nodes_featureids", Ints{0, 0, 0, 0}});
  attributes = with(attributes, {"nodes_modes", Strings{"BRANCH_LT", "LEAF", "LEAF", "LEAF"}});
  attributes = with(attributes, {"nodes_values", Floats{2, 0, 0, 0}});
  attributes = with(attributes, {"nodes_truenodeids", Ints{9, 0, 0, 0}});
  attributes = with(attributes, {"nodes_falsenodeids", Ints{3, 0, 0, 0}});
  attributes = with(attributes, {"target_treeids", Ints{7, 7, 8}});
  attributes = with(attributes, {"target_nodeids", Ints{9, 3, 0}});
  attributes = with(attributes, {"target_ids", Ints{0, 0, 0}});
  attributes = with(attributes, {"target_weights", Floats{10, 20, 1}});
  CHECK(answers(regressor(attributes), {1, 3}) == std::vector<double>{11, 21});
  CHECK(answers(regressor(with(attributes, {"aggregate_function", std::string("AVERAGE")})), {1, 3}) ==
        std::vector<double>{5.5, 10.5});
  CHECK(contains(refused(regressor(with(attributes, {"aggregate_function", std::string("MAX")}))), "MAX"));
}

TEST_CASE("a TreeEnsemble of version 5 reads, with sets of members and trees of one leaf") {
  const auto numbers = [](std::vector<float> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return onnx::NamedTensor{"", onnx::tensor_of({count}, std::span<const float>(values)), {}};
  };
  onnx::NamedTensor modes{"", {.type = DataType::uint8, .shape = {3}}, {}};
  modes.tensor.data = {std::byte{0}, std::byte{6}, std::byte{0}};
  const Attributes attributes{{"nodes_splits", numbers({2, 0, 0})},
                              {"nodes_modes", modes},
                              {"nodes_featureids", Ints{0, 0, 0}},
                              {"nodes_truenodeids", Ints{0, 1, 3}},
                              {"nodes_trueleafs", Ints{1, 1, 1}},
                              {"nodes_falsenodeids", Ints{1, 2, 3}},
                              {"nodes_falseleafs", Ints{0, 1, 1}},
                              {"membership_values", numbers({5, 7, std::numeric_limits<float>::quiet_NaN()})},
                              {"leaf_targetids", Ints{0, 0, 0, 0}},
                              {"leaf_weights", numbers({1, 2, 3, 100})},
                              {"tree_roots", Ints{0, 2}},
                              {"n_targets", std::int64_t{1}}};
  Builder builder(1);
  const std::string file = builder.finish(ml(builder.graph, "TreeEnsemble", "x", attributes), 1, 5);
  const auto model = converted::read(file);
  const auto& forest = std::get<Forest>(model.parameters);
  CHECK(forest.trees() == 2);
  CHECK(forest.feature == std::vector<std::int32_t>{0, -1, 0, -1, -1, -1});
  CHECK(forest.value[1] == 1);
  CHECK(forest.words(forest.category_set[2])[0] == (1u << 5 | 1u << 7));
  CHECK(forest.value.back() == 100);
}

TEST_CASE("one margin of two classes follows the rules of the standard") {
  const auto classifier = [](const std::string& post, Floats weights) {
    Attributes attributes = stump("BRANCH_LT");
    for (onnx::Attribute& attribute : attributes)
      if (attribute.name.starts_with("target_")) attribute.name.replace(0, 6, "class");
    attributes = with(attributes, {"class_weights", std::move(weights)});
    attributes.push_back({"classlabels_strings", Strings{"no", "yes"}});
    attributes.push_back({"post_transform", post});
    Builder builder(1);
    std::string label = builder.graph.unique("label"), scores = builder.graph.unique("raw");
    builder.graph.add("TreeEnsembleClassifier", {"x"}, {label, scores}, attributes, onnx::ml_domain);
    builder.graph.output("label", label, DataType::bytes, {{-1, "N"}});
    return builder.finish(scores, 2);
  };
  // Positive weights without a transform are probabilities of the second class.
  const auto model = converted::read(classifier("NONE", {0.25f, 0.75f}));
  CHECK(model.encoder.classes() == Strings{"no", "yes"});
  CHECK(predict(model, {{json::Value(1.0)}, {json::Value(3.0)}}) ==
        std::vector<std::vector<double>>{{0.75, 0.25}, {0.25, 0.75}});
  const auto logistic = predict(converted::read(classifier("LOGISTIC", {-1, 1})), {{json::Value(3.0)}});
  CHECK(logistic[0][1] == Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-12));
  CHECK(contains(refused(classifier("NONE", {-1, 1})), "no probability"));
  CHECK(contains(refused(classifier("NONE", {1, 2})), "no probabilities"));
  for (const std::string post : {"PROBIT", "SOFTMAX_ZERO", "SOFTMAX"})
    CHECK(contains(refused(classifier(post, {-1, 1})), "\"" + post + "\""));
}

TEST_CASE("what the parameters cannot hold is refused, naming the node and why") {
  const auto one = [](std::string_view op, const Attributes& attributes) {
    Builder builder(2);
    const std::string value = ml(builder.graph, op, "x", attributes);
    return builder.finish(
        ml(builder.graph, "LinearRegressor", value, {{"coefficients", Floats{1, 2}}, {"intercepts", Floats{0}}}), 1);
  };
  CHECK(contains(refused(one("Normalizer", {{"norm", std::string("L2")}})), "the Normalizer node"));
  CHECK(contains(refused(one("Binarizer", {})), "the Binarizer node"));
  CHECK(contains(refused(one("Imputer", {{"imputed_value_floats", Floats{1}}})), "other than NaN"));
  CHECK(contains(refused(one("OneHotEncoder", {{"cats_int64s", Ints{1, 2}}})), "for texts alone"));

  Builder builder(2);
  const std::string product = builder.graph.add("Mul", {"x", "x"});
  CHECK(contains(refused(builder.finish(product, 2)), "not a constant"));
  Builder plain(2);
  CHECK(contains(refused(plain.finish(plain.graph.add("Neg", {"x"}), 2)), "not the score of a model"));
  Builder newer(1);
  newer.graph.output("scores", ml(newer.graph, "TreeEnsembleRegressor", "x", stump("BRANCH_LT")), DataType::float32,
                     {{-1, "N"}, {1, ""}});
  onnx::Model model = model_of(newer.graph, 999);
  CHECK(contains(refused(onnx::serialize(model)), "999"));
  model.opsets = {{"ai.onnx.ml", 6}};
  CHECK(contains(refused(onnx::serialize(model)), "\"ai.onnx.ml\""));
  model.opsets = {{"ai.onnx.ml", 3}};
  model.graph.inputs[0].shape = {{{-1, "N"}, {3, ""}, {4, ""}}};
  CHECK(contains(refused(onnx::serialize(model)), "rank 3"));
  model.graph.inputs[0].shape = {{{-1, "N"}, {std::int64_t{1} << 40, ""}}};
  CHECK(contains(refused(onnx::serialize(model)), "more memory"));
}

TEST_CASE("trees that make no sense are corrupt, naming tree and node") {
  const auto error = [](onnx::Attribute other) {
    return refused(regressor(with(stump("BRANCH_LT"), std::move(other))), Errc::corrupt);
  };
  CHECK(contains(error({"nodes_truenodeids", Ints{4, 0, 0}}), "no node 4 in tree 7"));
  CHECK(contains(error({"nodes_truenodeids", Ints{5, 0, 0}}), "no root leads"));  // its own child
  CHECK(contains(error({"nodes_truenodeids", Ints{3, 0, 0}}), "two roots"));      // 9 is left over
  CHECK(contains(error({"nodes_nodeids", Ints{5, 3, 3}}), "two nodes 3"));
  CHECK(contains(error({"nodes_featureids", Ints{1, 0, 0}}), "feature 1 of 1"));
  CHECK(contains(error({"nodes_values", Floats{2, 0}}), "2 entries, expected 3"));
  CHECK(contains(error({"nodes_values", Floats{NAN, 0, 0}}), "NaN"));
  CHECK(contains(error({"nodes_modes", Strings{"BRANCH", "LEAF", "LEAF"}}), "\"BRANCH\""));
  CHECK(contains(error({"target_ids", Ints{0, 1}}), "output 1 of 1"));
  CHECK(contains(error({"target_nodeids", Ints{9, 4}}), "no node 4"));
  CHECK(contains(error({"target_weights", Floats{10, INFINITY}}), "inf"));
  CHECK(contains(error({"n_targets", std::int64_t{0}}), "0 targets"));
  CHECK(contains(refused(regressor(with(stump("BRANCH_LT"), {"n_targets", (std::int64_t{1} << 31) - 1}))), "memory"));
}

TEST_CASE("graphs that make no sense are corrupt") {
  Builder builder(1);
  builder.graph.add("Add", {"x", "later"}, {"early"}, {});
  builder.graph.add("Identity", {"early"}, {"later"}, {});
  CHECK(contains(refused(builder.finish("later", 1), Errc::corrupt), "\"later\""));  // a cycle
  Builder twice(1);
  twice.graph.add("Identity", {"x"}, {"y"}, {});
  twice.graph.add("Identity", {"x"}, {"y"}, {});
  CHECK(contains(refused(twice.finish("y", 1), Errc::corrupt), "two nodes"));
  Builder wide(3);
  const std::string weights = wide.graph.initializer("w", onnx::tensor_of({2, 1}, std::vector<float>{1, 2}));
  CHECK(contains(refused(wide.finish(wide.graph.add("MatMul", {"x", weights}), 1), Errc::corrupt), "2 columns of 3"));
}

TEST_CASE("a tensor in another file leaves the model foreign") {
  Builder builder(2);
  const std::string value = builder.graph.add("MatMul", {"x", "w"});
  builder.graph.output("scores", value, DataType::float32, {{-1, "N"}, {1, ""}});
  onnx::Model model = model_of(builder.graph);
  onnx::NamedTensor tensor{"w", {.type = DataType::float32, .shape = {2, 1}}, onnx::ExternalData{"w.bin", 0, 8}};
  model.graph.initializers.push_back(tensor);
  CHECK(contains(refused(onnx::serialize(model)), "another file"));
}

TEST_CASE("short files cannot claim much memory") {
  // Each node doubles the columns.
  Builder builder(64);
  std::string value = "x";
  for (int i = 0; i < 40; ++i) value = builder.graph.add("Concat", {value, value}, {{"axis", std::int64_t{1}}});
  CHECK(contains(refused(builder.finish(ml(builder.graph, "LinearRegressor", value, {{"coefficients", Floats{1}}}), 1)),
                 "memory"));
  // Each of many leaves adds to an output of its own.
  const std::int64_t leaves = 4000;
  Ints trees, nodes, features, yes, no, outputs, leaf_nodes, leaf_trees;
  Strings modes;
  for (std::int64_t i = 0; i < leaves - 1; ++i) {
    nodes.push_back(2 * i), modes.push_back("BRANCH_LT"), yes.push_back(2 * i + 1), no.push_back(2 * i + 2);
    nodes.push_back(2 * i + 1), modes.push_back("LEAF"), yes.push_back(0), no.push_back(0);
  }
  nodes.push_back(2 * leaves - 2), modes.push_back("LEAF"), yes.push_back(0), no.push_back(0);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (modes[i] == "LEAF")
      outputs.push_back(static_cast<std::int64_t>(outputs.size())), leaf_nodes.push_back(nodes[i]);
  trees.resize(nodes.size()), features.resize(nodes.size()), leaf_trees.resize(leaf_nodes.size());
  Floats values;
  for (std::size_t i = 0; i < nodes.size(); ++i) values.push_back(static_cast<float>(i));
  const Attributes attributes{{"nodes_treeids", trees},
                              {"nodes_nodeids", nodes},
                              {"nodes_featureids", features},
                              {"nodes_modes", modes},
                              {"nodes_values", values},
                              {"nodes_truenodeids", yes},
                              {"nodes_falsenodeids", no},
                              {"target_treeids", leaf_trees},
                              {"target_nodeids", leaf_nodes},
                              {"target_ids", outputs},
                              {"target_weights", Floats(leaf_nodes.size(), 1.0f)},
                              {"n_targets", leaves}};
  CHECK(contains(refused(regressor(attributes)), "memory"));
}

TEST_CASE("every part of a converted model may be cut off or changed") {
  for (const std::string name : {"people_forest", "people_network", "network_three", "lightgbm_binary"}) {
    const std::string file =
        test::read_file(test::source_file("tests/interchange/onnx_import/files/" + name + ".onnx"));
    std::size_t read = 0, failed = 0;
    const auto attempt = [&](const std::string& bytes) {
      try {
        (void)predict(converted::read(bytes), {});
        ++read;
      } catch (const Error&) {
        ++failed;
      }
    };
    for (std::size_t size = 0; size < file.size(); size += 13) attempt(file.substr(0, size));
    CHECK(read == 0);
    std::string changed = file;
    for (std::size_t i = 0; i < file.size(); i += 7) {
      changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
      attempt(changed);
      changed[i] = file[i];
    }
    CHECK(failed > 100);
  }
}
