#include "backend/native/trees/grow.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "backend/native/trees/partition.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/parallel.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

constexpr std::size_t histogram_memory_bytes = std::size_t{256} << 20;
constexpr std::int64_t worth_keeping = 256;  // rows: below, adding them up again is cheaper than a subtraction
constexpr std::int64_t piece_rows = 8192;
constexpr double most_uneven = 65536;  // largest gradient over the mean one, up to which 31 bits hold both

/// What the quantisation of a tree's gradients must know.
struct Sizes {
  double sum_g = 0, sum_h = 0, max_g = 0, max_h = 0;

  void add(const Gradient& gradient) {
    const double g = std::abs(static_cast<double>(gradient.g)), h = gradient.h;
    sum_g += g, sum_h += h;
    max_g = (std::max)(max_g, g), max_h = (std::max)(max_h, h);
  }
  void add(const Sizes& other) {
    sum_g += other.sum_g, sum_h += other.sum_h;
    max_g = (std::max)(max_g, other.max_g), max_h = (std::max)(max_h, other.max_h);
  }
  bool is_even(std::int64_t rows) const {
    const double most = most_uneven / static_cast<double>(rows);
    return rows < (std::int64_t{1} << 26) && max_g <= most * sum_g && max_h <= most * sum_h;
  }
};

Sizes sizes_of(std::span<const Gradient> gradients, const Runtime& runtime) {
  const auto rows = static_cast<std::int64_t>(gradients.size());
  std::vector<Sizes> parts(static_cast<std::size_t>((rows + piece_rows - 1) / piece_rows));
  parallel_for(runtime, rows, piece_rows, [&](std::int64_t begin, std::int64_t end) {
    Sizes part;
    for (std::int64_t row = begin; row < end; ++row) part.add(gradients[static_cast<std::size_t>(row)]);
    parts[static_cast<std::size_t>(begin / piece_rows)] = part;
  });
  Sizes sizes;
  for (const Sizes& part : parts) sizes.add(part);
  if (!std::isfinite(sizes.sum_g) || !std::isfinite(sizes.sum_h))
    throw Error(Errc::out_of_range, "the gradients are not finite: targets or weights are too large for float32");
  return sizes;
}

/// The smallest power of two by which `sum`, rounded `rows` times, stays below `limit`.
double unit(double sum, double limit, std::int64_t rows) {
  if (sum == 0) return 1;
  return std::exp2(std::ceil(std::log2(sum / (limit - static_cast<double>(rows)))));
}

/// The nearest integer of a number within 32 bits, without a call: the sum with 1.5 * 2^52 ends in its digits.
std::uint32_t low_digits(double number) {
  return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(number + 0x1.8p52));
}

Packed quantise(const Gradient& gradient, double per_g, double per_h) {
  const auto g = static_cast<std::int32_t>(low_digits(gradient.g * per_g));
  return {std::int64_t{g} * (std::int64_t{1} << 32) + low_digits(gradient.h * per_h)};
}

/// A tree while it grows.
struct Tree {
  std::vector<std::int32_t> feature, left, right;
  std::vector<double> value;
  std::vector<std::uint8_t> missing;

  std::int32_t add() {
    feature.push_back(-1), left.push_back(0), right.push_back(0), value.push_back(0), missing.push_back(0);
    return static_cast<std::int32_t>(feature.size()) - 1;
  }
  void append_to(Forest& forest, int output) const {
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(forest.feature, feature), append(forest.left, left), append(forest.right, right);
    append(forest.value, value), append(forest.missing, missing);
    forest.tree_begin.push_back(static_cast<std::int64_t>(forest.feature.size()));
    forest.tree_output.push_back(output);
  }
};

/// Rows of one node: a stretch of the index.
struct Leaf {
  std::int32_t node;
  Stretch rows;
};

