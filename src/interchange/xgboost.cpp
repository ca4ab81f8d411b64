#include "scalar/interchange/xgboost.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/append_tree.hpp"
#include "interchange/make_encoder.hpp"
#include "interchange/xgboost_file.hpp"

namespace scalar::inline v0::interchange {
namespace {

using namespace xgboost;

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, place, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
[[noreturn]] void unsupported(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::unsupported, place, format, std::forward<Arguments>(arguments)...);
}

/// How XGBoost turns margins into predictions: with a link, or in a way that no `Link` can express.
struct Objective {
  std::string_view name;
  std::optional<Link> link{};
  std::string_view predicts{};
};

/// All objectives of XGBoost 1.0 to 3.4, ordered by what they predict.
constexpr std::array objectives{
    Objective{"reg:squarederror", Link::identity},
    Objective{"reg:linear", Link::identity},
    Objective{"reg:squaredlogerror", Link::identity},
    Objective{"reg:pseudohubererror", Link::identity},
    Objective{"reg:absoluteerror", Link::identity},
    Objective{"reg:quantileerror", Link::identity},
    Objective{"reg:expectileerror", Link::identity},
    Objective{"binary:logitraw", Link::identity},
    Objective{"rank:pairwise", Link::identity},
    Objective{"rank:ndcg", Link::identity},
    Objective{"rank:map", Link::identity},
    Objective{"reg:logistic", Link::logistic},
    Objective{"binary:logistic", Link::logistic},
    Objective{"multi:softprob", Link::softmax},
    Objective{"multi:softmax", Link::softmax},
    Objective{"count:poisson", {}, "the exponential of the margin"},
    Objective{"reg:gamma", {}, "the exponential of the margin"},
    Objective{"reg:tweedie", {}, "the exponential of the margin"},
    Objective{"survival:cox", {}, "the exponential of the margin"},
    Objective{"survival:aft", {}, "the exponential of the margin"},
    Objective{"binary:hinge", {}, "1 where the margin is above 0, else 0"},
};

/// The link of an objective with `outputs` margins.
Link link_of(const std::string& objective, std::int64_t outputs) {
  const auto known = std::ranges::find(objectives, objective, &Objective::name);
  if (known == objectives.end())
    unsupported("the objective \"{}\" is not known, so what it predicts is not", objective);
  constexpr std::string_view links = "a forest predicts the margins, their logistic or their softmax";
  if (!known->link) unsupported("the objective \"{}\" predicts {}; {}", objective, known->predicts, links);
  if (*known->link == Link::logistic && outputs != 1)
    unsupported("the objective \"{}\" predicts {} labels, each by a logistic; a forest with that link has one margin",
                objective, outputs);
  if (*known->link == Link::softmax && outputs < 2)
    unsupported("the objective \"{}\" has 1 class, expected 2 or more", objective);
  if (objective == "reg:expectileerror" && outputs != 1)
    unsupported("the objective \"{}\" has {} expectiles, each predicted by what its margin adds to the one before; {}",
                objective, outputs, links);
  return *known->link;
}

/// The margin that a base score means, in the arithmetic of the version that saved it (`ProbToMargin`).
float base_margin(float score, const RawModel& model) {
  const bool was_probability = *model.objective == "binary:logitraw" && model.version < Version{1, 3, 1};
  if (*model.objective != "binary:logistic" && *model.objective != "reg:logistic" && !was_probability) return score;
  if (!(score >= 0 && score <= 1)) corrupt("base_score is {}, expected a probability", score);
  constexpr float least = 1e-6f;
  if (model.version >= Version{3, 2, 0}) score = std::clamp(score, least, 1.0f - least);
  if (score == 0 || score == 1) corrupt("base_score is {}, whose logit is not finite", score);
  return -std::log(1.0f / score - 1.0f);
}

/// Gives the nodes of a tree. Weights of dart scale its leaves in float, as XGBoost does while it predicts.
class TreeNodes {
 public:
  TreeNodes(const RawTree& tree, std::size_t number, float weight, std::int64_t features)
      : tree_(tree), number_(number), weight_(weight), features_(features), set_(tree.left.size(), -1) {
    const std::size_t nodes = tree.left.size();
    const auto same = [&](const auto& array) { return array.size() == nodes; };
    const auto same_or_none = [&](const auto& array) { return array.empty() || same(array); };
    if (nodes == 0 || !same(tree.right) || !same(tree.feature) || !same(tree.condition) || !same(tree.default_left) ||
        !same_or_none(tree.split_type) || !same_or_none(tree.gain) || !same_or_none(tree.cover))
      corrupt("tree {} has node arrays of different lengths, or none", number);
    if (tree.leaf_size > 1 && !tree.leaves &&
        tree.base_weights.size() != nodes * static_cast<std::size_t>(tree.leaf_size))
      corrupt("tree {} has {} weights for {} nodes of {} values", number, tree.base_weights.size(), nodes,
              tree.leaf_size);
    for (std::size_t i = 0; i < tree.category_nodes.size(); ++i) place_set(i);
  }

