#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include "core/fail.hpp"
#include "interchange/onnx/stages.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

constexpr float missing_number = std::numeric_limits<float>::quiet_NaN();

bool has_zero(Missing missing) { return missing == Missing::zero_left || missing == Missing::zero_right; }
bool goes_left(Missing missing) { return missing == Missing::nan_left || missing == Missing::zero_left; }

/// Whether a set of categories has category `category`.
bool has(std::span<const std::uint32_t> words, std::size_t category) {
  return category / 32 < words.size() && (words[category / 32] >> category % 32 & 1) != 0;
}

/// One past the greatest category of a set; 0 for an empty one.
std::size_t end_of(std::span<const std::uint32_t> words) {
  for (std::size_t i = words.size(); i-- > 0;)
    if (words[i] != 0) return i * 32 + static_cast<std::size_t>(std::bit_width(words[i]));
  return 0;
}

/// The columns that the nodes compare: the features, and what is computed from them because ONNX has no such rule.
///
/// A rule that takes zeros for missing compares a column in which they are NaN; one that takes missing numbers for
/// zeros, a column in which they are zeros. A set of categories is a column that is 0 in the rows that go left, else 1.
class Columns {
 public:
  explicit Columns(const Forest& forest) : forest_(forest), next_(forest.features) {
    for (std::size_t node = 0; node < forest.feature.size(); ++node) {
      if (forest.feature[node] < 0) continue;
      if (is_set(node))
        sets_[source_of(node)].emplace(key_of(node), 0);
      else if (has_zero(missing(node)))
        zero_is_missing_[forest.feature[node]] = 0;
      else if (missing(node) == Missing::nan_is_zero)
        missing_is_zero_[forest.feature[node]] = 0;
    }
    for (auto& [feature, column] : zero_is_missing_) column = next_++;
    for (auto& [feature, column] : missing_is_zero_) column = next_++;
    for (auto& [source, sets] : sets_)
      for (auto& [key, column] : sets) column = next_++;
  }

  bool is_set(std::size_t node) const { return forest_.has_categories() && forest_.category_set[node] >= 0; }
  Missing missing(std::size_t node) const { return static_cast<Missing>(forest_.missing[node]); }
  /// The column that an inner node compares.
  std::int64_t of(std::size_t node) const {
    const std::int32_t feature = forest_.feature[node];
    if (is_set(node)) return sets_.at(source_of(node)).at(key_of(node));
    if (has_zero(missing(node))) return zero_is_missing_.at(feature);
    return missing(node) == Missing::nan_is_zero ? missing_is_zero_.at(feature) : feature;
  }

  /// Adds all columns side by side, `[N, columns]`.
  std::string add(GraphBuilder& builder, const std::string& features) const {
    std::vector<std::string> parts{features};
    if (!zero_is_missing_.empty())
      parts.push_back(zero_to_missing(builder, gather(builder, features, zero_is_missing_)));
    if (!missing_is_zero_.empty()) {
      const std::string numbers = gather(builder, features, missing_is_zero_);
      const std::string is_missing = builder.add("IsNaN", {numbers});
      parts.push_back(builder.add("Where", {is_missing, builder.scalar("zero", 0.0f), numbers}));
    }
    for (const auto& [source, sets] : sets_) parts.push_back(add_sets(builder, features, source, sets));
    return parts.size() == 1 ? features : builder.add("Concat", parts, {{"axis", 1}});
  }

 private:
  /// What decides where a row goes: the set, and the rule for missing values.
  using SetKey = std::pair<std::vector<std::uint32_t>, Missing>;
  /// A feature, and whether its zeros count as missing.
  using Source = std::pair<std::int32_t, bool>;

  Source source_of(std::size_t node) const { return {forest_.feature[node], has_zero(missing(node))}; }

  SetKey key_of(std::size_t node) const {
    const auto words = forest_.words(forest_.category_set[node]);
    const std::size_t used = (end_of(words) + 31) / 32;
    return {{words.begin(), words.begin() + static_cast<std::ptrdiff_t>(used)}, missing(node)};
  }

  static std::string gather(GraphBuilder& builder, const std::string& features,
                            const std::map<std::int32_t, std::int64_t>& columns) {
    std::vector<std::int64_t> indices;
    for (const auto& [feature, column] : columns) indices.push_back(feature);
    return builder.add("Gather", {features, builder.vector("columns", indices)}, {{"axis", 1}});
  }

  static std::string zero_to_missing(GraphBuilder& builder, const std::string& numbers) {
    const std::string is_zero =
        builder.add("LessOrEqual", {builder.add("Abs", {numbers}), builder.scalar("zero_threshold", 1e-35f)});
    return builder.add("Where", {is_zero, builder.scalar("missing", missing_number), numbers});
  }

