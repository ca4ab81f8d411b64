// Operators of tree ensembles.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "interchange/onnx_import/ensemble.hpp"
#include "interchange/onnx_import/operators.hpp"
#include "interchange/onnx_import/scores.hpp"
#include "interchange/onnx_import/tensors.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

/// `nodes_modes` of TreeEnsembleClassifier and TreeEnsembleRegressor, in the order of SplitMode.
constexpr std::array<std::string_view, 8> modes{"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                                "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};

/// Finds nodes by the numbers of their tree and within it.
class NodeIndex {
 public:
  NodeIndex(const Call& call, const std::vector<std::int64_t>& trees, const std::vector<std::int64_t>& nodes)
      : node_(call.node) {
    call.budget.take<Entry>(call.node, trees.size());
    for (std::size_t i = 0; i < trees.size(); ++i)
      entries_.push_back({trees[i], nodes[i], static_cast<std::int64_t>(i)});
    std::ranges::sort(entries_);
    for (std::size_t i = 1; i < entries_.size(); ++i)
      if (entries_[i - 1].tree == entries_[i].tree && entries_[i - 1].node == entries_[i].node)
        corrupt(node_, "has two nodes {} in tree {}", entries_[i].node, entries_[i].tree);
  }

  std::int64_t find(std::int64_t tree, std::int64_t node) const {
    const auto found = std::ranges::lower_bound(entries_, Entry{tree, node, -1});
    if (found == entries_.end() || found->tree != tree || found->node != node)
      corrupt(node_, "has no node {} in tree {}", node, tree);
    return found->index;
  }

 private:
  struct Entry {
    std::int64_t tree, node, index;
    auto operator<=>(const Entry&) const = default;
  };
  const Node& node_;
  std::vector<Entry> entries_;
};

void require_length(const Call& call, std::string_view what, std::size_t seen, std::size_t expected) {
  if (seen != expected) corrupt(call.node, "has {} of {} entries, expected {}", what, seen, expected);
}

SplitMode mode_of(const Call& call, const std::string& text) {
  const auto found = std::ranges::find(modes, text);
  if (found == modes.end()) corrupt(call.node, "has a node of mode {}", quoted(text));
  return static_cast<SplitMode>(found - modes.begin());
}

/// The nodes without a parent, one for each tree, in the order in which trees appear.
std::vector<std::int64_t> roots_of(const Call& call, const std::vector<EnsembleNode>& nodes,
                                   const std::vector<std::int64_t>& trees) {
  std::vector<bool> has_parent(nodes.size());
  for (const EnsembleNode& node : nodes)
    if (node.mode != SplitMode::leaf)
      has_parent[static_cast<std::size_t>(node.if_true)] = has_parent[static_cast<std::size_t>(node.if_false)] = true;
  std::vector<std::int64_t> roots;
  std::set<std::int64_t> rooted;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (has_parent[i]) continue;
    if (!rooted.insert(trees[i]).second) corrupt(call.node, "has a tree {} with two roots", trees[i]);
    roots.push_back(static_cast<std::int64_t>(i));
  }
  for (const std::int64_t tree : trees)
    if (!rooted.contains(tree)) corrupt(call.node, "has a tree {} without a root", tree);
  return roots;
}