  std::int64_t count() const { return static_cast<std::int64_t>(tree_.left.size()); }

  /// Node `i`, with the leaf's value for `output` if leaves are vectors.
  SourceNode at(std::int64_t i, std::int64_t output) const {
    const auto node = static_cast<std::size_t>(i);
    SourceNode made;
    if (!tree_.gain.empty()) made.gain = tree_.gain[node];
    if (!tree_.cover.empty()) made.cover = tree_.cover[node];
    const bool leaf = tree_.left[node] == -1;
    // Since 3.2, leaves of vectors have the place of their values as the right child.
    if (leaf != (tree_.right[node] == -1) && !(leaf && tree_.leaves))
      corrupt("tree {}, node {} has one child", number_, i);
    if (leaf) {
      made.value = leaf_value(node, output) * weight_;
      return made;
    }
    made.feature = tree_.feature[node];
    if (made.feature < 0 || made.feature >= features_)
      corrupt("tree {}, node {} asks feature {} of {}", number_, i, made.feature, features_);
    made.left = tree_.left[node];
    made.right = tree_.right[node];
    const bool default_left = tree_.default_left[node] != 0;
    made.missing = default_left ? Missing::nan_left : Missing::nan_right;
    if (!tree_.split_type.empty() && tree_.split_type[node] != 0) {
      // XGBoost sends the categories of the set to the right.
      made.categories = categories(node);
      std::swap(made.left, made.right);
      made.missing = default_left ? Missing::nan_right : Missing::nan_left;
      return made;
    }
    made.value = tree_.condition[node];
    if (std::isnan(made.value)) corrupt("tree {}, node {} splits at NaN", number_, i);
    return made;
  }

 private:
  float leaf_value(std::size_t node, std::int64_t output) const {
    if (tree_.leaf_size <= 1) return tree_.condition[node];
    const auto width = static_cast<std::size_t>(tree_.leaf_size), k = static_cast<std::size_t>(output);
    if (!tree_.leaves) return tree_.base_weights[node * width + k];
    const std::int32_t leaf = tree_.right[node];
    if (leaf < 0 || static_cast<std::size_t>(leaf) >= tree_.leaves->size() / width)
      corrupt("tree {}, node {} has leaf {} of {}", number_, node, leaf, tree_.leaves->size() / width);
    return (*tree_.leaves)[static_cast<std::size_t>(leaf) * width + k];
  }

  void place_set(std::size_t i) {
    const std::int32_t node = tree_.category_nodes[i];
    if (node < 0 || node >= count()) corrupt("tree {} has categories for node {} of {}", number_, node, count());
    const auto all = static_cast<std::int64_t>(tree_.categories.size());
    if (i >= tree_.category_begin.size() || i >= tree_.category_size.size() || tree_.category_begin[i] < 0 ||
        tree_.category_begin[i] > all || tree_.category_size[i] < 0 ||
        tree_.category_size[i] > all - tree_.category_begin[i])
      corrupt("tree {}, node {} has categories outside of those listed", number_, node);
    set_[static_cast<std::size_t>(node)] = static_cast<std::int64_t>(i);
  }
  std::vector<std::uint32_t> categories(std::size_t node) const {
    if (set_[node] < 0) corrupt("tree {}, node {} splits by categories and lists none", number_, node);
    const auto set = static_cast<std::size_t>(set_[node]);
    std::vector<std::uint32_t> words;
    const auto begin = tree_.categories.begin() + tree_.category_begin[set];
    for (auto category = begin; category != begin + tree_.category_size[set]; ++category) {
      if (*category < 0 || *category >= (1 << 24))
        corrupt("tree {}, node {} has category {}", number_, node, *category);
      add_category(words, static_cast<std::uint32_t>(*category));
    }
    return words;
  }