/// Grows one tree from sums of one kind; keeps its memory for the next.
template <class Code, class Sum>
class Growth {
 public:
  Growth(const Binned<Code>& binned, const std::vector<Cuts>& cuts, int stride, const GrowSettings& settings,
         const Runtime& runtime)
      : binned_(binned),
        cuts_(cuts),
        stride_(static_cast<std::size_t>(stride)),
        settings_(settings),
        runtime_(runtime) {
    for (std::size_t block = 0; block < binned.blocks.size(); ++block)
      block_of_.insert(block_of_.end(), static_cast<std::size_t>(binned.blocks[block].width), block);
    histogram_size_ = cuts.size() * stride_;
    histogram_limit_ = histogram_memory_bytes / (sizeof(Sum) * (std::max)(histogram_size_, std::size_t{1}));
  }

  std::vector<Sum>& sums() { return sums_; }

  /// The leaves of the tree; `index` is reordered so that each leaf's rows are a stretch.
  std::vector<Leaf> grow(const Units& units, std::vector<std::uint32_t>& index, const std::stop_token& stop,
                         Tree& tree) {
    units_ = units;
    leaves_.clear();
    Open root{tree.add(), {0, static_cast<std::int64_t>(index.size())}, {}, -1, {}};
    for (const Sum& sum : sums_) root.total += sum;
    std::vector<Open> open;
    std::vector<Job> jobs;
    if (may_split(root, 0)) {
      root.histogram = keep(root, 0);
      jobs.push_back({{root.rows, root.histogram, 0}, {}, -1});
      open.push_back(root);
    } else {
      leaves_.push_back({root.node, root.rows});
    }
    for (int level = 0; !open.empty(); ++level) {
      if (stop.stop_requested()) throw Error(Errc::cancelled, "asked to stop while a tree grew");
      run(jobs, index, open);
      std::vector<Open> split = decide(open);
      partition(split, index);
      open.clear(), jobs.clear();
      for (Open& parent : split) divide(parent, level, tree, open, jobs);
    }
    return std::move(leaves_);
  }

 private:
  /// A node whose best split is looked for.
  struct Open {
    std::int32_t node;
    Stretch rows;
    Sum total;
    int histogram;  ///< kept in the pool; -1: not kept
    Candidate<Sum> best;
    std::int64_t left_count = 0;
  };
  /// Rows to add up, and who wants to know.
  struct Piece {
    Stretch rows{};
    int histogram = -1;
    int open = -1;  ///< -1: nobody, it is only subtracted
  };
  /// Two siblings, or one node. With `parent` the larger one is `parent - smaller`, in place.
  struct Job {
    Piece small;
    Piece large;
    int parent = -1;
  };

  double parent_score(const Sum& total) const {
    const double g = first(total, units_), h = second(total, units_) + settings_.rules.l2;
    return h > 0 ? g * g / h : 0;
  }
  bool may_split(const Open& node, int level) const {
    const double h = second(node.total, units_);
    return level < settings_.depth && node.rows.count >= 2 && h > 0 && h >= 2 * settings_.rules.min_child_weight;
  }
  /// A place for the histogram of a node whose children may want to subtract from it, or -1.
  int keep(const Open& node, int level) {
    if (level + 1 >= settings_.depth || node.rows.count < worth_keeping) return -1;
    if (free_.empty()) {
      if (pool_.size() >= histogram_limit_) return -1;
      pool_.emplace_back(histogram_size_);
      return static_cast<int>(pool_.size()) - 1;
    }
    const int histogram = free_.back();
    free_.pop_back();
    return histogram;
  }
  void release(int histogram) {
    if (histogram >= 0) free_.push_back(histogram);
  }