/// Reads the nodes of a TreeEnsembleClassifier or TreeEnsembleRegressor, and the weights of its leaves, which are
/// called `class_...` or `target_...`.
Ensemble read_nodes(const Call& call, const std::string& kind) {
  const Node& node = call.node;
  const auto trees = integer_list(node, "nodes_treeids"), ids = integer_list(node, "nodes_nodeids"),
             features = integer_list(node, "nodes_featureids"), yes = integer_list(node, "nodes_truenodeids"),
             no = integer_list(node, "nodes_falsenodeids"),
             missing = integer_list(node, "nodes_missing_value_tracks_true");
  const std::size_t count = trees.size();
  Ensemble ensemble;
  const auto values = number_list(node, "nodes_values", call.budget, &ensemble.is_double);
  const auto* mode_names = node.get<std::vector<std::string>>("nodes_modes");
  if (mode_names == nullptr) corrupt(node, "has no nodes_modes");
  require_length(call, "nodes_nodeids", ids.size(), count);
  require_length(call, "nodes_featureids", features.size(), count);
  require_length(call, "nodes_truenodeids", yes.size(), count);
  require_length(call, "nodes_falsenodeids", no.size(), count);
  require_length(call, "nodes_values", values.size(), count);
  require_length(call, "nodes_modes", mode_names->size(), count);
  if (!missing.empty()) require_length(call, "nodes_missing_value_tracks_true", missing.size(), count);
  const NodeIndex index(call, trees, ids);
  call.budget.take<EnsembleNode>(node, count);
  for (std::size_t i = 0; i < count; ++i) {
    EnsembleNode one{.mode = mode_of(call, (*mode_names)[i])};
    one.missing_is_true = !missing.empty() && missing[i] != 0;
    one.feature = features[i];
    one.value = values[i];
    if (one.mode == SplitMode::member) corrupt(node, "has a node of mode BRANCH_MEMBER, which is one of TreeEnsemble");
    if (one.mode != SplitMode::leaf) {
      one.if_true = index.find(trees[i], yes[i]);
      one.if_false = index.find(trees[i], no[i]);
    }
    ensemble.nodes.push_back(std::move(one));
  }
  ensemble.roots = roots_of(call, ensemble.nodes, trees);
  ensemble.is_whole = true;

  const auto weight_trees = integer_list(node, kind + "_treeids"), weight_nodes = integer_list(node, kind + "_nodeids"),
             outputs = integer_list(node, kind + "_ids");
  const auto weights = number_list(node, kind + "_weights", call.budget);
  require_length(call, kind + "_treeids", weight_trees.size(), weights.size());
  require_length(call, kind + "_nodeids", weight_nodes.size(), weights.size());
  require_length(call, kind + "_ids", outputs.size(), weights.size());
  call.budget.take<LeafWeight>(node, weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i)
    ensemble.weights.push_back({index.find(weight_trees[i], weight_nodes[i]), outputs[i], weights[i]});
  return ensemble;
}

/// The model of an ensemble of the features in input 0.
Core core_of(const Call& call, Ensemble ensemble) {
  const Features& features = call.features(0);
  call.budget.take<Element>(call.node, features.columns.size());
  call.budget.take<double>(call.node, static_cast<std::size_t>(ensemble.outputs));
  return {features.columns,
          forest_of(call.node, std::move(ensemble), static_cast<std::int64_t>(features.columns.size()), call.budget)};
}

void add_base(const Call& call, Core& core) {
  const std::vector<double> base = number_list(call.node, "base_values", call.budget);
  auto& forest = std::get<Forest>(core.parameters);
  if (base.empty()) return;
  if (base.size() != forest.base.size())
    refuse(call.node, "has {} base_values for {} outputs", base.size(), forest.base.size());
  for (const double value : base)
    if (!std::isfinite(value)) corrupt(call.node, "has the base value {}", value);
  forest.base = base;
}

/// Scores of an ensemble that are not those of two classes with one margin.
Scores linked(const Call& call, Core core, std::string_view post) {
  const auto outputs = core.outputs();
  if (post == "NONE") return scores_of(std::move(core));
  if (post == "SOFTMAX" && outputs > 1) return scores_of(std::move(core), Link::softmax);
  if (post == "LOGISTIC" && outputs == 1) return scores_of(std::move(core), Link::logistic);
  refuse(call.node, "has post_transform {} for {} outputs, which no link does", quoted(post), outputs);
}

/// Two classes of which only the first has weights: they are the margin of the second.
Scores of_one_margin(const Call& call, Core core, const std::vector<LeafWeight>& weights, std::string_view post) {
  Scores scores = scores_of(std::move(core));
  scores.columns = two_classes();
  if (post == "LOGISTIC") {
    scores.link = Link::logistic;
    return scores;
  }
  const bool are_positive = std::ranges::all_of(weights, [](const LeafWeight& w) { return w.value >= 0; });
  if (post != "NONE" || !are_positive)
    refuse(call.node, "has post_transform {} for one margin of two classes, which is no probability", quoted(post));
  return scores;
}