  const RawTree& tree_;
  std::size_t number_;
  float weight_;
  std::int64_t features_;
  std::vector<std::int64_t> set_;  // for each node, which of the sets is its own
};

/// The trees in the order of their ids.
std::vector<const RawTree*> in_order(const std::vector<RawTree>& trees) {
  std::vector<const RawTree*> ordered(trees.size());
  for (const RawTree& tree : trees) {
    if (tree.id < 0 || tree.id >= static_cast<std::int64_t>(trees.size()) || ordered[static_cast<std::size_t>(tree.id)])
      corrupt("has a tree with the id {} among {} trees", tree.id, trees.size());
    ordered[static_cast<std::size_t>(tree.id)] = &tree;
  }
  return ordered;
}

std::int64_t outputs_of(const RawModel& model) {
  const std::int64_t outputs = (std::max)({std::int64_t{1}, model.classes, model.targets});
  // Each output costs memory, so a short text must not claim many.
  if (outputs > static_cast<std::int64_t>((std::max)(model.bytes, std::size_t{1})))
    corrupt("claims {} outputs in a text of {} bytes", outputs, model.bytes);
  if (model.base.size() != 1 && model.base.size() != static_cast<std::size_t>(outputs))
    corrupt("has {} base scores for {} outputs", model.base.size(), outputs);
  return outputs;
}

float first_margin(const RawModel& model, std::int64_t output) {
  return base_margin(model.base[model.base.size() == 1 ? 0 : static_cast<std::size_t>(output)], model);
}

void append_trees(const RawModel& model, Forest& forest) {
  const bool is_dart = *model.booster == "dart";
  if (model.tree_info.size() != model.trees->size())
    corrupt("has {} trees and tree_info of {}", model.trees->size(), model.tree_info.size());
  if (is_dart && model.tree_weights.size() != model.trees->size())
    corrupt("has {} trees and weight_drop of {}", model.trees->size(), model.tree_weights.size());
  // A set takes a bit for each category below its largest, so a short text must not name large ones.
  TreeAppender appender(forest, place, 8 * model.bytes + (1 << 18));
  std::size_t number = 0;
  bool has_gain = true, has_cover = true;
  for (const RawTree* tree : in_order(*model.trees)) {
    const std::int32_t output = model.tree_info[number];
    if (output < 0 || output >= forest.outputs)
      corrupt("tree {} adds to output {} of {}", number, output, forest.outputs);
    if (tree->leaf_size > 1 && tree->leaf_size != forest.outputs)
      corrupt("tree {} has leaves of {} values for {} outputs", number, tree->leaf_size, forest.outputs);
    const TreeNodes nodes(*tree, number, is_dart ? model.tree_weights[number] : 1.0f, forest.features);
    // A tree whose leaves are vectors becomes a tree for each output.
    const std::int64_t first = tree->leaf_size > 1 ? 0 : output;
    const std::int64_t last = tree->leaf_size > 1 ? forest.outputs : first + 1;
    for (std::int64_t k = first; k < last; ++k)
      appender.append(static_cast<std::int32_t>(k), nodes.count(), 0, [&](std::int64_t i) { return nodes.at(i, k); });
    has_gain = has_gain && !tree->gain.empty();
    has_cover = has_cover && !tree->cover.empty();
    ++number;
  }
  appender.finish(has_gain, has_cover);
}

Forest forest_of(const RawModel& model) {
  if (!model.trees) corrupt("has no trees");
  Forest forest;
  forest.features = model.features;
  forest.outputs = outputs_of(model);
  forest.link = link_of(*model.objective, forest.outputs);
  // XGBoost adds in float, starting with the first margin.
  forest.base.assign(static_cast<std::size_t>(forest.outputs), 0.0);
  for (std::int64_t k = 0; k < forest.outputs; ++k) forest.start.push_back(first_margin(model, k));
  append_trees(model, forest);
  return forest;
}

LinearParameters linear_of(const RawModel& model) {
  LinearParameters linear;
  linear.features = model.features;
  linear.outputs = outputs_of(model);
  linear.link = link_of(*model.objective, linear.outputs);
  const auto features = static_cast<std::size_t>(linear.features), outputs = static_cast<std::size_t>(linear.outputs);
  if (model.linear_weights.size() / outputs != features + 1 || model.linear_weights.size() % outputs != 0)
    corrupt("has {} weights for {} features and {} outputs", model.linear_weights.size(), features, outputs);
  linear.values.resize(model.linear_weights.size());
  // XGBoost (3.2, too) begins all sums of a linear booster with the first base score.
  const double first = first_margin(model, 0);
  for (std::size_t k = 0; k < outputs; ++k) {
    for (std::size_t j = 0; j < features; ++j)
      linear.weights()[k * features + j] = model.linear_weights[j * outputs + k];
    linear.intercepts()[k] = double{model.linear_weights[features * outputs + k]} + first;
  }
  return linear;
}

std::vector<std::string> category_texts(const RawCategories& found, const std::string& feature) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i + 1 < found.offsets.size(); ++i) {
    const std::int64_t begin = found.offsets[i], end = found.offsets[i + 1];
    if (begin < 0 || end < begin || end > static_cast<std::int64_t>(found.values.size()))
      corrupt("the categories of {} lie outside of their texts", quoted(feature));
    texts.push_back(found.values.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
  }
  return texts;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string note_of_codes(const RawCategories* known, const std::string& feature) {
  std::string note = fmt::format("input {} holds the codes of categories, 0, 1, ...", quoted(feature));
  // XGBoost 3.2 counts the characters of a text, and takes as many bytes.
  if (known != nullptr && !known->values.empty() && known->is_text)
    return note + ", since their names are not ASCII, and XGBoost cuts such names at wrong places";
  if (known == nullptr || known->numbers.empty()) return note + ", whose names the file does not have";
  note += ": ";
  for (std::size_t i = 0; i < known->numbers.size(); ++i)
    note += fmt::format("{}{} is {}", i == 0 ? "" : ", ", i, shown(known->numbers[i]));
  return note + (known->numbers.size() == RawCategories::most_numbers ? ", ..." : "");
}

/// The columns by name, with their categories where the file has them; what it lacks is said in `notes`.
Encoder encoder_of(const RawModel& model, std::vector<std::string> classes, std::vector<std::string>& notes) {
  const auto features = static_cast<std::size_t>(model.features);
  for (const auto& [name, count] :
       {std::pair{"feature_names", model.feature_names.size()}, std::pair{"feature_types", model.feature_types.size()},
        std::pair{"cats", model.categories.size()}})
    if (count != 0 && count != features) corrupt("has {} {} for {} features", count, name, features);
  EncoderParts parts;
  parts.classes = std::move(classes);
  // A linear booster leaves missing values out of its sum.
  const double fill = *model.booster == "gblinear" ? 0.0 : std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < features; ++i) {
    ColumnEncoding column{.name = model.feature_names.empty() ? fmt::format("f{}", i) : model.feature_names[i]};
    column.fill = fill;
    const RawCategories* known = model.categories.empty() ? nullptr : &model.categories[i];
    if (known != nullptr && known->is_text && known->offsets.size() > 1 && is_ascii(known->values)) {
      column.is_text = true;
      column.categories = category_texts(*known, column.name);
    } else if (!model.feature_types.empty() && model.feature_types[i] == "c") {
      notes.push_back(note_of_codes(known, column.name));
    }
    parts.columns.push_back(std::move(column));
  }
  return make_encoder(std::move(parts), place);
}

}  // namespace