  /// Adds up rows and looks for splits: one task for each job and block of features.
  void run(const std::vector<Job>& jobs, const std::vector<std::uint32_t>& index, std::vector<Open>& open) {
    const std::size_t blocks = binned_.blocks.size();
    std::vector<Candidate<Sum>> found(open.size() * blocks);
    parallel_for(runtime_, static_cast<std::int64_t>(jobs.size() * blocks), 1, [&](std::int64_t task, std::int64_t) {
      const auto block = static_cast<std::size_t>(task) % blocks;
      run(jobs[static_cast<std::size_t>(task) / blocks], block, index, open, found);
    });
    // In the order of the features, so that of equal splits the first one wins.
    for (std::size_t node = 0; node < open.size(); ++node)
      for (std::size_t block = 0; block < blocks; ++block)
        if (found[node * blocks + block].score > open[node].best.score) open[node].best = found[node * blocks + block];
  }

  void run(const Job& job, std::size_t block, const std::vector<std::uint32_t>& index, const std::vector<Open>& open,
           std::vector<Candidate<Sum>>& found) {
    const Block& features = binned_.blocks[block];
    const std::size_t size = static_cast<std::size_t>(features.width) * stride_;
    const std::size_t offset = static_cast<std::size_t>(features.first) * stride_;
    thread_local std::vector<Sum> scratch;
    if (scratch.size() < size) scratch.resize(size);

    const auto add_up = [&](const Piece& piece) {
      Sum* sums =
          piece.histogram >= 0 ? pool_[static_cast<std::size_t>(piece.histogram)].data() + offset : scratch.data();
      std::fill_n(sums, size, Sum{});
      add_rows(binned_.block(features), features.width, static_cast<int>(stride_), index.data() + piece.rows.begin,
               piece.rows.count, sums_.data(), sums);
      return sums;
    };
    const auto search = [&](const Piece& piece, const Sum* sums) {
      if (piece.open < 0) return;
      const auto node = static_cast<std::size_t>(piece.open);
      Candidate<Sum>& best = found[node * binned_.blocks.size() + block];
      for (int i = 0; i < features.width; ++i)
        search_feature(sums + static_cast<std::size_t>(i) * stride_,
                       cuts_[static_cast<std::size_t>(features.first + i)], features.first + i, open[node].total,
                       units_, settings_.rules, best);
    };

    const Sum* small = add_up(job.small);
    search(job.small, small);
    if (job.large.open < 0) return;
    if (job.parent < 0) {
      search(job.large, add_up(job.large));
    } else {
      Sum* large = pool_[static_cast<std::size_t>(job.parent)].data() + offset;
      for (std::size_t i = 0; i < size; ++i) large[i] -= small[i];
      search(job.large, large);
    }
  }

  /// The nodes that split; the others become leaves.
  std::vector<Open> decide(std::vector<Open>& open) {
    std::vector<Open> split;
    for (Open& node : open) {
      const double gain = node.best.score - parent_score(node.total);
      if (node.best.feature >= 0 && gain > 2 * settings_.rules.min_split_gain && gain > 1e-10 * node.best.score) {
        split.push_back(node);
      } else {
        leaves_.push_back({node.node, node.rows});
        release(node.histogram);
      }
    }
    return split;
  }

  void partition(std::vector<Open>& split, std::vector<std::uint32_t>& index) {
    std::vector<Side<Code>> sides;
    for (const Open& node : split) {
      const Block& block = binned_.blocks[block_of_[static_cast<std::size_t>(node.best.feature)]];
      const Cuts& cuts = cuts_[static_cast<std::size_t>(node.best.feature)];
      sides.push_back({node.rows, binned_.block(block) + (node.best.feature - block.first),
                       static_cast<std::size_t>(block.width), static_cast<std::uint32_t>(node.best.bin),
                       cuts.missing && node.best.missing_left ? static_cast<std::uint32_t>(cuts.bins()) : no_code});
    }
    const std::vector<std::int64_t> left = partitioner_(sides, index, runtime_);
    for (std::size_t i = 0; i < split.size(); ++i) split[i].left_count = left[i];
  }