  /// Adds the columns of all sets of one feature, by a table with a row for each category.
  static std::string add_sets(GraphBuilder& builder, const std::string& features, Source source,
                              const std::map<SetKey, std::int64_t>& sets) {
    std::size_t categories = 1;
    for (const auto& [key, column] : sets) categories = (std::max)(categories, end_of(key.first));
    // Row 0 is for numbers below 0, then come the categories, numbers that no set has, and missing ones.
    const std::size_t rows = categories + 3;
    constexpr std::size_t most_cells = std::size_t{1} << 30;
    if (sets.size() > most_cells / rows)
      fail(Errc::too_large, "ONNX export",
           "feature {} has {} categories in {} sets, in ONNX a table of {} cells at most", source.first, categories,
           sets.size(), most_cells);
    const std::size_t width = sets.size();
    Tensor table{.type = DataType::uint8,
                 .shape = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(width)},
                 .data = std::vector<std::byte>(rows * width, std::byte{1}),
                 .texts = {}};
    std::size_t at = 0;
    for (const auto& [key, column] : sets) {
      const auto& [words, missing] = key;
      for (std::size_t category = 0; category < categories; ++category)
        if (has(words, category)) table.data[(category + 1) * width + at] = std::byte{0};
      if (missing == Missing::nan_is_zero ? has(words, 0) : goes_left(missing))
        table.data[(rows - 1) * width + at] = std::byte{0};
      ++at;
    }
    return look_up(builder, features, source, categories, std::move(table));
  }

  static std::string look_up(GraphBuilder& builder, const std::string& features, Source source, std::size_t categories,
                             Tensor table) {
    const std::int64_t width = table.shape[1];
    const auto greatest = static_cast<float>(categories);
    std::string numbers = builder.add(
        "Gather", {features, builder.vector("column", std::vector<std::int64_t>{source.first})}, {{"axis", 1}});
    if (source.second) numbers = zero_to_missing(builder, numbers);
    const std::string clipped = builder.add(
        "Clip", {builder.add("Floor", {numbers}), builder.scalar("below", -1.0f), builder.scalar("above", greatest)});
    const std::string is_missing = builder.add("IsNaN", {numbers});
    const std::string known = builder.add("Where", {is_missing, builder.scalar("last", greatest + 1), clipped});
    const std::string row =
        add_cast(builder, builder.add("Add", {known, builder.scalar("one", 1.0f)}), DataType::int64);
    const std::string cells =
        builder.add("Gather", {builder.initializer("sets", std::move(table)), row}, {{"axis", 0}});
    const std::string flat =
        builder.add("Reshape", {cells, builder.vector("shape", std::vector<std::int64_t>{0, width})});
    return add_cast(builder, flat, DataType::float32);
  }

  const Forest& forest_;
  std::int64_t next_;
  std::map<std::int32_t, std::int64_t> zero_is_missing_, missing_is_zero_;  // by feature
  std::map<Source, std::map<SetKey, std::int64_t>> sets_;
};

/// The number that is subtracted from all leaves of a tree, and added to the margin in float64 instead: ONNX sums
/// leaves in float32, where those of a tree around a large value would lose their differences. 0 for all other trees.
double center_of(const Forest& forest, std::size_t first, const std::vector<bool>& is_reached) {
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (std::size_t node = 0; node < is_reached.size(); ++node) {
    if (!is_reached[node] || forest.feature[first + node] >= 0) continue;
    least = (std::min)(least, forest.value[first + node]);
    greatest = (std::max)(greatest, forest.value[first + node]);
  }
  const double middle = least + (greatest - least) / 2;
  return std::abs(middle) > 16 * (greatest - least) ? middle : 0;
}

/// The attributes of a TreeEnsembleRegressor.
struct Ensemble {
  std::vector<std::int64_t> tree{}, node{}, feature{}, when_true{}, when_false{}, missing_is_true{};
  std::vector<std::string> mode{};
  std::vector<double> split{};
  std::vector<std::int64_t> leaf_tree{}, leaf_node{}, leaf_target{};
  std::vector<double> weight{};

  void add_branch(std::int64_t tree_number, std::int64_t node_number, std::int64_t column, double value,
                  bool missing_goes_left, std::int64_t left, std::int64_t right) {
    add_node(tree_number, node_number, "BRANCH_LT", column, value, missing_goes_left, left, right);
  }
  void add_leaf(std::int64_t tree_number, std::int64_t node_number, std::int64_t target, double value) {
    add_node(tree_number, node_number, "LEAF", 0, 0, false, 0, 0);
    leaf_tree.push_back(tree_number);
    leaf_node.push_back(node_number);
    leaf_target.push_back(target);
    weight.push_back(value);
  }

