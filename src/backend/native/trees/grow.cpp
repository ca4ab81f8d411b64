#include "backend/native/trees/grow.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "backend/native/trees/exact.hpp"
#include "backend/native/trees/partition.hpp"
#include "core/fail.hpp"
#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/mailbox.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

constexpr std::size_t histogram_memory_bytes = std::size_t{256} << 20;
constexpr std::int64_t worth_keeping = 256;  // rows: with fewer, adding them up again is cheaper than a subtraction
constexpr std::int64_t piece_rows = 8192;
constexpr std::size_t exchange_bytes = std::size_t{16} << 20;  // of histograms that a peer holds for sending
constexpr double most_uneven = 65536;  // largest gradient over mean gradient; up to here 31 bits hold both

/// True if 31 bits can hold both the sums and the single gradients.
bool is_even(const Totals& sizes, std::int64_t rows) {
  const double most = most_uneven / static_cast<double>(rows);
  return rows < (std::int64_t{1} << 26) && sizes.largest.first <= most * sizes.sum.first &&
         sizes.largest.second <= most * sizes.sum.second;
}

/// Rounds a number within 32 bits to the nearest integer without a call: adding 1.5 * 2^52 leaves the integer in the
/// low bits.
std::uint32_t low_digits(double number) {
  return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(number + 0x1.8p52));
}

Packed quantize(const Gradient& gradient, double per_g, double per_h) {
  const auto g = static_cast<std::int32_t>(low_digits(gradient.g * per_g));
  return {std::int64_t{g} * (std::int64_t{1} << 32) + low_digits(gradient.h * per_h)};
}

Wide widen(const Gradient& gradient, double per_g, double per_h) {
  return {static_cast<std::int64_t>(gradient.g * per_g), static_cast<std::int64_t>(gradient.h * per_h)};
}

/// A tree that is being grown.
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
    if (forest.has_categories()) forest.category_set.insert(forest.category_set.end(), feature.size(), -1);
    forest.tree_begin.push_back(static_cast<std::int64_t>(forest.feature.size()));
    forest.tree_output.push_back(output);
  }
};

/// A leaf, with this peer's rows of it: a stretch of the index.
struct Leaf {
  std::int32_t node;
  Stretch rows;
};

/// Number of rows and sum of gradients at the root.
template <class Sum>
struct Root {
  std::int64_t rows = 0;
  Sum total{};
};
struct AddRoots {
  template <class Sum>
  Root<Sum> operator()(Root<Sum> a, const Root<Sum>& b) const {
    a.rows += b.rows, a.total += b.total;
    return a;
  }
};

struct Better {
  template <class Sum>
  Candidate<Sum> operator()(const Candidate<Sum>& a, const Candidate<Sum>& b) const {
    return b.score > a.score ? b : a;
  }
};

/// Grows one tree with sums of type `Sum`; keeps its memory for the next tree.
///
/// A single peer searches for splits while a block's sums are in the cache. With several peers, each adds up its own
/// rows, sends every other peer the sums of the features that the other is responsible for, and keeps, subtracts, and
/// searches the sums of its own features.
template <class Code, class Sum>
class Growth {
 public:
  Growth(bsp::Peer& peer, const Binned<Code>& binned, const std::vector<Cuts>& cuts, int stride,
         const GrowSettings& settings, const ThreadTeam& team)
      : peer_(peer),
        box_(peer.mailbox<Sum>()),
        binned_(binned),
        cuts_(cuts),
        stride_(static_cast<std::size_t>(stride)),
        settings_(settings),
        team_(team),
        own_(features_of(static_cast<std::int64_t>(cuts.size()), peer.rank(), peer.size())) {
    for (std::size_t block = 0; block < binned.blocks.size(); ++block)
      block_of_.insert(block_of_.end(), static_cast<std::size_t>(binned.blocks[block].width), block);
    // Computed from the largest share, so that the limit is the same on every peer even if some have a feature less.
    const std::size_t peers = static_cast<std::size_t>(peer.size()), most = (cuts.size() + peers - 1) / peers;
    histogram_limit_ = histogram_memory_bytes / (sizeof(Sum) * (std::max)(most * stride_, std::size_t{1}));
  }

