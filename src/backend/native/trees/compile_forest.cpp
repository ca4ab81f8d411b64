#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "backend/native/trees/questions.hpp"
#include "backend/native/trees/walk.hpp"
#include "core/fail.hpp"
#include "scalar/backend/native/native.hpp"
#include "scalar/core/parallel.hpp"

namespace scalar::inline v0::backend {
namespace {

using namespace trees;

/// The columns that a forest looks at; those with the same rewriting are neighbors.
class Columns {
 public:
  Columns(const Forest& forest, const CategorySets& sets) {
    for (std::size_t node = 0; node < forest.feature.size(); ++node)
      if (forest.feature[node] >= 0) {
        const Question asked = question(forest, node, sets);
        number_[{asked.how, asked.feature}] = 0;
      }
    if (number_.size() >= category_column)
      fail(Errc::too_large, "forest", "asks for {} features, expected fewer than {}", number_.size(), category_column);
    for (auto& [key, number] : number_) {
      number = static_cast<std::uint32_t>(feature_.size());
      feature_.push_back(key.second);
      end_[static_cast<std::size_t>(key.first)] = feature_.size();
    }
    for (std::size_t how = 1; how < end_.size(); ++how) end_[how] = (std::max)(end_[how], end_[how - 1]);
  }

  std::size_t size() const { return feature_.size(); }
  /// The column that answers, marked by `category_column` if it has categories.
  std::uint32_t of(const Question& asked) const {
    return number_.at({asked.how, asked.feature}) | (asked.asks_category() ? category_column : 0);
  }
  void forget_numbers() { number_.clear(); }

  /// Row-wise to column-wise: column c of row r goes to `to[c * step + r]`.
  void load(FloatMatrix rows, float* to, std::size_t step) const {
    [&]<std::size_t... How>(std::index_sequence<How...>) {
      (load<static_cast<Rewrite>(How)>(rows, to, step), ...);
    }(std::make_index_sequence<rewrites>{});
  }

 private:
  template <Rewrite How>
  void load(FloatMatrix rows, float* to, std::size_t step) const {
    constexpr auto how = static_cast<std::size_t>(How);
    for (std::size_t column = how == 0 ? 0 : end_[how - 1]; column < end_[how]; ++column) {
      const float* from = rows.data + feature_[column];
      float* target = to + column * step;
      for (std::int64_t r = 0; r < rows.rows; ++r) target[r] = rewrite<How>(from[r * rows.stride]);
    }
  }

  std::map<std::pair<Rewrite, std::int32_t>, std::uint32_t> number_;
  std::vector<std::int32_t> feature_;
  std::array<std::size_t, rewrites> end_{};
};

/// The depth of every tree; children have larger numbers, so one pass backwards is enough.
std::vector<int> depths(const Forest& forest) {
  std::vector<int> depth(static_cast<std::size_t>(forest.trees())), below;
  for (std::size_t t = 0; t < depth.size(); ++t) {
    const auto first = static_cast<std::size_t>(forest.tree_begin[t]);
    below.assign(static_cast<std::size_t>(forest.tree_begin[t + 1]) - first, 0);
    for (std::size_t node = below.size(); node-- > 0;)
      if (forest.feature[first + node] >= 0)
        below[node] = 1 + (std::max)(below[static_cast<std::size_t>(forest.left[first + node])],
                                     below[static_cast<std::size_t>(forest.right[first + node])]);
    depth[t] = below[0];
  }
  return depth;
}

/// All trees, filled up to complete trees of the same depth: there are no pointers and no tests for leaves.
template <class Width, class Test>
class HeapTrees {
 public:
  HeapTrees(const Forest& forest, const Columns& columns, const CategorySets& sets, int depth)
      : test_(sets),
        depth_(depth),
        nodes_(static_cast<std::size_t>(forest.trees()) << depth, HeapNode{0, 0}),
        leaves_(nodes_.size(), Width{0}) {
    for (std::size_t t = 0; t < static_cast<std::size_t>(forest.trees()); ++t) place(forest, columns, sets, t, 0, 1, 0);
  }

  static bool fits(const Forest& forest, int depth) {
    const auto real = static_cast<double>(forest.feature.size());
    return depth <= 12 && std::ldexp(static_cast<double>(forest.trees()), depth) <= 4 * real + 64;
  }

