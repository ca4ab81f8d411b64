#include "interchange/onnx_import/scores.hpp"

#include <algorithm>
#include <numeric>

#include "interchange/onnx_import/operators.hpp"
#include "interchange/onnx_import/tensors.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

/// A layer whose margins are `columns` of the outputs of `last`: the same layer with other weights, or, after an
/// activation, one more layer.
DenseLayer folded(const DenseLayer& last, const std::vector<ScoreColumn>& columns) {
  DenseLayer result{.inputs = last.activation ? last.outputs : last.inputs, .outputs = columns.size()};
  result.weights.resize(result.outputs * result.inputs);
  result.biases.resize(result.outputs);
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const auto [from, scale, offset] = columns[k];
    result.biases[k] = offset + (last.activation ? 0 : scale * last.biases[from]);
    if (last.activation) {
      result.weights[k * result.inputs + from] = scale;
      continue;
    }
    for (std::size_t j = 0; j < result.inputs; ++j)
      result.weights[k * result.inputs + j] = scale * last.weights[from * result.inputs + j];
  }
  return result;
}

/// Appends tree `tree` of `from` with its leaves multiplied by `scale`, for output `output`.
void append_tree(const Forest& from, std::size_t tree, double scale, std::int32_t output, Forest& to) {
  const auto first = static_cast<std::size_t>(from.tree_begin[tree]),
             last = static_cast<std::size_t>(from.tree_begin[tree + 1]);
  const auto copy = [&](const auto& source, auto& target) {
    if (!source.empty())
      target.insert(target.end(), source.begin() + static_cast<std::ptrdiff_t>(first),
                    source.begin() + static_cast<std::ptrdiff_t>(last));
  };
  copy(from.feature, to.feature);
  copy(from.left, to.left);
  copy(from.right, to.right);
  copy(from.missing, to.missing);
  copy(from.category_set, to.category_set);
  for (std::size_t node = first; node < last; ++node)
    to.value.push_back(from.feature[node] < 0 ? scale * from.value[node] : from.value[node]);
  to.tree_begin.push_back(static_cast<std::int64_t>(to.feature.size()));
  to.tree_output.push_back(output);
}

Forest folded(const Node& node, const Forest& from, const std::vector<ScoreColumn>& columns, Budget& budget) {
  constexpr std::size_t node_bytes = 32;
  Forest result{.features = from.features, .outputs = static_cast<std::int64_t>(columns.size()), .width = from.width};
  result.tree_begin = {0};
  result.category_begin = from.category_begin;
  result.category_words = from.category_words;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    budget.take<std::byte>(node, node_bytes * from.feature.size());
    const auto [output, scale, offset] = columns[k];
    result.base.push_back(scale * from.base[output] + offset);
    result.start.push_back(0);
    for (std::size_t tree = 0; tree < from.tree_output.size(); ++tree)
      if (static_cast<std::size_t>(from.tree_output[tree]) == output)
        append_tree(from, tree, scale, static_cast<std::int32_t>(k), result);
  }
  return result;
}

}  // namespace

bool are_plain(const std::vector<ScoreColumn>& columns, const Core& core) {
  return columns == plain_columns(core.outputs());
}

bool ends_with_activation(const Core& core) {
  const auto* layers = std::get_if<Layers>(&core.parameters);
  return layers != nullptr && layers->back()->activation.has_value();
}

std::shared_ptr<const Core> folded(const Node& node, const std::shared_ptr<const Core>& core,
                                   const std::vector<ScoreColumn>& columns, Budget& budget) {
  if (are_plain(columns, *core) && !ends_with_activation(*core)) return core;
  budget.take<Element>(node, core->inputs.size());
  Core result{.inputs = core->inputs, .parameters = {}};
  if (const auto* forest = std::get_if<Forest>(&core->parameters)) {
    result.parameters = folded(node, *forest, columns, budget);
  } else {
    Layers layers = std::get<Layers>(core->parameters);
    const DenseLayer& last = *layers.back();
    budget.take<double>(node, columns.size() * (last.activation ? last.outputs : last.inputs));
    auto layer = std::make_shared<const DenseLayer>(folded(last, columns));
    if (!last.activation) layers.pop_back();
    layers.push_back(std::move(layer));
    result.parameters = std::move(layers);
  }
  return std::make_shared<const Core>(std::move(result));
}

bool are_probabilities(const Scores& scores) {
  if (scores.link == Link::softmax) return are_plain(scores.columns, *scores.core);
  if (scores.link != Link::logistic) return false;
  std::vector<ScoreColumn> reversed = two_classes();
  std::swap(reversed[0], reversed[1]);
  return scores.columns == two_classes() || scores.columns == reversed;
}

Scores scores_of(Core core, Link link) {
  Scores scores{.core = std::make_shared<const Core>(std::move(core)), .link = link, .columns = {}, .argument = {}};
  scores.columns = plain_columns(scores.core->outputs());
  return scores;
}

std::vector<Value> apply_softmax(const Call& call) {
  const auto& scores = call.need<Scores>(0, "the margins of a model");
  const auto axis = attribute_or<std::int64_t>(call.node, "axis", 1);
  if (axis != 1 && axis != -1) refuse(call.node, "normalizes along axis {}, expected 1", axis);
  if (scores.link != Link::identity || scores.columns.size() < 2)
    refuse(call.node, "normalizes what is not two or more margins");
  Scores result{folded(call.node, scores.core, scores.columns, call.budget), Link::softmax, {}, {}};
  result.columns = plain_columns(scores.columns.size());
  return {std::move(result)};
}

std::vector<Value> apply_normalizer(const Call& call) {
  // Probabilities that sum to 1 stay as they are.
  const auto* scores = call.as<Scores>(0);
  if (scores != nullptr && are_probabilities(*scores) && attribute_or<std::string>(call.node, "norm", "MAX") == "L1")
    return {*scores};
  if (scores != nullptr) refuse(call.node, "divides the score of each class by their sum, which no link does");
  refuse(call.node, "divides a row by its norm, which an Encoder does not");
}

std::vector<Value> apply_argmax(const Call& call) {
  const auto& scores = call.need<Scores>(0, "the scores of a model");
  const auto axis = attribute_or<std::int64_t>(call.node, "axis", 0);
  if (axis != 1 && axis != -1) refuse(call.node, "looks along axis {}, expected 1", axis);
  Label label;
  for (std::size_t k = 0; k < scores.columns.size(); ++k) label.classes.push_back(std::to_string(k));
  return {std::move(label)};
}

std::vector<Value> apply_zipmap(const Call& call) {
  const auto& scores = call.need<Scores>(0, "the scores of a model");
  std::vector<std::string> classes = class_list(call.node, "classlabels_strings", "classlabels_int64s");
  if (classes.size() != scores.columns.size())
    corrupt(call.node, "has {} classes for {} scores", classes.size(), scores.columns.size());
  return {NamedScores{scores, std::move(classes)}};
}

}  // namespace scalar::inline v0::interchange::onnx
