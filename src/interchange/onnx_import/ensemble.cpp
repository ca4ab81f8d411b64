#include "interchange/onnx_import/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace scalar::inline v0::interchange::onnx {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t forest_node_bytes = 32;

/// An inner node as a Forest has it: left if the feature is less than `split`, or in a set of categories.
struct Split {
  double split = 0;
  bool true_is_left = true;
  std::optional<std::vector<std::uint32_t>> categories{};
};

/// Builds the forest of an ensemble, tree by tree.
class ForestBuilder {
 public:
  ForestBuilder(const Node& node, const Ensemble& ensemble, std::int64_t features, Budget& budget)
      : node_(node), ensemble_(ensemble), features_(features), budget_(budget) {
    budget_.take<Scratch>(node, ensemble.nodes.size());
    scratch_.resize(ensemble.nodes.size());
    forest_.features = features;
    forest_.outputs = ensemble.outputs;
    forest_.width = DataType::float64;
    forest_.base.resize(static_cast<std::size_t>(ensemble.outputs));
    forest_.start.resize(static_cast<std::size_t>(ensemble.outputs));
    forest_.tree_begin = {0};
    forest_.category_begin = {0};
  }

  Forest build() {
    for (std::size_t tree = 0; tree < ensemble_.roots.size(); ++tree) add(tree, ensemble_.roots[tree]);
    const auto left_over = std::ranges::find(scratch_, false, &Scratch::is_seen);
    if (ensemble_.is_whole && left_over != scratch_.end())
      corrupt(node_, "has a node {} that no root leads to", left_over - scratch_.begin());
    if (forest_.category_begin.size() == 1) {
      forest_.category_begin.clear();
      forest_.category_set.clear();
    }
    return std::move(forest_);
  }

 private:
  /// What is known of a node of the ensemble.
  struct Scratch {
    bool is_seen = false;
    bool is_uniform = false;  // all leaves below have the same value
    double value = 0;         // of those leaves
  };
  struct Pending {
    std::int64_t number = 0;
    std::size_t parent = 0;
    bool is_left = false, is_root = false;
  };

  const EnsembleNode& at(std::int64_t number) const { return ensemble_.nodes[static_cast<std::size_t>(number)]; }
  Scratch& scratch(std::int64_t number) { return scratch_[static_cast<std::size_t>(number)]; }

  /// The nodes that a root leads to, parents first.
  std::vector<std::int64_t> nodes_below(std::size_t tree, std::int64_t root) {
    std::vector<std::int64_t> order, pending{root};
    while (!pending.empty()) {
      const std::int64_t number = pending.back();
      pending.pop_back();
      if (scratch(number).is_seen) corrupt(node_, "has a node {} in tree {} with two parents", number, tree);
      scratch(number).is_seen = true;
      order.push_back(number);
      const EnsembleNode& node = at(number);
      if (node.mode == SplitMode::leaf) continue;
      if (node.feature < 0 || node.feature >= features_)
        corrupt(node_, "asks feature {} of {} in tree {}", node.feature, features_, tree);
      if (std::isnan(node.value)) corrupt(node_, "splits at NaN in tree {}", tree);
      pending.push_back(node.if_false);
      pending.push_back(node.if_true);
    }
    return order;
  }

  /// The weights of a leaf; they are sorted by node and output.
  std::span<const LeafWeight> weights_of(std::int64_t number) const {
    const auto range = std::ranges::equal_range(ensemble_.weights, number, {}, &LeafWeight::node);
    return {range.begin(), range.end()};
  }

  double weight_of(std::int64_t number, std::int64_t output) const {
    double sum = 0;
    for (const LeafWeight& weight : std::ranges::equal_range(weights_of(number), output, {}, &LeafWeight::output))
      sum += weight.value;
    return sum * ensemble_.factor;
  }