std::string_view post_transform(const Call& call, std::int64_t number) {
  constexpr std::array<std::string_view, 5> names{"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  if (number < 0 || number >= static_cast<std::int64_t>(names.size()))
    corrupt(call.node, "has the post_transform {}", number);
  return names[static_cast<std::size_t>(number)];
}

/// The trees of a TreeEnsemble: leaves are numbered after the inner nodes.
class TreeEnsembleReader {
 public:
  explicit TreeEnsembleReader(const Call& call) : call_(call), node_(call.node) {}

  Ensemble read() {
    Ensemble ensemble;
    const std::vector<double> splits = tensor("nodes_splits", &ensemble.is_double);
    const std::vector<std::int64_t> mode_numbers = modes_of();
    count_ = splits.size();
    require_length(call_, "nodes_modes", mode_numbers.size(), count_);
    features_ = list("nodes_featureids");
    yes_ = list("nodes_truenodeids"), no_ = list("nodes_falsenodeids");
    yes_is_leaf_ = list("nodes_trueleafs"), no_is_leaf_ = list("nodes_falseleafs");
    missing_ = integer_list(node_, "nodes_missing_value_tracks_true");
    if (!missing_.empty()) require_length(call_, "nodes_missing_value_tracks_true", missing_.size(), count_);
    read_leaves(ensemble);
    call_.budget.take<EnsembleNode>(node_, count_ + leaves_);
    const std::vector<std::vector<double>> members = read_members();
    std::size_t set = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      EnsembleNode one = inner_node(i, mode_numbers[i]);
      one.value = splits[i];
      if (one.mode == SplitMode::member) {
        if (set == members.size()) corrupt(node_, "has more nodes of mode BRANCH_MEMBER than sets of members");
        one.members = members[set++];
        one.value = 0;
      }
      ensemble.nodes.push_back(std::move(one));
    }
    ensemble.nodes.resize(count_ + leaves_);
    read_roots(ensemble);
    return ensemble;
  }

 private:
  std::vector<std::int64_t> list(std::string_view name) {
    std::vector<std::int64_t> values = integer_list(node_, name);
    require_length(call_, name, values.size(), count_);
    return values;
  }
  std::vector<double> tensor(std::string_view name, bool* is_double) {
    const Tensor* found = tensor_attribute(node_, name);
    if (found == nullptr) return {};
    if (is_double != nullptr) *is_double = found->type == DataType::float64;
    return numbers_of(node_, *found, call_.budget);
  }
  std::vector<std::int64_t> modes_of() {
    const Tensor* found = tensor_attribute(node_, "nodes_modes");
    if (found == nullptr) corrupt(node_, "has no nodes_modes");
    return integers_of(node_, *found, call_.budget);
  }
  std::int64_t child(std::int64_t number, std::int64_t is_leaf) const {
    const std::size_t count = is_leaf != 0 ? leaves_ : count_;
    if (number < 0 || number >= static_cast<std::int64_t>(count))
      corrupt(node_, "has a child {} of {} {}", number, count, is_leaf != 0 ? "leaves" : "nodes");
    return is_leaf != 0 ? static_cast<std::int64_t>(count_) + number : number;
  }
  EnsembleNode inner_node(std::size_t i, std::int64_t mode) const {
    if (mode < 0 || mode > static_cast<std::int64_t>(SplitMode::member)) corrupt(node_, "has a node of mode {}", mode);
    EnsembleNode one{.mode = static_cast<SplitMode>(mode)};
    one.missing_is_true = !missing_.empty() && missing_[i] != 0;
    one.feature = features_[i];
    one.if_true = child(yes_[i], yes_is_leaf_[i]);
    one.if_false = child(no_[i], no_is_leaf_[i]);
    return one;
  }
  void read_leaves(Ensemble& ensemble) {
    const std::vector<double> weights = tensor("leaf_weights", nullptr);
    const std::vector<std::int64_t> targets = integer_list(node_, "leaf_targetids");
    require_length(call_, "leaf_targetids", targets.size(), weights.size());
    leaves_ = weights.size();
    for (std::size_t i = 0; i < leaves_; ++i)
      ensemble.weights.push_back({static_cast<std::int64_t>(count_ + i), targets[i], weights[i]});
  }
  /// The sets, each of which ends with a NaN.
  std::vector<std::vector<double>> read_members() {
    std::vector<std::vector<double>> sets;
    bool is_open = false;
    for (const double value : tensor("membership_values", nullptr)) {
      if (!is_open) sets.emplace_back();
      is_open = !std::isnan(value);
      if (is_open) sets.back().push_back(value);
    }
    return sets;
  }
  void read_roots(Ensemble& ensemble) const {
    for (const std::int64_t root : integer_list(node_, "tree_roots")) {
      const std::int64_t number = child(root, 0);
      const EnsembleNode& one = ensemble.nodes[static_cast<std::size_t>(number)];
      // A tree of one leaf is written as a node whose children are both that leaf.
      const bool is_leaf = one.if_true == one.if_false && one.if_true >= static_cast<std::int64_t>(count_);
      ensemble.roots.push_back(is_leaf ? one.if_true : number);
    }
  }

  const Call& call_;
  const Node& node_;
  std::size_t count_ = 0, leaves_ = 0;
  std::vector<std::int64_t> features_, yes_, no_, yes_is_leaf_, no_is_leaf_, missing_;
};