  /// Makes the children of a split node: each a leaf, or open with a job.
  void divide(Open& parent, int level, Tree& tree, std::vector<Open>& open, std::vector<Job>& jobs) {
    const auto node = static_cast<std::size_t>(parent.node);
    if (parent.left_count == 0 || parent.left_count == parent.rows.count) {  // only by rounding of Wide sums
      leaves_.push_back({parent.node, parent.rows});
      release(parent.histogram);
      return;
    }
    const Cuts& cuts = cuts_[static_cast<std::size_t>(parent.best.feature)];
    const auto cut = static_cast<std::size_t>(parent.best.bin);
    tree.feature[node] = parent.best.feature;
    tree.value[node] = cut < cuts.values.size() ? cuts.values[cut] : std::numeric_limits<float>::infinity();
    tree.missing[node] = static_cast<std::uint8_t>(parent.best.missing_left ? Missing::nan_left : Missing::nan_right);

    Open left{0, {parent.rows.begin, parent.left_count}, parent.best.left, -1, {}};
    Open right{0, {parent.rows.begin + parent.left_count, parent.rows.count - parent.left_count}, parent.total, -1, {}};
    right.total -= left.total;
    tree.left[node] = left.node = tree.add();
    tree.right[node] = right.node = tree.add();

    Open& small = left.rows.count <= right.rows.count ? left : right;
    Open& large = &small == &left ? right : left;
    const bool small_open = may_split(small, level + 1), large_open = may_split(large, level + 1);
    Job job;
    job.parent = large_open ? parent.histogram : -1;
    if (!large_open) release(parent.histogram);
    if (large_open) large.histogram = job.parent >= 0 ? job.parent : keep(large, level + 1);
    if (small_open) small.histogram = keep(small, level + 1);
    const auto enter = [&](Open& child, bool is_open) -> Piece {
      if (!is_open) {
        leaves_.push_back({child.node, child.rows});
        return {child.rows, -1, -1};
      }
      open.push_back(child);
      return {child.rows, child.histogram, static_cast<int>(open.size()) - 1};
    };
    job.small = enter(small, small_open);
    job.large = enter(large, large_open);
    if (!large_open && !small_open) return;
    // Without the parent's sums nothing is subtracted: what nobody asks for is not added up.
    if (!small_open && job.parent < 0) job.small = std::exchange(job.large, Piece{});
    jobs.push_back(job);
  }

  const Binned<Code>& binned_;
  const std::vector<Cuts>& cuts_;
  std::size_t stride_;
  const GrowSettings& settings_;
  const Runtime& runtime_;
  std::vector<std::size_t> block_of_;
  std::size_t histogram_size_ = 0, histogram_limit_ = 0;
  Units units_;
  std::vector<Sum> sums_;
  std::vector<std::vector<Sum>> pool_;  // histograms, [features, stride] each
  std::vector<int> free_;
  std::vector<Leaf> leaves_;
  Partitioner partitioner_;
};

template <class Code>
class BinnedGrower final : public Grower {
 public:
  BinnedGrower(FloatMatrix features, std::vector<Cuts> cuts, int stride, const GrowSettings& settings,
               const Runtime& runtime)
      : settings_(settings),
        runtime_(runtime),
        cuts_(std::move(cuts)),
        binned_(bin<Code>(features, cuts_, make_blocks(static_cast<int>(features.columns), stride, runtime.threads()),
                          runtime)),
        packed_(binned_, cuts_, stride, settings_, runtime_),
        wide_(binned_, cuts_, stride, settings_, runtime_),
        index_(static_cast<std::size_t>(features.rows)) {}

