#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "scalar/core/json.hpp"
#include "scalar/interchange/xgboost.hpp"

namespace scalar::inline v0::interchange {
namespace {

constexpr std::string_view place = "forest for XGBoost";
constexpr std::int64_t most_categories = std::int64_t{1} << 24;  // XGBoost takes larger numbers for invalid ones

template <class... Arguments>
[[noreturn]] void unsupported(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::unsupported, place, format, std::forward<Arguments>(arguments)...);
}

/// In XGBoost's own spelling, which says of a whole number, too, that it is a float.
void append_float(std::string& out, float number) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number < 0 ? "-Infinity" : "Infinity";
    return;
  }
  std::array<char, 32> text{};
  char* const end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::scientific).ptr;
  std::replace(text.data(), end, 'e', 'E');
  out.append(text.data(), end);
}

/// Appends `,"name":[...]`, with `append(out, i)` for each i below `count`.
template <class Append>
void append_array(std::string& out, std::string_view name, std::size_t count, const Append& append) {
  out += fmt::format(",\"{}\":[", name);
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ',';
    append(out, i);
  }
  out += ']';
}
void append_integer(std::string& out, std::int64_t number) { out += std::to_string(number); }

/// What XGBoost asks at an inner node.
struct Split {
  bool is_set = false;  ///< then XGBoost's left child is our right one
  bool default_left = false;
  std::vector<std::int64_t> categories{};  ///< those that go to XGBoost's right
};

/// The categories of a node's set.
std::vector<std::int64_t> categories_of(const Forest& forest, std::size_t node, std::int64_t tree) {
  std::vector<std::int64_t> found;
  const auto words = forest.words(forest.category_set[node]);
  for (std::size_t word = 0; word < words.size(); ++word)
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
      if ((words[word] >> bit & 1) == 0) continue;
      found.push_back(static_cast<std::int64_t>(word) * 32 + bit);
      if (found.back() >= most_categories)
        unsupported("tree {} asks for category {}, XGBoost's are below {}", tree, found.back(), most_categories);
    }
  return found;
}

Split split_of(const Forest& forest, std::size_t node, std::int64_t tree) {
  const auto missing = static_cast<Missing>(forest.missing[node]);
  if (missing == Missing::zero_left || missing == Missing::zero_right)
    unsupported("tree {} treats zero as missing, which XGBoost does not", tree);
  Split split;
  split.default_left = missing == Missing::nan_left;
  if (!forest.has_categories() || forest.category_set[node] < 0) {
    if (missing == Missing::nan_is_zero) split.default_left = 0 < static_cast<float>(forest.value[node]);
    return split;
  }
  split.categories = categories_of(forest, node, tree);
  if (missing == Missing::nan_is_zero) split.default_left = !split.categories.empty() && split.categories.front() == 0;
  split.is_set = !split.categories.empty();  // XGBoost has no empty sets; no number is below -Infinity, either
  if (split.is_set) split.default_left = !split.default_left;
  return split;
}

class Writer {
 public:
  Writer(const Forest& forest, std::span<const std::string> names) : forest_(forest), names_(names) {
    is_category_.resize(static_cast<std::size_t>(forest.features));
    if (forest.has_categories())
      for (std::size_t node = 0; node < forest.feature.size(); ++node)
        if (forest.feature[node] >= 0 && forest.category_set[node] >= 0)
          is_category_[static_cast<std::size_t>(forest.feature[node])] = true;
  }

  std::string write() {
    out_ = R"({"learner":{"attributes":{})";
    append_array(out_, "feature_names", names_.size(),
                 [&](std::string& out, std::size_t i) { json::append_string(out, names_[i]); });
    const bool any = std::find(is_category_.begin(), is_category_.end(), true) != is_category_.end();
    append_array(out_, "feature_types", any || !names_.empty() ? is_category_.size() : 0,
                 [&](std::string& out, std::size_t i) { out += is_category_[i] ? R"("c")" : R"("float")"; });
    out_ += R"(,"gradient_booster":{"model":{"trees":[)";
    write_trees();
    out_ += ']';
    append_array(out_, "tree_info", count_, [&](std::string& out, std::size_t i) {
      append_integer(out, static_cast<std::int64_t>(i) % forest_.outputs);
    });
    append_array(out_, "iteration_indptr", count_ / outputs() + 1, [&](std::string& out, std::size_t i) {
      append_integer(out, static_cast<std::int64_t>(i) * forest_.outputs);
    });
    out_ += fmt::format(R"(,"gbtree_model_param":{{"num_parallel_tree":"1","num_trees":"{}"}}}},"name":"gbtree"}})",
                        count_);
    write_parameters();
    return std::move(out_);
  }

 private:
  std::size_t outputs() const { return static_cast<std::size_t>(forest_.outputs); }
  float start(std::size_t output) const { return static_cast<float>(forest_.start[output]); }