 private:
  void add_node(std::int64_t tree_number, std::int64_t node_number, std::string_view kind, std::int64_t column,
                double value, bool missing_goes_left, std::int64_t left, std::int64_t right) {
    tree.push_back(tree_number);
    node.push_back(node_number);
    mode.emplace_back(kind);
    feature.push_back(column);
    split.push_back(value);
    missing_is_true.push_back(missing_goes_left ? 1 : 0);
    when_true.push_back(left);
    when_false.push_back(right);
  }
};

/// Nodes of a tree that its root leads to; a parent has a smaller number than its children.
std::vector<bool> reached_nodes(const Forest& forest, std::size_t first, std::size_t count) {
  std::vector<bool> reached(count);
  reached[0] = true;
  for (std::size_t node = 0; node < count; ++node)
    if (reached[node] && forest.feature[first + node] >= 0)
      for (const std::int32_t child : {forest.left[first + node], forest.right[first + node]})
        reached[static_cast<std::size_t>(child)] = true;
  return reached;
}

/// Adds a tree to the ensemble. Returns what was subtracted from its leaves.
double add_tree(const Forest& forest, const Columns& columns, std::size_t tree, Ensemble& ensemble) {
  const auto first = static_cast<std::size_t>(forest.tree_begin[tree]);
  const auto count = static_cast<std::size_t>(forest.tree_begin[tree + 1]) - first;
  const std::vector<bool> is_reached = reached_nodes(forest, first, count);
  const double center = center_of(forest, first, is_reached);
  const auto number = static_cast<std::int64_t>(tree);
  for (std::size_t node = 0; node < count; ++node) {
    if (!is_reached[node]) continue;
    const std::size_t at = first + node;
    const auto self = static_cast<std::int64_t>(node);
    if (forest.feature[at] < 0)
      ensemble.add_leaf(number, self, forest.tree_output[tree], forest.value[at] - center);
    else if (columns.is_set(at))
      ensemble.add_branch(number, self, columns.of(at), 0.5, false, forest.left[at], forest.right[at]);
    else
      ensemble.add_branch(number, self, columns.of(at), forest.value[at], goes_left(columns.missing(at)),
                          forest.left[at], forest.right[at]);
  }
  return center;
}

/// The attributes for splits and leaves: lists of float32, or tensors where float32 would change them.
void add_numbers(const Ensemble& ensemble, DataType width, std::vector<Attribute>& attributes) {
  const std::array<std::pair<std::string_view, const std::vector<double>*>, 2> lists{
      {{"nodes_values", &ensemble.split}, {"target_weights", &ensemble.weight}}};
  for (const auto& [name, values] : lists) {
    if (width == DataType::float32)
      attributes.push_back({std::string(name), std::vector<float>(values->begin(), values->end())});
    else
      attributes.push_back({std::string(name) + "_as_tensor",
                            NamedTensor{.name = std::string(name),
                                        .tensor = tensor_of({static_cast<std::int64_t>(values->size())},
                                                            std::span<const double>(*values)),
                                        .external = {}}});
  }
}

}  // namespace

std::string add_margins(GraphBuilder& builder, const std::string& features, const Forest& forest) {
  check(forest);
  const Columns columns(forest);
  std::string inputs = columns.add(builder, features);
  if (forest.width == DataType::float64) inputs = add_cast(builder, inputs, DataType::float64);

  std::vector<double> base(forest.base.size());
  for (std::size_t k = 0; k < base.size(); ++k) base[k] = forest.base[k] + forest.start[k];
  Ensemble ensemble;
  for (std::size_t tree = 0; tree < forest.tree_output.size(); ++tree)
    base[static_cast<std::size_t>(forest.tree_output[tree])] += add_tree(forest, columns, tree, ensemble);
  if (ensemble.tree.empty()) ensemble.add_leaf(0, 0, 0, 0);  // the operator needs a tree

  std::vector<Attribute> attributes{{"n_targets", forest.outputs},
                                    {"nodes_treeids", std::move(ensemble.tree)},
                                    {"nodes_nodeids", std::move(ensemble.node)},
                                    {"nodes_featureids", std::move(ensemble.feature)},
                                    {"nodes_modes", std::move(ensemble.mode)},
                                    {"nodes_truenodeids", std::move(ensemble.when_true)},
                                    {"nodes_falsenodeids", std::move(ensemble.when_false)},
                                    {"nodes_missing_value_tracks_true", std::move(ensemble.missing_is_true)},
                                    {"target_treeids", std::move(ensemble.leaf_tree)},
                                    {"target_nodeids", std::move(ensemble.leaf_node)},
                                    {"target_ids", std::move(ensemble.leaf_target)}};
  add_numbers(ensemble, forest.width, attributes);
  const std::string sums = builder.add("TreeEnsembleRegressor", {inputs}, std::move(attributes), ml_domain);
  return builder.add("Add", {add_cast(builder, sums, DataType::float64), builder.vector("base", base)});
}

}  // namespace scalar::inline v0::interchange::onnx