  void add(std::size_t tree, std::int64_t root) {
    const std::vector<std::int64_t> order = nodes_below(tree, root);
    std::vector<std::int64_t> outputs;
    for (const std::int64_t number : order)
      if (at(number).mode == SplitMode::leaf)
        for (const LeafWeight& weight : weights_of(number)) outputs.push_back(weight.output);
    std::ranges::sort(outputs);
    outputs.erase(std::unique(outputs.begin(), outputs.end()), outputs.end());
    for (const std::int64_t output : outputs) {
      budget_.take<std::byte>(node_, order.size());
      find_uniform(order, output);
      write(root, output);
    }
  }

  void find_uniform(const std::vector<std::int64_t>& order, std::int64_t output) {
    for (std::size_t i = order.size(); i-- > 0;) {
      const EnsembleNode& node = at(order[i]);
      Scratch& known = scratch(order[i]);
      if (node.mode == SplitMode::leaf) {
        known.is_uniform = true;
        known.value = weight_of(order[i], output);
        if (!std::isfinite(known.value)) corrupt(node_, "has a leaf of value {}", known.value);
        continue;
      }
      const Scratch &yes = scratch(node.if_true), &no = scratch(node.if_false);
      known.is_uniform = yes.is_uniform && no.is_uniform && yes.value == no.value;
      known.value = yes.value;
    }
  }

  void write(std::int64_t root, std::int64_t output) {
    const std::size_t first = forest_.feature.size();
    std::vector<Pending> pending{{.number = root, .is_root = true}};
    while (!pending.empty()) {
      const Pending next = pending.back();
      pending.pop_back();
      const std::size_t self = forest_.feature.size();
      if (!next.is_root)
        (next.is_left ? forest_.left : forest_.right)[next.parent] = static_cast<std::int32_t>(self - first);
      budget_.take<std::byte>(node_, forest_node_bytes);
      if (scratch(next.number).is_uniform) {
        append(-1, scratch(next.number).value, Missing::none_right, std::nullopt);
        continue;
      }
      const EnsembleNode& node = at(next.number);
      Split split = split_of(node);
      // NaN compares false, and so goes where the comparison is false, unless the node says otherwise.
      const bool missing_is_true = node.missing_is_true || node.mode == SplitMode::neq;
      const Missing missing = missing_is_true == split.true_is_left ? Missing::nan_left : Missing::nan_right;
      append(static_cast<std::int32_t>(node.feature), split.split, missing, std::move(split.categories));
      pending.push_back({split.true_is_left ? node.if_false : node.if_true, self, false, false});
      pending.push_back({split.true_is_left ? node.if_true : node.if_false, self, true, false});
    }
    forest_.tree_begin.push_back(static_cast<std::int64_t>(forest_.feature.size()));
    forest_.tree_output.push_back(static_cast<std::int32_t>(output));
  }

  void append(std::int32_t feature, double value, Missing missing,
              std::optional<std::vector<std::uint32_t>> categories) {
    forest_.feature.push_back(feature);
    forest_.value.push_back(value);
    forest_.left.push_back(0);
    forest_.right.push_back(0);
    forest_.missing.push_back(static_cast<std::uint8_t>(missing));
    forest_.category_set.push_back(categories ? static_cast<std::int32_t>(forest_.category_begin.size()) - 1 : -1);
    if (!categories) return;
    forest_.category_words.insert(forest_.category_words.end(), categories->begin(), categories->end());
    forest_.category_begin.push_back(static_cast<std::int64_t>(forest_.category_words.size()));
  }