  /// True if a base score is the first margin of all outputs.
  bool is_base_score() const {
    const auto is_zero = [](double start) { return start == 0; };
    const auto is_first = [&](double start) { return start == forest_.start[0]; };
    return forest_.link == Link::identity ? std::all_of(forest_.start.begin(), forest_.start.end(), is_first)
                                          : std::all_of(forest_.start.begin(), forest_.start.end(), is_zero);
  }

  /// Rounds of one tree per output, each output's trees in their order; trees of one leaf fill the gaps.
  void write_trees() {
    if (!is_base_score()) write_constants([&](std::size_t k) { return start(k); });
    std::vector<std::vector<std::int64_t>> of_output(outputs());
    for (std::int64_t tree = 0; tree < forest_.trees(); ++tree)
      of_output[static_cast<std::size_t>(forest_.tree_output[static_cast<std::size_t>(tree)])].push_back(tree);
    std::size_t rounds = 0;
    for (const auto& trees : of_output) rounds = (std::max)(rounds, trees.size());
    if (rounds > 16 + 4 * (forest_.feature.size() + outputs()) / outputs())
      fail(Errc::too_large, place,
           "has an output of {} trees among {} outputs and {} trees: XGBoost has as many for all", rounds, outputs(),
           forest_.trees());
    for (std::size_t round = 0; round < rounds; ++round)
      for (const auto& trees : of_output) {
        if (round < trees.size())
          write_tree(trees[round]);
        else
          write_constant(0);
      }
    const bool has_base = std::any_of(forest_.base.begin(), forest_.base.end(), [](double base) { return base != 0; });
    if (has_base) write_constants([&](std::size_t k) { return static_cast<float>(forest_.base[k]); });
  }

  template <class Value>
  void write_constants(const Value& value) {
    for (std::size_t k = 0; k < outputs(); ++k) write_constant(value(k));
  }

  void begin_tree() {
    if (count_ != 0) out_ += ',';
    out_ += fmt::format("{{\"id\":{}", count_++);
  }
  void end_tree(std::size_t nodes) {
    out_ += fmt::format(
        R"(,"tree_param":{{"num_deleted":"0","num_feature":"{}","num_nodes":"{}","size_leaf_vector":"0"}}}})",
        forest_.features, nodes);
  }

  void write_constant(float value) {
    const auto leaf = [&](std::string& out, std::size_t) { append_float(out, value); };
    const auto integer = [](std::int64_t number) {
      return [number](std::string& out, std::size_t) { append_integer(out, number); };
    };
    begin_tree();
    for (const std::string_view name : {"base_weights", "split_conditions"}) append_array(out_, name, 1, leaf);
    for (const std::string_view name : {"loss_changes", "sum_hessian"})
      append_array(out_, name, 1, [](std::string& out, std::size_t) { append_float(out, 0); });
    for (const std::string_view name : {"left_children", "right_children"}) append_array(out_, name, 1, integer(-1));
    for (const std::string_view name : {"default_left", "split_indices", "split_type"})
      append_array(out_, name, 1, integer(0));
    append_array(out_, "parents", 1, integer(no_parent));
    for (const std::string_view name : {"categories", "categories_nodes", "categories_segments", "categories_sizes"})
      append_array(out_, name, 0, leaf);
    end_tree(1);
  }

  /// A node as XGBoost numbers it.
  struct Node {
    std::size_t at = 0;  ///< in the arrays of the forest
    Split split{};
    std::int64_t left = -1, right = -1, parent = no_parent;
  };

