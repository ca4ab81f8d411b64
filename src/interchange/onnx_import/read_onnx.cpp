#include "scalar/interchange/read_onnx.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "interchange/onnx/model.hpp"
#include "interchange/onnx_import/layout.hpp"
#include "interchange/onnx_import/operators.hpp"
#include "interchange/onnx_import/scores.hpp"

namespace scalar::inline v0::interchange {
namespace onnx {
namespace {

/// The newest versions of the operators whose meaning is known: those of ONNX 1.23.
constexpr std::int64_t newest_opset = 28, newest_ml_opset = 5;

struct NamedOperator {
  std::string_view domain, name;
  Operator apply;
};
constexpr std::array operators{
    NamedOperator{"", "Add", apply_arithmetic},
    NamedOperator{"", "ArgMax", apply_argmax},
    NamedOperator{"", "Cast", apply_cast},
    NamedOperator{"", "Concat", apply_concat},
    NamedOperator{"", "Constant", apply_constant},
    NamedOperator{"", "Div", apply_arithmetic},
    NamedOperator{"", "Flatten", apply_reshape},
    NamedOperator{"", "Gather", apply_gather},
    NamedOperator{"", "Gemm", apply_gemm},
    NamedOperator{"", "Identity", apply_identity},
    NamedOperator{"", "IsNaN", apply_is_nan},
    NamedOperator{"", "MatMul", apply_matmul},
    NamedOperator{"", "Mul", apply_arithmetic},
    NamedOperator{"", "Neg", apply_negation},
    NamedOperator{"", "Relu", apply_activation},
    NamedOperator{"", "Reshape", apply_reshape},
    NamedOperator{"", "Sigmoid", apply_activation},
    NamedOperator{"", "Softmax", apply_softmax},
    NamedOperator{"", "Sub", apply_arithmetic},
    NamedOperator{"", "Tanh", apply_activation},
    NamedOperator{"", "Where", apply_where},
    NamedOperator{ml_domain, "ArrayFeatureExtractor", apply_gather},
    NamedOperator{ml_domain, "FeatureVectorizer", apply_concat},
    NamedOperator{ml_domain, "Imputer", apply_imputer},
    NamedOperator{ml_domain, "LabelEncoder", apply_label_encoder},
    NamedOperator{ml_domain, "LinearClassifier", apply_linear_classifier},
    NamedOperator{ml_domain, "LinearRegressor", apply_linear_regressor},
    NamedOperator{ml_domain, "Normalizer", apply_normalizer},
    NamedOperator{ml_domain, "OneHotEncoder", apply_one_hot},
    NamedOperator{ml_domain, "Scaler", apply_scaler},
    NamedOperator{ml_domain, "TreeEnsemble", apply_tree_ensemble},
    NamedOperator{ml_domain, "TreeEnsembleClassifier", apply_tree_classifier},
    NamedOperator{ml_domain, "TreeEnsembleRegressor", apply_tree_regressor},
    NamedOperator{ml_domain, "ZipMap", apply_zipmap},
};

Operator find_operator(const Node& node) {
  const auto found = std::ranges::find_if(operators, [&](const NamedOperator& candidate) {
    return candidate.domain == node.domain && candidate.name == node.op_type;
  });
  if (found == operators.end())
    refuse(node, "does what neither an Encoder nor canonical parameters hold{}{}",
           node.domain.empty() ? "" : "; it is of the domain ", node.domain.empty() ? "" : quoted(node.domain));
  return found->apply;
}

void check_opsets(const Model& model) {
  for (const auto& [domain, version] : model.opsets) {
    const std::int64_t newest = domain.empty() ? newest_opset : domain == ml_domain ? newest_ml_opset : version;
    if (version > newest)
      fail(Errc::unsupported, model_place, "uses version {} of the operators of {}; the newest that is known is {}",
           version, domain.empty() ? "ONNX" : quoted(domain), newest);
  }
}

/// What the graph answers.
struct Answer {
  Scores scores{};
  std::vector<std::string> classes{};  ///< empty: a regression
};

/// Follows the values of a graph from its inputs to its outputs.
class GraphReader {
 public:
  GraphReader(Model model, std::size_t file_bytes) : model_(std::move(model)), budget_(file_bytes) {}

  ImportedModel read() {
    for (NamedTensor& tensor : model_.graph.initializers) read_initializer(tensor);
    for (const ValueInfo& input : model_.graph.inputs) read_input(input);
    for (const Node& node : model_.graph.nodes) read_node(node);
    return finish(read_outputs());
  }

 private:
  void define(const std::string& name, Value value) {
    if (!values_.emplace(name, std::move(value)).second)
      fail(Errc::corrupt, model_place, "two nodes or inputs make a value {}", quoted(name));
  }
  static Refused refused(std::string reason) { return {std::make_shared<const std::string>(std::move(reason))}; }

  void read_initializer(NamedTensor& tensor) {
    if (tensor.external)
      define(tensor.name, refused(fmt::format("the tensor {} lies in another file", quoted(tensor.name))));
    else
      define(tensor.name, Constant{std::make_shared<const Tensor>(std::move(tensor.tensor))});
  }