  std::vector<Sum>& sums() { return sums_; }
  /// The leaves of the last tree. The index was reordered so that each leaf's rows are a stretch of it.
  const std::vector<Leaf>& leaves() const { return leaves_; }

  bsp::Task<> grow(const Units& units, std::vector<std::uint32_t>& index, const std::stop_token& stop, Tree& tree) {
    units_ = units;
    leaves_.clear();
    const Root<Sum> mine = root_of(index.size());
    const Root<Sum> all = co_await bsp::all_reduce(peer_, mine, AddRoots{});
    std::vector<Open> open;
    std::vector<Job> jobs;
    plant(all, index.size(), tree, open, jobs);
    for (int level = 0; !open.empty(); ++level) {
      if (stop.stop_requested()) fail(Errc::canceled, {}, "asked to stop while a tree grew");
      if (peer_.size() == 1)
        run(jobs, index, open);
      else
        co_await exchange(jobs, index, open);
      std::vector<Open> split = decide(open);
      std::vector<std::int64_t> left = partition(split, index);
      if (peer_.size() > 1) co_await bsp::all_reduce(peer_, std::span<std::int64_t>(left), std::plus{});
      open.clear(), jobs.clear();
      for (std::size_t i = 0; i < split.size(); ++i) divide(split[i], left[i], level, tree, open, jobs);
    }
  }

 private:
  /// A node whose best split is being searched for.
  struct Open {
    std::int32_t node;
    Stretch rows;        ///< this peer's
    std::int64_t count;  ///< number of rows of all peers
    Sum total;
    int histogram;  ///< its index in the pool; -1: not kept
    Candidate<Sum> best;
    std::int64_t left_rows = 0;  ///< of `rows`
  };
  /// Rows to add up, and the node whose split is searched for in their sums.
  struct Piece {
    Stretch rows{};
    int histogram = -1;
    int open = -1;  ///< index of the open node; -1: none, the sums are only subtracted from the parent's
  };
  /// Two siblings, or one node. With a `parent`, the sums of the larger one are `parent - smaller`, in place.
  struct Job {
    Piece small;
    Piece large;
    int parent = -1;

    bool adds_large() const { return large.open >= 0 && parent < 0; }
  };
  Root<Sum> root_of(std::size_t rows) const {
    Root<Sum> mine{static_cast<std::int64_t>(rows), {}};
    for (const Sum& sum : sums_) mine.total += sum;
    return mine;
  }
  void plant(const Root<Sum>& all, std::size_t rows, Tree& tree, std::vector<Open>& open, std::vector<Job>& jobs) {
    Open root{tree.add(), {0, static_cast<std::int64_t>(rows)}, all.rows, all.total, -1, {}};
    if (!may_split(root, 0)) return leaves_.push_back({root.node, root.rows});
    root.histogram = keep(root, 0);
    jobs.push_back({{root.rows, root.histogram, 0}, {}, -1});
    open.push_back(root);
  }

  double parent_score(const Sum& total) const {
    const double g = first(total, units_), h = second(total, units_) + settings_.rules.l2;
    return h > 0 ? g * g / h : 0;
  }
  bool may_split(const Open& node, int level) const {
    const double h = second(node.total, units_);
    return level < settings_.depth && node.count >= 2 && h > 0 && h >= 2 * settings_.rules.min_child_weight;
  }
  /// A place in the pool for the histogram of a node, if its children may need it to subtract from; else -1.
  int keep(const Open& node, int level) {
    if (level + 1 >= settings_.depth || node.count < worth_keeping) return -1;
    if (free_.empty()) {
      if (pool_.size() >= histogram_limit_) return -1;
      pool_.emplace_back(static_cast<std::size_t>(own_.count()) * stride_);
      return static_cast<int>(pool_.size()) - 1;
    }
    const int histogram = free_.back();
    free_.pop_back();
    return histogram;
  }
  void release(int histogram) {
    if (histogram >= 0) free_.push_back(histogram);
  }