  /// The leaves that one row reaches in `lanes` trees, from `tree` on.
  void walk_row(std::size_t tree, const float* x, Width* leaf) const {
    const HeapNode* first = nodes_.data() + (tree << depth_);
    std::uint32_t slot[lanes];
    for_lanes([&](auto k) { slot[k] = 1; });
    for (int level = 0; level < depth_; ++level)
      for_lanes([&](auto k) {
        const HeapNode& node = first[(std::size_t{k} << depth_) + slot[k]];
        slot[k] = 2 * slot[k] + test_.goes_right(node, x);
      });
    const std::size_t count = std::size_t{1} << depth_;
    for_lanes([&](auto k) { leaf[k] = leaves_[((tree + k) << depth_) + slot[k] - count]; });
  }
  Width walk_one(std::size_t tree, const float* x) const {
    const HeapNode* first = nodes_.data() + (tree << depth_);
    std::uint32_t slot = 1;
    for (int level = 0; level < depth_; ++level) slot = 2 * slot + test_.goes_right(first[slot], x);
    return leaves_[(tree << depth_) + slot - (std::size_t{1} << depth_)];
  }
  /// Adds the leaves of a tree to `lanes` rows of a block.
  void add_rows(std::size_t tree, const float* x, Width* sums, std::size_t step) const {
    const HeapNode* first = nodes_.data() + (tree << depth_);
    std::uint32_t slots[lanes];
    int level = 0;
    if constexpr (Test::only_numbers)
      level = top_(first, x, depth_, slots);
    else
      std::fill_n(slots, lanes, 1U);
    std::uint32_t slot[lanes];
    for_lanes([&](auto k) { slot[k] = slots[k]; });
    for (; level < depth_; ++level)
      for_lanes([&](auto k) {
        const HeapNode& node = first[slot[k]];
        slot[k] = 2 * slot[k] + test_.goes_right(node, x + k, block_rows);
      });
    const Width* leaves = leaves_.data() + (tree << depth_) - (std::size_t{1} << depth_);
    for_lanes([&](auto k) { sums[k * step] += leaves[slot[k]]; });
  }

  std::int64_t visits_a_tree() const { return depth_ + 1; }

 private:
  void place(const Forest& forest, const Columns& columns, const CategorySets& sets, std::size_t tree,
             std::int32_t node, std::size_t slot, int level) {
    const auto at = static_cast<std::size_t>(forest.tree_begin[tree] + node);
    const std::size_t first = tree << depth_;
    if (forest.feature[at] < 0) {
      // A leaf above the last level: every path below it leads to its value.
      const std::size_t width = std::size_t{1} << (depth_ - level);
      std::fill_n(leaves_.begin() + static_cast<std::ptrdiff_t>(first + slot * width - (std::size_t{1} << depth_)),
                  width, static_cast<Width>(forest.value[at]));
      return;
    }
    const Question asked = question(forest, at, sets);
    nodes_[first + slot] = {asked.split, columns.of(asked)};
    place(forest, columns, sets, tree, forest.left[at], 2 * slot, level + 1);
    place(forest, columns, sets, tree, forest.right[at], 2 * slot + 1, level + 1);
  }

  Test test_;
  int depth_;
  std::vector<HeapNode> nodes_;
  std::vector<Width> leaves_;
  WalkTop top_ = walk_top();
};

/// Trees as they are, for trees that are deep or far from complete.
template <class Width, class Test>
class LinkedTrees {
 public:
  LinkedTrees(const Forest& forest, const Columns& columns, const CategorySets& sets) : test_(sets) {
    if (2 * forest.feature.size() > (std::numeric_limits<std::uint32_t>::max)())
      fail(Errc::too_large, "forest", "has {} nodes", forest.feature.size());
    for (std::size_t t = 0; t < static_cast<std::size_t>(forest.trees()); ++t) place(forest, columns, sets, t);
  }

  void walk_row(std::size_t tree, const float* x, Width* leaf) const {
    for_lanes([&](auto k) { leaf[k] = walk_one(tree + k, x); });
  }
  Width walk_one(std::size_t tree, const float* x) const {
    std::uint32_t at = roots_[tree];
    while (!std::isnan(nodes_[at].split)) at = nodes_[at].left + test_.goes_right(nodes_[at], x);
    return leaves_[at];
  }
  void add_rows(std::size_t tree, const float* x, Width* sums, std::size_t step) const {
    std::uint32_t at[lanes];
    for_lanes([&](auto k) { at[k] = roots_[tree]; });
    for (std::uint32_t moved = 1; moved != 0;) {
      moved = 0;
      for_lanes([&](auto k) {
        const LinkedNode& node = nodes_[at[k]];
        const std::uint32_t next = node.left + test_.goes_right(node, x + k, block_rows);
        moved |= next ^ at[k];
        at[k] = next;
      });
    }
    for_lanes([&](auto k) { sums[k * step] += leaves_[at[k]]; });
  }