  /// The nodes of a tree, level by level: XGBoost 1.7 takes the node after the left child for the right one.
  std::vector<Node> nodes_of(std::int64_t tree) const {
    const auto first = static_cast<std::size_t>(forest_.tree_begin[static_cast<std::size_t>(tree)]);
    std::vector<Node> nodes{{.at = first}};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const std::size_t at = nodes[i].at;
      if (is_leaf(at)) continue;
      Split split = split_of(forest_, at, tree);
      auto left = static_cast<std::size_t>(forest_.left[at]), right = static_cast<std::size_t>(forest_.right[at]);
      if (split.is_set) std::swap(left, right);
      nodes[i].split = std::move(split);
      nodes[i].left = static_cast<std::int64_t>(nodes.size());
      nodes[i].right = nodes[i].left + 1;
      for (const std::size_t child : {left, right})
        nodes.push_back({.at = first + child, .parent = static_cast<std::int64_t>(i)});
    }
    return nodes;
  }
  bool is_leaf(std::size_t at) const { return forest_.feature[at] < 0; }

  /// The split of an inner node, the value of a leaf.
  float value_of(const Node& node) const {
    if (node.split.is_set) return 0;
    // A set that is empty becomes a comparison that no number passes.
    if (!is_leaf(node.at) && forest_.has_categories() && forest_.category_set[node.at] >= 0)
      return -std::numeric_limits<float>::infinity();
    return static_cast<float>(forest_.value[node.at]);
  }

  void write_tree(std::int64_t tree) {
    const std::vector<Node> nodes = nodes_of(tree);
    const auto integers = [&](std::string_view name, const auto& of) {
      append_array(out_, name, nodes.size(),
                   [&](std::string& out, std::size_t i) { append_integer(out, of(nodes[i])); });
    };
    const auto floats = [&](std::string_view name, const auto& of) {
      append_array(out_, name, nodes.size(), [&](std::string& out, std::size_t i) { append_float(out, of(nodes[i])); });
    };
    begin_tree();
    floats("base_weights", [&](const Node& node) { return is_leaf(node.at) ? value_of(node) : 0.0F; });
    floats("split_conditions", [&](const Node& node) { return value_of(node); });
    floats("loss_changes", [&](const Node& node) { return forest_.gain.empty() ? 0.0F : forest_.gain[node.at]; });
    floats("sum_hessian", [&](const Node& node) { return forest_.cover.empty() ? 0.0F : forest_.cover[node.at]; });
    integers("left_children", [](const Node& node) { return node.left; });
    integers("right_children", [](const Node& node) { return node.right; });
    integers("parents", [](const Node& node) { return node.parent; });
    integers("split_indices", [&](const Node& node) { return is_leaf(node.at) ? 0 : forest_.feature[node.at]; });
    integers("default_left", [](const Node& node) { return node.split.default_left ? 1 : 0; });
    integers("split_type", [](const Node& node) { return node.split.is_set ? 1 : 0; });
    write_categories(nodes);
    end_tree(nodes.size());
  }

  void write_categories(const std::vector<Node>& nodes) {
    std::vector<std::int64_t> all, begin, size, with_set;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto& categories = nodes[i].split.categories;
      if (!nodes[i].split.is_set) continue;
      with_set.push_back(static_cast<std::int64_t>(i));
      begin.push_back(static_cast<std::int64_t>(all.size()));
      size.push_back(static_cast<std::int64_t>(categories.size()));
      all.insert(all.end(), categories.begin(), categories.end());
    }
    const auto numbers = [&](std::string_view name, const std::vector<std::int64_t>& values) {
      append_array(out_, name, values.size(), [&](std::string& out, std::size_t i) { append_integer(out, values[i]); });
    };
    numbers("categories", all);
    numbers("categories_nodes", with_set);
    numbers("categories_segments", begin);
    numbers("categories_sizes", size);
  }

  void write_parameters() {
    // For a logistic, XGBoost keeps a probability, whose logit is 0.
    const float score = forest_.link == Link::logistic ? 0.5F : is_base_score() ? start(0) : 0.0F;
    out_ += R"(,"learner_model_param":{"base_score":")";
    append_float(out_, score);
    const bool is_softmax = forest_.link == Link::softmax;
    out_ += fmt::format(R"(","boost_from_average":"0","num_class":"{}","num_feature":"{}","num_target":"{}"}})",
                        is_softmax ? forest_.outputs : 0, forest_.features, is_softmax ? 1 : forest_.outputs);
    constexpr std::string_view regression = R"("reg_loss_param":{"scale_pos_weight":"1"})";
    if (is_softmax)
      out_ += fmt::format(R"(,"objective":{{"name":"multi:softprob","softmax_multiclass_param":{{"num_class":"{}"}}}})",
                          forest_.outputs);
    else
      out_ += fmt::format(R"(,"objective":{{"name":"{}",{}}})",
                          forest_.link == Link::logistic ? "binary:logistic" : "reg:squarederror", regression);
    out_ += R"(},"version":[1,7,4]})";
  }

  static constexpr std::int64_t no_parent = 2147483647;

  const Forest& forest_;
  std::span<const std::string> names_;
  std::vector<bool> is_category_;
  std::string out_{};
  std::size_t count_ = 0;
};

void check_numbers(const Forest& forest) {
  for (const double number : forest.base)
    if (!std::isfinite(static_cast<float>(number)))
      unsupported("a base of {} is no finite float32, in which XGBoost adds", number);
}

}  // namespace

std::string write_xgboost(const Forest& forest, std::span<const std::string> feature_names) {
  check(forest);
  if (forest.width != DataType::float32) unsupported("its splits, leaves and sums are float64, XGBoost's are float32");
  if (forest.link == Link::logistic && forest.outputs != 1)
    unsupported("has {} outputs with a logistic each, expected 1", forest.outputs);
  if (forest.link == Link::softmax && forest.outputs < 2)
    unsupported("has 1 output with a softmax, expected 2 or more");
  if (!feature_names.empty() && static_cast<std::int64_t>(feature_names.size()) != forest.features)
    fail(Errc::shape_mismatch, place, "{} names for {} features", feature_names.size(), forest.features);
  check_numbers(forest);
  return Writer(forest, feature_names).write();
}

}  // namespace scalar::inline v0::interchange