  /// Adds up rows and searches for splits: one task per job and block of features.
  void run(const std::vector<Job>& jobs, const std::vector<std::uint32_t>& index, std::vector<Open>& open) {
    const std::size_t blocks = binned_.blocks.size();
    std::vector<Candidate<Sum>> found(open.size() * blocks);
    team_.for_pieces(static_cast<std::int64_t>(jobs.size() * blocks), 1, [&](std::int64_t task, std::int64_t) {
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
      Sum* sums = piece.histogram >= 0 ? kept(piece.histogram) + offset : scratch.data();
      std::fill_n(sums, size, Sum{});
      add_rows(binned_.block(features), features.width, static_cast<int>(stride_), index.data() + piece.rows.begin,
               piece.rows.count, sums_.data(), sums);
      return sums;
    };
    const auto search = [&](const Piece& piece, const Sum* sums) {
      if (piece.open < 0) return;
      const auto node = static_cast<std::size_t>(piece.open);
      search_features(sums, {features.first, features.first + features.width}, open[node],
                      found[node * binned_.blocks.size() + block]);
    };

    const Sum* small = add_up(job.small);
    search(job.small, small);
    if (job.large.open < 0) return;
    if (job.parent < 0) {
      search(job.large, add_up(job.large));
    } else {
      Sum* large = kept(job.parent) + offset;
      for (std::size_t i = 0; i < size; ++i) large[i] -= small[i];
      search(job.large, large);
    }
  }

  void search_features(const Sum* sums, Features features, const Open& open, Candidate<Sum>& best) const {
    for (int i = 0; i < features.count(); ++i)
      search_feature(sums + static_cast<std::size_t>(i) * stride_, cuts_[static_cast<std::size_t>(features.first + i)],
                     features.first + i, open.total, units_, settings_.rules, best);
  }
  Sum* kept(int histogram) { return pool_[static_cast<std::size_t>(histogram)].data(); }

  /// As `run`, but with the sums over the rows of all peers.
  bsp::Task<> exchange(const std::vector<Job>& jobs, const std::vector<std::uint32_t>& index, std::vector<Open>& open) {
    std::vector<Candidate<Sum>> found(open.size());
    const std::size_t size = cuts_.size() * stride_;
    const std::size_t most = (std::max)(exchange_bytes / (sizeof(Sum) * size), std::size_t{2});
    std::size_t first = 0;
    while (first < jobs.size()) {
      pieces_.clear();
      const std::size_t last = collect(jobs, first, most);
      add_up_pieces(index, size);
      send_sums(size);
      co_await peer_.sync();
      receive_sums(size);
      search_jobs(std::span<const Job>(jobs).subspan(first, last - first), size, open, found);
      first = last;
    }
    co_await bsp::all_reduce(peer_, std::span<Candidate<Sum>>(found), Better{});
    for (std::size_t node = 0; node < open.size(); ++node)
      if (found[node].score > 0) open[node].best = found[node];
  }

  /// Collects the rows that the next jobs need added up, at most `most` pieces; returns the index of the first job that
  /// is left.
  std::size_t collect(const std::vector<Job>& jobs, std::size_t job, std::size_t most) {
    for (; job < jobs.size() && pieces_.size() + 2 <= most; ++job) {
      pieces_.push_back(jobs[job].small.rows);
      if (jobs[job].adds_large()) pieces_.push_back(jobs[job].large.rows);
    }
    return job;
  }
  void add_up_pieces(const std::vector<std::uint32_t>& index, std::size_t size) {
    local_.resize((std::max)(local_.size(), pieces_.size() * size));
    const std::size_t blocks = binned_.blocks.size();
    team_.for_pieces(static_cast<std::int64_t>(pieces_.size() * blocks), 1, [&](std::int64_t task, std::int64_t) {
      const std::size_t piece = static_cast<std::size_t>(task) / blocks;
      const Block& features = binned_.blocks[static_cast<std::size_t>(task) % blocks];
      Sum* sums = local_.data() + piece * size + static_cast<std::size_t>(features.first) * stride_;
      std::fill_n(sums, static_cast<std::size_t>(features.width) * stride_, Sum{});
      add_rows(binned_.block(features), features.width, static_cast<int>(stride_), index.data() + pieces_[piece].begin,
               pieces_[piece].count, sums_.data(), sums);
    });
  }
  void send_sums(std::size_t size) {
    for (int rank = 0; rank < peer_.size(); ++rank) {
      if (rank == peer_.rank()) continue;
      const Features theirs = features_of(static_cast<std::int64_t>(cuts_.size()), rank, peer_.size());
      for (std::size_t piece = 0; piece < pieces_.size(); ++piece)
        box_.send(rank,
                  std::span<const Sum>(local_).subspan(piece * size + static_cast<std::size_t>(theirs.first) * stride_,
                                                       static_cast<std::size_t>(theirs.count()) * stride_));
    }
  }
  /// Adds the other peers' sums of this peer's features.
  void receive_sums(std::size_t size) {
    const std::size_t mine = static_cast<std::size_t>(own_.count()) * stride_;
    const auto runs = box_.runs();
    team_.for_pieces(static_cast<std::int64_t>(pieces_.size()), 1, [&](std::int64_t piece, std::int64_t) {
      Sum* to = own_sums(static_cast<std::size_t>(piece), size);
      for (const auto& run : runs) {
        const Sum* from = run.values.data() + static_cast<std::size_t>(piece) * mine;
        for (std::size_t i = 0; i < mine; ++i) to[i] += from[i];
      }
    });
  }
  Sum* own_sums(std::size_t piece, std::size_t size) {
    return local_.data() + piece * size + static_cast<std::size_t>(own_.first) * stride_;
  }
  void search_jobs(std::span<const Job> jobs, std::size_t size, const std::vector<Open>& open,
                   std::vector<Candidate<Sum>>& found) {
    std::vector<std::size_t> piece_of;
    std::size_t pieces = 0;
    for (const Job& job : jobs) piece_of.push_back(pieces), pieces += job.adds_large() ? 2 : 1;
    const std::size_t mine = static_cast<std::size_t>(own_.count()) * stride_;
    const auto search = [&](const Piece& piece, const Sum* sums) {
      const auto node = static_cast<std::size_t>(piece.open);
      if (piece.open >= 0) search_features(sums, own_, open[node], found[node]);
    };
    team_.for_pieces(static_cast<std::int64_t>(jobs.size()), 1, [&](std::int64_t at, std::int64_t) {
      const Job& job = jobs[static_cast<std::size_t>(at)];
      const std::size_t piece = piece_of[static_cast<std::size_t>(at)];
      const Sum* small = own_sums(piece, size);
      search(job.small, small);
      if (job.small.histogram >= 0) std::copy_n(small, mine, kept(job.small.histogram));
      if (job.large.open < 0) return;
      const Sum* large = nullptr;
      if (job.adds_large()) {
        large = own_sums(piece + 1, size);
        if (job.large.histogram >= 0) std::copy_n(large, mine, kept(job.large.histogram));
      } else {
        Sum* parent = kept(job.parent);
        for (std::size_t i = 0; i < mine; ++i) parent[i] -= small[i];
        large = parent;
      }
      search(job.large, large);
    });
  }

  /// Returns the nodes that split; the others become leaves.
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

  /// Returns how many of each node's rows went left.
  std::vector<std::int64_t> partition(std::vector<Open>& split, std::vector<std::uint32_t>& index) {
    std::vector<Side<Code>> sides;
    for (const Open& node : split) {
      const Block& block = binned_.blocks[block_of_[static_cast<std::size_t>(node.best.feature)]];
      const Cuts& cuts = cuts_[static_cast<std::size_t>(node.best.feature)];
      sides.push_back({node.rows, binned_.block(block) + (node.best.feature - block.first),
                       static_cast<std::size_t>(block.width), static_cast<std::uint32_t>(node.best.bin),
                       cuts.missing && node.best.missing_left ? static_cast<std::uint32_t>(cuts.bins()) : no_code});
    }
    std::vector<std::int64_t> left = partitioner_(sides, index, team_);
    for (std::size_t i = 0; i < split.size(); ++i) split[i].left_rows = left[i];
    return left;
  }

  /// Makes the children of a split node, the left one of `left_count` rows: each a leaf, or open with a job.
  void divide(Open& parent, std::int64_t left_count, int level, Tree& tree, std::vector<Open>& open,
              std::vector<Job>& jobs) {
    const auto node = static_cast<std::size_t>(parent.node);
    const Cuts& cuts = cuts_[static_cast<std::size_t>(parent.best.feature)];
    const auto cut = static_cast<std::size_t>(parent.best.bin);
    tree.feature[node] = parent.best.feature;
    tree.value[node] = cut < cuts.values.size() ? cuts.values[cut] : std::numeric_limits<float>::infinity();
    tree.missing[node] = static_cast<std::uint8_t>(parent.best.missing_left ? Missing::nan_left : Missing::nan_right);

    const Stretch left_rows{parent.rows.begin, parent.left_rows};
    const Stretch right_rows{parent.rows.begin + parent.left_rows, parent.rows.count - parent.left_rows};
    Open left{0, left_rows, left_count, parent.best.left, -1, {}};
    Open right{0, right_rows, parent.count - left_count, parent.total, -1, {}};
    right.total -= left.total;
    tree.left[node] = left.node = tree.add();
    tree.right[node] = right.node = tree.add();

    Open& small = left.count <= right.count ? left : right;
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
    // Without the parent's sums nothing is subtracted, so the sums of a leaf are not needed.
    if (!small_open && job.parent < 0) job.small = std::exchange(job.large, Piece{});
    jobs.push_back(job);
  }

  bsp::Peer& peer_;
  bsp::Mailbox<Sum> box_;  // sums over the sender's rows, of the receiver's features
  const Binned<Code>& binned_;
  const std::vector<Cuts>& cuts_;
  std::size_t stride_;
  const GrowSettings& settings_;
  const ThreadTeam& team_;
  Features own_;
  std::vector<std::size_t> block_of_;
  std::size_t histogram_limit_ = 0;
  Units units_;
  std::vector<Sum> sums_;
  std::vector<std::vector<Sum>> pool_;  // histograms, each [own features, stride]
  std::vector<int> free_;
  std::vector<Leaf> leaves_;
  Partitioner partitioner_;
  std::vector<Stretch> pieces_;  // rows that are added up before the next exchange
  std::vector<Sum> local_;       // their sums, [pieces, features, stride]
};

template <class Code>
class BinnedGrower final : public Grower {
 public:
  BinnedGrower(bsp::Peer& peer, const Part& part, std::vector<Cuts> cuts, int stride, const GrowSettings& settings,
               const ThreadTeam& team, const Watch& watch)
      : peer_(peer),
        all_(part.all),
        settings_(settings),
        team_(team),
        cuts_(std::move(cuts)),
        binned_(bin<Code>(part.rows.features, cuts_,
                          make_blocks(static_cast<int>(part.rows.columns()), stride, team.threads()), team, watch)),
        packed_(peer, binned_, cuts_, stride, settings_, team_),
        wide_(peer, binned_, cuts_, stride, settings_, team_),
        index_(static_cast<std::size_t>(part.rows.count())) {}