  std::int64_t visits_a_tree() const {
    return roots_.empty() ? 1 : 1 + static_cast<std::int64_t>(std::log2(nodes_.size() / roots_.size() + 1)) * 2;
  }

 private:
  /// Breadth first, so that siblings are neighbors and the top of a tree shares cache lines.
  void place(const Forest& forest, const Columns& columns, const CategorySets& sets, std::size_t tree) {
    const auto first = static_cast<std::size_t>(forest.tree_begin[tree]);
    std::vector<std::size_t> from{first};
    const std::size_t base = nodes_.size();
    roots_.push_back(static_cast<std::uint32_t>(base));
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t at = from[i];
      const auto self = static_cast<std::uint32_t>(base + i);
      if (forest.feature[at] < 0) {
        nodes_.push_back({std::numeric_limits<float>::quiet_NaN(), 0, self});
        leaves_.push_back(static_cast<Width>(forest.value[at]));
        continue;
      }
      const Question asked = question(forest, at, sets);
      nodes_.push_back({asked.split, columns.of(asked), static_cast<std::uint32_t>(base + from.size())});
      leaves_.push_back(0);
      from.push_back(first + static_cast<std::size_t>(forest.left[at]));
      from.push_back(first + static_cast<std::size_t>(forest.right[at]));
    }
  }

  Test test_;
  std::vector<LinkedNode> nodes_;
  std::vector<Width> leaves_;
  std::vector<std::uint32_t> roots_;
};

/// Memory that a thread keeps between calls.
template <class Width>
struct Scratch {
  std::vector<float> x;
  std::vector<Width> sums;

  static Scratch& of_thread(std::size_t floats, std::size_t widths) {
    thread_local Scratch scratch;
    if (scratch.x.size() < floats) scratch.x.resize(floats);
    if (scratch.sums.size() < widths) scratch.sums.resize(widths);
    return scratch;
  }
};

template <class Width, class Trees>
class CompiledForest final : public CompiledModel::Interface {
 public:
  CompiledForest(const Forest& forest, Columns columns, Trees trees, const Runtime& runtime)
      : features_(forest.features),
        link_(forest.link),
        base_(forest.base),
        start_(forest.start.begin(), forest.start.end()),
        tree_output_(forest.tree_output),
        columns_(std::move(columns)),
        trees_(std::move(trees)),
        runtime_(runtime) {
    columns_.forget_numbers();
  }

  std::int64_t features() const noexcept override { return features_; }
  std::int64_t margins() const noexcept override { return static_cast<std::int64_t>(base_.size()); }
  std::int64_t outputs() const noexcept override { return link_ == Link::logistic ? 2 : margins(); }

  void margins(FloatMatrix rows, BatchOut out) const override {
    check_shapes(rows, out, margins());
    for_blocks(rows, [&](std::int64_t row, const Width* sums) {
      for (std::size_t k = 0; k < base_.size(); ++k) out(row, static_cast<std::int64_t>(k)) = margin(sums, k);
    });
  }

  void predict(FloatMatrix rows, BatchOut out) const override {
    check_shapes(rows, out, outputs());
    for_blocks(rows, [&](std::int64_t row, const Width* sums) { finish(sums, out.row(row)); });
  }

 private:
  static void check_shapes(FloatMatrix rows, BatchOut out, std::int64_t features, std::int64_t outputs) {
    if (rows.columns != features || out.columns != outputs || out.rows != rows.rows)
      fail(Errc::shape_mismatch, {},
           "features are [{}, {}] and predictions [{}, {}], expected [rows, {}] and [rows, {}]", rows.rows,
           rows.columns, out.rows, out.columns, features, outputs);
  }
  void check_shapes(FloatMatrix rows, BatchOut out, std::int64_t outputs) const {
    check_shapes(rows, out, features_, outputs);
  }

  double margin(const Width* sums, std::size_t k) const { return base_[k] + static_cast<double>(sums[k]); }

  void finish(const Width* sums, std::span<double> out) const {
    if (link_ == Link::logistic) {
      const double z = margin(sums, 0);
      out[1] = 1 / (1 + std::exp(-z));
      out[0] = 1 / (1 + std::exp(z));
      return;
    }
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = margin(sums, k);
    if (link_ == Link::identity) return;
    const double largest = *std::max_element(out.begin(), out.end());
    double total = 0;
    for (double& value : out) total += value = std::exp(value - largest);
    for (double& probability : out) probability /= total;
  }