  /// The smallest number above `value` that a feature can have: `x <= value` is `x < next(value)`.
  double next(double value) const {
    if (ensemble_.is_double) return std::nextafter(value, infinity);
    return static_cast<double>(std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity()));
  }

  Split split_of(const EnsembleNode& node) {
    switch (node.mode) {
      case SplitMode::leq:
        return {next(node.value), true, {}};
      case SplitMode::lt:
        return {node.value, true, {}};
      case SplitMode::gte:
        return {node.value, false, {}};
      case SplitMode::gt:
        return {next(node.value), false, {}};
      case SplitMode::eq:
        return {0, true, set_of({&node.value, 1})};
      case SplitMode::neq:
        return {0, false, set_of({&node.value, 1})};
      default:
        return {0, true, set_of(node.members)};
    }
  }

  std::vector<std::uint32_t> set_of(std::span<const double> values) {
    constexpr double most = 0x1p24;  // float32 cannot count further
    double largest = 0;
    for (const double value : values) {
      if (!(value >= 0 && value < most) || value != std::floor(value))
        refuse(node_, "looks for {} among the values of a feature, expected the number of a category", value);
      largest = (std::max)(largest, value);
    }
    const std::size_t count = static_cast<std::size_t>(largest) / 32 + 1;
    budget_.take<std::uint32_t>(node_, count);
    std::vector<std::uint32_t> words(count);
    for (const double value : values) {
      const auto number = static_cast<std::uint32_t>(value);
      words[number / 32] |= std::uint32_t{1} << number % 32;
    }
    return words;
  }

  const Node& node_;
  const Ensemble& ensemble_;
  std::int64_t features_;
  Budget& budget_;
  Forest forest_;
  std::vector<Scratch> scratch_;
};

}  // namespace

namespace {

/// True if `next` is asked where `node` does not hold, and leads to the same place where it holds.
bool continues(const EnsembleNode& node, const EnsembleNode& next) {
  return node.mode == SplitMode::eq && next.mode == SplitMode::eq && node.feature == next.feature &&
         node.if_true == next.if_true && node.missing_is_true == next.missing_is_true;
}

/// Turns chains of nodes that look for one number after the other, as LightGBM's categories are written, into one node
/// that looks for a set. Nothing leads to the rest of a chain then.
void join_chains(const Node& node, Ensemble& ensemble, Budget& budget) {
  std::vector<EnsembleNode>& nodes = ensemble.nodes;
  const auto next_of = [&](const EnsembleNode& one) -> EnsembleNode& {
    return nodes[static_cast<std::size_t>(one.if_false)];
  };
  std::vector<bool> is_rest(nodes.size());
  for (const EnsembleNode& one : nodes)
    if (one.mode == SplitMode::eq && continues(one, next_of(one)))
      is_rest[static_cast<std::size_t>(one.if_false)] = true;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    EnsembleNode& head = nodes[i];
    if (is_rest[i] || head.mode != SplitMode::eq || !continues(head, next_of(head))) continue;
    EnsembleNode one = head;
    one.members.push_back(one.value);
    while (continues(one, next_of(one))) {
      if (one.members.size() > nodes.size()) corrupt(node, "has a cycle of nodes");
      budget.take<double>(node, 2);
      one.members.push_back(next_of(one).value);
      one.if_false = next_of(one).if_false;
    }
    one.mode = SplitMode::member;
    one.value = 0;
    head = std::move(one);
    ensemble.is_whole = false;
  }
}

}  // namespace

Forest forest_of(const Node& node, Ensemble ensemble, std::int64_t features, Budget& budget) {
  const auto count = static_cast<std::int64_t>(ensemble.nodes.size());
  for (const LeafWeight& weight : ensemble.weights)
    if (weight.output < 0 || weight.output >= ensemble.outputs)
      corrupt(node, "has a leaf that adds to output {} of {}", weight.output, ensemble.outputs);
  for (const EnsembleNode& one : ensemble.nodes)
    if (one.mode != SplitMode::leaf &&
        (one.if_true < 0 || one.if_true >= count || one.if_false < 0 || one.if_false >= count))
      corrupt(node, "has a child {} or {} of {} nodes", one.if_true, one.if_false, count);
  join_chains(node, ensemble, budget);
  std::ranges::stable_sort(ensemble.weights, {}, [](const LeafWeight& w) { return std::pair{w.node, w.output}; });
  return ForestBuilder(node, ensemble, features, budget).build();
}

}  // namespace scalar::inline v0::interchange::onnx