std::int64_t targets_of(const Call& call) {
  const auto targets = attribute_or<std::int64_t>(call.node, "n_targets", 1);
  if (targets < 1 || targets > (std::int64_t{1} << 31) - 1) corrupt(call.node, "has {} targets", targets);
  return targets;
}

/// Sums the trees, or averages them.
void set_aggregate(const Call& call, Ensemble& ensemble, std::string_view aggregate) {
  if (aggregate == "AVERAGE" && !ensemble.roots.empty())
    ensemble.factor = 1 / static_cast<double>(ensemble.roots.size());
  else if (aggregate != "SUM" && aggregate != "AVERAGE")
    refuse(call.node, "takes the {} of its trees, expected their sum or their average", shown(aggregate));
}

}  // namespace

std::vector<Value> apply_tree_classifier(const Call& call) {
  std::vector<std::string> classes = class_list(call.node, "classlabels_strings", "classlabels_int64s");
  Ensemble ensemble = read_nodes(call, "class");
  const auto post = attribute_or<std::string>(call.node, "post_transform", "NONE");
  const bool is_first_only =
      std::ranges::all_of(ensemble.weights, [](const LeafWeight& weight) { return weight.output == 0; });
  if (classes.size() < 2) refuse(call.node, "has {} classes, expected 2 or more", classes.size());
  Scores scores;
  if (classes.size() == 2 && is_first_only) {
    ensemble.outputs = 1;
    const std::vector<LeafWeight> weights = ensemble.weights;
    Core core = core_of(call, std::move(ensemble));
    add_base(call, core);
    scores = of_one_margin(call, std::move(core), weights, post);
  } else {
    ensemble.outputs = static_cast<std::int64_t>(classes.size());
    Core core = core_of(call, std::move(ensemble));
    add_base(call, core);
    scores = linked(call, std::move(core), post);
  }
  return {Label{std::move(classes)}, std::move(scores)};
}

std::vector<Value> apply_tree_regressor(const Call& call) {
  Ensemble ensemble = read_nodes(call, "target");
  ensemble.outputs = targets_of(call);
  set_aggregate(call, ensemble, attribute_or<std::string>(call.node, "aggregate_function", "SUM"));
  Core core = core_of(call, std::move(ensemble));
  add_base(call, core);
  return {linked(call, std::move(core), attribute_or<std::string>(call.node, "post_transform", "NONE"))};
}

std::vector<Value> apply_tree_ensemble(const Call& call) {
  constexpr std::array<std::string_view, 4> aggregates{"AVERAGE", "SUM", "MIN", "MAX"};
  Ensemble ensemble = TreeEnsembleReader(call).read();
  ensemble.outputs = targets_of(call);
  const auto aggregate = attribute_or<std::int64_t>(call.node, "aggregate_function", 1);
  if (aggregate < 0 || aggregate >= static_cast<std::int64_t>(aggregates.size()))
    corrupt(call.node, "has the aggregate_function {}", aggregate);
  set_aggregate(call, ensemble, aggregates[static_cast<std::size_t>(aggregate)]);
  return {linked(call, core_of(call, std::move(ensemble)),
                 post_transform(call, attribute_or<std::int64_t>(call.node, "post_transform", 0)))};
}

}  // namespace scalar::inline v0::interchange::onnx