  /// The number of columns of an input, or what is wrong with its shape.
  static std::variant<std::size_t, std::string> width_of(const ValueInfo& input) {
    if (!input.is_tensor() || !input.type) return fmt::format("the input {} is no tensor", quoted(input.name));
    const std::size_t rank = input.shape ? input.shape->size() : 0;
    if (rank == 1) return std::size_t{1};
    if (rank != 2)
      return fmt::format("the input {} is of rank {}, expected rows and columns", quoted(input.name), rank);
    const std::int64_t size = (*input.shape)[1].size;
    if (size < 1) return fmt::format("the input {} has any number of columns", quoted(input.name));
    return static_cast<std::size_t>(size);
  }

  void read_input(const ValueInfo& input) {
    if (values_.contains(input.name)) return;  // an initializer
    const auto width = width_of(input);
    if (const auto* reason = std::get_if<std::string>(&width)) return define(input.name, refused(*reason));
    const std::size_t count = std::get<std::size_t>(width);
    Node node;  // for messages
    node.op_type = "Input";
    node.outputs = {input.name};
    budget_.take<RawColumn>(node, count);
    budget_.take<Element>(node, count);
    Features numbers;
    Texts texts;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t column = columns_.size();
      const bool is_text = input.type == DataType::bytes;
      columns_.push_back({count == 1 ? input.name : fmt::format("{}_{}", input.name, i), is_text});
      if (is_text)
        texts.columns.push_back({column, {}});
      else
        numbers.columns.push_back({.base = Element::Base::number, .column = column});
    }
    if (input.type == DataType::bytes)
      define(input.name, std::move(texts));
    else
      define(input.name, std::move(numbers));
  }

  void read_node(const Node& node) {
    std::vector<const Value*> inputs;
    const Refused* refusal = nullptr;
    for (const std::string& name : node.inputs) {
      const auto found = name.empty() ? values_.end() : values_.find(name);
      if (!name.empty() && found == values_.end())
        corrupt(node, "reads {}, which no input and no node before it makes", quoted(name));
      inputs.push_back(name.empty() ? nullptr : &found->second);
      if (inputs.back() != nullptr && refusal == nullptr) refusal = std::get_if<Refused>(inputs.back());
    }
    std::vector<Value> outputs;
    Refused reason = refusal == nullptr ? Refused{} : *refusal;
    if (refusal == nullptr) {
      try {
        outputs = find_operator(node)(Call{node, inputs, budget_});
      } catch (const Error& error) {
        if (error.code() != Errc::unsupported) throw;
        reason = refused(std::string(error.message()));
      }
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i].empty()) continue;
      if (i < outputs.size())
        define(node.outputs[i], std::move(outputs[i]));
      else
        define(node.outputs[i], reason.reason != nullptr ? reason : refused(describe(node) + " has more outputs"));
    }
  }

  /// The node that makes a value; for an input, one that stands for it.
  Node maker_of(const std::string& name) const {
    for (const Node& node : model_.graph.nodes)
      if (std::ranges::find(node.outputs, name) != node.outputs.end())
        return {.op_type = node.op_type, .domain = node.domain, .outputs = {name}};
    return {.op_type = "Input", .outputs = {name}};
  }

  Answer read_outputs() {
    Answer answer;
    std::vector<std::string> names;
    for (const ValueInfo& output : model_.graph.outputs) {
      const auto found = values_.find(output.name);
      if (found == values_.end()) fail(Errc::corrupt, model_place, "no node makes the output {}", quoted(output.name));
      if (const auto* refusal = std::get_if<Refused>(&found->second))
        fail(Errc::unsupported, model_place, "{}", *refusal->reason);
      if (const auto* label = std::get_if<Label>(&found->second)) {
        answer.classes = label->classes;
        continue;
      }
      const auto* named = std::get_if<NamedScores>(&found->second);
      const auto* scores = named != nullptr ? &named->scores : std::get_if<Scores>(&found->second);
      if (scores == nullptr)
        fail(Errc::unsupported, model_place, "the output {} is not the score of a model", quoted(output.name));
      if (answer.scores.core != nullptr) fail(Errc::unsupported, model_place, "has two outputs of scores");
      answer.scores = *scores;
      last_ = maker_of(output.name);
      if (named != nullptr) names = named->classes;
    }
    if (answer.scores.core == nullptr) fail(Errc::unsupported, model_place, "has no output of scores");
    if (!names.empty()) answer.classes = names;
    return answer;
  }