  template <class Sink>
  void for_blocks(FloatMatrix rows, const Sink& sink) const {
    // A piece is large enough to be worth a task: about 100 microseconds.
    const std::int64_t visits =
        (std::max)(std::int64_t{1}, static_cast<std::int64_t>(tree_output_.size())) * trees_.visits_a_tree();
    const std::int64_t grain = block_rows * (1 + 100'000 / (visits * block_rows));
    const auto piece = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; row += block_rows) {
        const std::int64_t count = (std::min)(std::int64_t{block_rows}, end - row);
        const FloatMatrix block = rows.slice(row, count);
        if (count < lanes)
          for (std::int64_t r = 0; r < count; ++r) sum_row(block.slice(r, 1), row + r, sink);
        else
          sum_block(block, row, sink);
      }
    };
    if (rows.rows <= block_rows)
      piece(0, rows.rows);
    else
      parallel_for(runtime_, rows.rows, grain, piece);
  }

  /// One row walks several trees at a time; their leaves are added in tree order.
  template <class Sink>
  void sum_row(FloatMatrix row, std::int64_t number, const Sink& sink) const {
    auto& scratch = Scratch<Width>::of_thread(columns_.size(), base_.size());
    columns_.load(row, scratch.x.data(), 1);
    const float* x = scratch.x.data();
    Width* sums = scratch.sums.data();
    std::copy(start_.begin(), start_.end(), sums);
    const std::size_t count = tree_output_.size();
    std::size_t tree = 0;
    for (; tree + lanes <= count; tree += lanes) {
      Width leaf[lanes];
      trees_.walk_row(tree, x, leaf);
      for (std::size_t k = 0; k < lanes; ++k) sums[tree_output_[tree + k]] += leaf[k];
    }
    for (; tree < count; ++tree) sums[tree_output_[tree]] += trees_.walk_one(tree, x);
    sink(number, sums);
  }

  /// All rows of a block walk one tree after the other, so a tree stays in the first-level cache.
  template <class Sink>
  void sum_block(FloatMatrix rows, std::int64_t number, const Sink& sink) const {
    const std::size_t outputs = base_.size();
    auto& scratch = Scratch<Width>::of_thread(columns_.size() * block_rows, outputs * block_rows);
    columns_.load(rows, scratch.x.data(), block_rows);
    const auto used = static_cast<std::size_t>((rows.rows + lanes - 1) / lanes * lanes);
    Width* sums = scratch.sums.data();
    for (std::size_t r = 0; r < used; ++r) std::copy(start_.begin(), start_.end(), sums + r * outputs);
    for (std::size_t tree = 0; tree < tree_output_.size(); ++tree) {
      Width* to = sums + tree_output_[tree];
      for (std::size_t r = 0; r < used; r += lanes)
        trees_.add_rows(tree, scratch.x.data() + r, to + r * outputs, outputs);
    }
    for (std::int64_t r = 0; r < rows.rows; ++r) sink(number + r, sums + static_cast<std::size_t>(r) * outputs);
  }

  std::int64_t features_;
  Link link_;
  std::vector<double> base_;
  std::vector<Width> start_;
  std::vector<std::int32_t> tree_output_;
  Columns columns_;
  Trees trees_;
  Runtime runtime_;
};

template <class Width, class Test>
CompiledModel compile_as(const Forest& forest, const Runtime& runtime) {
  const CategorySets sets(forest);
  Columns columns(forest, sets);
  const auto compiled = [&]<class Trees>(Trees trees) {
    return CompiledModel(
        std::make_shared<CompiledForest<Width, Trees>>(forest, std::move(columns), std::move(trees), runtime));
  };
  const std::vector<int> depth = depths(forest);
  const int deepest = depth.empty() ? 0 : *std::max_element(depth.begin(), depth.end());
  if (HeapTrees<Width, Test>::fits(forest, deepest))
    return compiled(HeapTrees<Width, Test>(forest, columns, sets, deepest));
  return compiled(LinkedTrees<Width, Test>(forest, columns, sets));
}

template <class Width>
CompiledModel compile_as(const Forest& forest, const Runtime& runtime) {
  return forest.has_categories() ? compile_as<Width, AnyTest>(forest, runtime)
                                 : compile_as<Width, NumberTest>(forest, runtime);
}

}  // namespace

CompiledModel compile(const Forest& forest, const Runtime& runtime) {
  check(forest);
  if (forest.link == Link::logistic && forest.outputs != 1)
    fail(Errc::corrupt, "forest", "a logistic link has one margin, not {}", forest.outputs);
  return forest.width == DataType::float32 ? compile_as<float>(forest, runtime) : compile_as<double>(forest, runtime);
}

}  // namespace scalar::inline v0::backend