  bsp::Task<> grow(std::span<const Gradient> gradients, std::span<float> margins, int output,
                   const std::stop_token& stop, Forest& forest) override {
    const auto value = [gradients](std::int64_t row) -> Both<double> {
      const Gradient& gradient = gradients[static_cast<std::size_t>(row)];
      return {std::abs(gradient.g), gradient.h};
    };
    const auto rows = static_cast<std::int64_t>(gradients.size());
    const Totals sizes = co_await sum_exactly(peer_, team_, rows, all_, value);
    if (!std::isfinite(sizes.largest.first) || !std::isfinite(sizes.largest.second))
      fail(Errc::out_of_range, {}, "the gradients are not finite: targets or weights are too large for float32");
    std::iota(index_.begin(), index_.end(), 0u);
    const Units exact{unit(sizes.sum.first, 0x1p62, all_), unit(sizes.sum.second, 0x1p62, all_)};
    Tree tree;
    if (is_even(sizes, all_)) {
      const Units units{unit(sizes.sum.first, 0x1p31, all_), unit(sizes.sum.second, 0x1p32, all_)};
      fill(packed_.sums(), gradients, [per_g = 1 / units.g, per_h = 1 / units.h](const Gradient& gradient) {
        return quantize(gradient, per_g, per_h);
      });
      co_await packed_.grow(units, index_, stop, tree);
    } else {
      fill(wide_.sums(), gradients, [per_g = 1 / exact.g, per_h = 1 / exact.h](const Gradient& gradient) {
        return widen(gradient, per_g, per_h);
      });
      co_await wide_.grow(exact, index_, stop, tree);
    }
    const std::vector<Leaf>& leaves = is_even(sizes, all_) ? packed_.leaves() : wide_.leaves();
    cut_leaves(leaves);
    std::vector<Wide> totals = sum_leaves(leaves.size(), gradients, exact);
    co_await bsp::all_reduce(peer_, std::span<Wide>(totals), add_wide);
    fill_leaves(leaves, totals, exact, margins, tree);
    tree.append_to(forest, output);
  }