  /// Brings scores to the form of a link: margins, or the probabilities of all classes.
  void normalize(Answer& answer, std::vector<std::string>& notes) {
    Scores& scores = answer.scores;
    if (scores.link == Link::logistic) {
      const bool is_single = scores.columns == plain_columns(1);
      if (!is_single && !are_probabilities(scores)) refuse(last_, "computes with a probability, which no link does");
      if (!is_single && scores.columns != two_classes()) {  // the probabilities in reverse
        scores.argument.scale = -scores.argument.scale;
        scores.argument.offset = -scores.argument.offset;
      }
      scores.core = folded(last_, scores.core, {scores.argument}, budget_);
      if (answer.classes.empty()) {
        answer.classes = {"0", "1"};
        notes.emplace_back("The file does not name the two classes.");
      }
      scores.columns = plain_columns(1);
      return;
    }
    if (scores.link == Link::softmax && !are_probabilities(scores))
      refuse(last_, "computes with probabilities, which no link does");
    scores.core = folded(last_, scores.core, scores.columns, budget_);
    if (scores.link == Link::softmax && answer.classes.empty()) {
      for (std::size_t k = 0; k < scores.core->outputs(); ++k) answer.classes.push_back(std::to_string(k));
      notes.emplace_back("The file does not name the classes.");
    }
  }

  ImportedModel finish(Answer answer) {
    std::vector<std::string> notes;
    normalize(answer, notes);
    const std::size_t expected = answer.scores.link == Link::logistic ? 2 : answer.scores.core->outputs();
    if (!answer.classes.empty() && answer.classes.size() != expected)
      refuse(last_, "has {} classes for {} scores", answer.classes.size(), expected);
    if (std::set<std::string>(answer.classes.begin(), answer.classes.end()).size() != answer.classes.size())
      refuse(last_, "has two classes of one name");
    std::set<std::string_view> names;
    for (const RawColumn& column : columns_)
      if (!names.insert(column.name).second) refuse(last_, "reads two raw inputs called {}", quoted(column.name));
    const bool is_classifier = !answer.classes.empty();
    if (is_classifier && answer.scores.link == Link::identity) require_probabilities(*answer.scores.core);
    Laid laid = lay_out(last_, *answer.scores.core, columns_, std::move(answer.classes), budget_);
    ImportedModel result{.parameters = {}, .encoder = std::move(laid.encoder), .notes = std::move(notes)};
    result.notes.insert(result.notes.end(), laid.notes.begin(), laid.notes.end());
    if (auto* forest = std::get_if<Forest>(&laid.parameters)) {
      forest->link = answer.scores.link;
      check(*forest);
      result.parameters = std::move(*forest);
    } else {
      set_layers(std::get<Layers>(laid.parameters), answer.scores.link, result);
    }
    return result;
  }

  /// Refuses scores of classes without a link that leave the range of probabilities.
  void require_probabilities(const Core& core) const {
    constexpr double slack = 1e-3;  // rounding of the file's floats
    const auto* forest = std::get_if<Forest>(&core.parameters);
    if (forest == nullptr) refuse(last_, "gives classes scores that are no probabilities");
    std::vector<double> least = forest->base, most = forest->base;
    for (std::size_t tree = 0; tree < forest->tree_output.size(); ++tree) {
      double low = std::numeric_limits<double>::infinity(), high = -low;
      for (auto at = static_cast<std::size_t>(forest->tree_begin[tree]);
           at < static_cast<std::size_t>(forest->tree_begin[tree + 1]); ++at) {
        if (forest->feature[at] >= 0) continue;
        low = std::min(low, forest->value[at]);
        high = std::max(high, forest->value[at]);
      }
      least[static_cast<std::size_t>(forest->tree_output[tree])] += low;
      most[static_cast<std::size_t>(forest->tree_output[tree])] += high;
    }
    for (std::size_t k = 0; k < least.size(); ++k)
      if (least[k] < -slack || most[k] > 1 + slack)
        refuse(last_, "gives class {} scores from {} to {}, which are no probabilities", k, least[k], most[k]);
  }

  void set_layers(const Layers& layers, Link link, ImportedModel& result) {
    if (layers.size() == 1) {
      const DenseLayer& only = *layers.front();
      LinearParameters linear{static_cast<std::int64_t>(only.inputs), static_cast<std::int64_t>(only.outputs), link,
                              only.weights};
      linear.values.insert(linear.values.end(), only.biases.begin(), only.biases.end());
      result.parameters = std::move(linear);
      return;
    }
    MlpParameters network{.activation = *layers.front()->activation, .link = link};
    network.sizes.push_back(static_cast<std::int64_t>(layers.front()->inputs));
    for (const auto& layer : layers) {
      if (layer != layers.back() && layer->activation != network.activation)
        refuse(last_, "follows layers of two activations, of which a network has one");
      network.sizes.push_back(static_cast<std::int64_t>(layer->outputs));
      budget_.take<float>(last_, layer->weights.size() + layer->biases.size());
      for (const double value : layer->weights) network.values.push_back(static_cast<float>(value));
      for (const double value : layer->biases) network.values.push_back(static_cast<float>(value));
    }
    result.parameters = std::move(network);
  }

  Model model_;
  Budget budget_;
  Node last_;  // the node that makes the scores
  std::vector<RawColumn> columns_;
  std::map<std::string, Value> values_;
};

}  // namespace
}  // namespace onnx

ImportedModel read_onnx(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  onnx::Model model = onnx::parse(text);
  onnx::check_opsets(model);
  return onnx::GraphReader(std::move(model), file.size()).read();
}

}  // namespace scalar::inline v0::interchange