  void grow(std::span<const Gradient> gradients, std::span<float> margins, int output, const std::stop_token& stop,
            Forest& forest) override {
    const auto rows = static_cast<std::int64_t>(gradients.size());
    const Sizes sizes = sizes_of(gradients, runtime_);
    std::iota(index_.begin(), index_.end(), 0u);
    Tree tree;
    std::vector<Leaf> leaves;
    if (sizes.is_even(rows)) {
      const Units units{unit(sizes.sum_g, 0x1p31, rows), unit(sizes.sum_h, 0x1p32, rows)};
      fill(packed_.sums(), gradients, [per_g = 1 / units.g, per_h = 1 / units.h](const Gradient& gradient) {
        return quantise(gradient, per_g, per_h);
      });
      leaves = packed_.grow(units, index_, stop, tree);
    } else {
      fill(wide_.sums(), gradients, [](const Gradient& gradient) { return Wide{gradient.g, gradient.h}; });
      leaves = wide_.grow({}, index_, stop, tree);
    }
    fill_leaves(leaves, gradients, margins, tree);
    tree.append_to(forest, output);
  }

 private:
  template <class Sum, class Convert>
  void fill(std::vector<Sum>& sums, std::span<const Gradient> gradients, const Convert& convert) {
    sums.resize(gradients.size());
    parallel_for(runtime_, static_cast<std::int64_t>(gradients.size()), piece_rows,
                 [&](std::int64_t begin, std::int64_t end) {
                   for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row)
                     sums[row] = convert(gradients[row]);
                 });
  }

  /// Leaf values from the exact gradients, not from the quantised ones; pieces of fixed size are added in order.
  void fill_leaves(const std::vector<Leaf>& leaves, std::span<const Gradient> gradients, std::span<float> margins,
                   Tree& tree) {
    struct Part {
      const Leaf* leaf;
      Stretch rows;
      Wide sum;
    };
    std::vector<Part> parts;
    for (const Leaf& leaf : leaves)
      for (std::int64_t done = 0; done < leaf.rows.count; done += piece_rows)
        parts.push_back({&leaf, {leaf.rows.begin + done, (std::min)(piece_rows, leaf.rows.count - done)}, {}});
    const auto for_parts = [&](auto&& body) {
      parallel_for(runtime_, static_cast<std::int64_t>(parts.size()), 4, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t part = begin; part < end; ++part) body(parts[static_cast<std::size_t>(part)]);
      });
    };
    const auto rows_of = [&](const Part& part) {
      return std::span(index_).subspan(static_cast<std::size_t>(part.rows.begin),
                                       static_cast<std::size_t>(part.rows.count));
    };
    for_parts([&](Part& part) {
      for (const std::uint32_t row : rows_of(part)) part.sum += Wide{gradients[row].g, gradients[row].h};
    });
    for (std::size_t i = 0; i < parts.size();) {
      const Leaf* leaf = parts[i].leaf;
      Wide sum;
      for (; i < parts.size() && parts[i].leaf == leaf; ++i) sum += parts[i].sum;
      const double denominator = sum.h + settings_.rules.l2;
      tree.value[static_cast<std::size_t>(leaf->node)] =
          denominator > 0 ? static_cast<float>(-settings_.learning_rate * sum.g / denominator) : 0.0f;
    }
    for_parts([&](Part& part) {
      const auto value = static_cast<float>(tree.value[static_cast<std::size_t>(part.leaf->node)]);
      for (const std::uint32_t row : rows_of(part)) margins[row] += value;
    });
  }

  GrowSettings settings_;
  Runtime runtime_;
  std::vector<Cuts> cuts_;
  Binned<Code> binned_;
  Growth<Code, Packed> packed_;
  Growth<Code, Wide> wide_;
  std::vector<std::uint32_t> index_;
};

}  // namespace

std::unique_ptr<Grower> make_grower(FloatMatrix features, std::span<const float> weights, int bins,
                                    const GrowSettings& settings, const Runtime& runtime) {
  std::vector<Cuts> cuts = find_cuts(features, weights, bins, runtime);
  const int stride = slot_stride(cuts);
  if (stride <= 256)
    return std::make_unique<BinnedGrower<std::uint8_t>>(features, std::move(cuts), stride, settings, runtime);
  return std::make_unique<BinnedGrower<std::uint16_t>>(features, std::move(cuts), stride, settings, runtime);
}

}  // namespace scalar::inline v0::backend::trees