 private:
  static constexpr auto add_wide = [](Wide a, const Wide& b) { return a += b; };

  template <class Sum, class Convert>
  void fill(std::vector<Sum>& sums, std::span<const Gradient> gradients, const Convert& convert) {
    sums.resize(gradients.size());
    team_.for_pieces(static_cast<std::int64_t>(gradients.size()), piece_rows,
                     [&](std::int64_t begin, std::int64_t end) {
                       for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row)
                         sums[row] = convert(gradients[row]);
                     });
  }

  /// Some of a leaf's rows.
  struct LeafPart {
    std::size_t leaf;
    Stretch rows;
    Wide sum;
  };
  void cut_leaves(const std::vector<Leaf>& leaves) {
    parts_.clear();
    for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf)
      for (std::int64_t done = 0; done < leaves[leaf].rows.count; done += piece_rows)
        parts_.push_back(
            {leaf, {leaves[leaf].rows.begin + done, (std::min)(piece_rows, leaves[leaf].rows.count - done)}, {}});
  }
  template <class Body>
  void for_parts(const Body& body) {
    team_.for_pieces(static_cast<std::int64_t>(parts_.size()), 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        LeafPart& part = parts_[static_cast<std::size_t>(i)];
        body(part, std::span(index_).subspan(static_cast<std::size_t>(part.rows.begin),
                                             static_cast<std::size_t>(part.rows.count)));
      }
    });
  }
  /// Sums over the rows of each leaf, from the gradients themselves and not from the quantized ones.
  std::vector<Wide> sum_leaves(std::size_t leaves, std::span<const Gradient> gradients, const Units& exact) {
    for_parts([&, per_g = 1 / exact.g, per_h = 1 / exact.h](LeafPart& part, std::span<const std::uint32_t> rows) {
      for (const std::uint32_t row : rows) part.sum += widen(gradients[row], per_g, per_h);
    });
    std::vector<Wide> sums(leaves);
    for (const LeafPart& part : parts_) sums[part.leaf] += part.sum;
    return sums;
  }
  void fill_leaves(const std::vector<Leaf>& leaves, const std::vector<Wide>& totals, const Units& exact,
                   std::span<float> margins, Tree& tree) {
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const double h = second(totals[i], exact), denominator = h + settings_.rules.l2;
      // A split makes sure that its children have enough; only a root may have less.
      const bool is_enough = leaves.size() > 1 || h >= settings_.rules.min_child_weight;
      tree.value[static_cast<std::size_t>(leaves[i].node)] =
          is_enough && denominator > 0
              ? static_cast<float>(-settings_.learning_rate * first(totals[i], exact) / denominator)
              : 0.0f;
    }
    for_parts([&](const LeafPart& part, std::span<const std::uint32_t> rows) {
      const auto value = static_cast<float>(tree.value[static_cast<std::size_t>(leaves[part.leaf].node)]);
      for (const std::uint32_t row : rows) margins[row] += value;
    });
  }

  bsp::Peer& peer_;
  std::int64_t all_;
  GrowSettings settings_;
  const ThreadTeam& team_;
  std::vector<Cuts> cuts_;
  Binned<Code> binned_;
  Growth<Code, Packed> packed_;
  Growth<Code, Wide> wide_;
  std::vector<std::uint32_t> index_;
  std::vector<LeafPart> parts_;
};

}  // namespace

std::unique_ptr<Grower> make_grower(bsp::Peer& peer, const Part& part, std::vector<Cuts> cuts,
                                    const GrowSettings& settings, const native::ThreadTeam& team, const Watch& watch) {
  const int stride = slot_stride(cuts);
  if (stride <= 256)
    return std::make_unique<BinnedGrower<std::uint8_t>>(peer, part, std::move(cuts), stride, settings, team, watch);
  return std::make_unique<BinnedGrower<std::uint16_t>>(peer, part, std::move(cuts), stride, settings, team, watch);
}

}  // namespace scalar::inline v0::backend::trees