ImportedModel read_xgboost(std::string_view model_file) {
  const RawModel model = read_model(model_file);
  if (!model.booster) corrupt("does not name its booster");
  const bool is_linear = *model.booster == "gblinear";
  if (*model.booster != "gbtree" && *model.booster != "dart" && !is_linear)
    unsupported("the booster is {}, expected gbtree, dart or gblinear", quoted(*model.booster));
  if (!model.objective) corrupt("does not name its objective");
  if (model.features < 0 || model.features > (std::numeric_limits<std::int32_t>::max)())
    corrupt("num_feature is {} or missing", model.features);
  // Each feature costs memory, so a short file must not claim many.
  if (constexpr std::int64_t most = 65'536; model.features > most + static_cast<std::int64_t>(model.bytes))
    fail(Errc::too_large, place, "claims {} features in {} bytes", model.features, model.bytes);

  ImportedModel made;
  if (is_linear)
    made.parameters = linear_of(model);
  else
    made.parameters = forest_of(model);
  const auto [link, outputs] = std::visit(
      [](const auto& parameters) {
        if constexpr (requires { parameters.outputs; })
          return std::pair{parameters.link, parameters.outputs};
        else
          return std::pair{Link::identity, std::int64_t{1}};
      },
      made.parameters);
  made.encoder = encoder_of(model, numbered_classes(link, outputs), made.notes);
  return made;
}

}  // namespace scalar::inline v0::interchange
