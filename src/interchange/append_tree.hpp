#pragma once
/// Puts trees of other libraries into a Forest.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/fail.hpp"
#include "scalar/spec/forest.hpp"

namespace scalar::inline v0::interchange {

/// A node of another library's tree. Children are numbers of nodes of that tree.
struct SourceNode {
  std::int32_t feature = -1;  ///< -1: a leaf
  double value = 0;           ///< the split of an inner node, the value of a leaf
  std::int64_t left = 0, right = 0;
  Missing missing = Missing::none_right;
  std::optional<std::vector<std::uint32_t>> categories{};  ///< the set of categories that go left, in words
  float gain = 0, cover = 0;
};

/// The set that has the category `number`, added to `words`.
inline void add_category(std::vector<std::uint32_t>& words, std::uint32_t number) {
  if (words.size() <= number / 32) words.resize(number / 32 + 1);
  words[number / 32] |= std::uint32_t{1} << number % 32;
}

/// Appends trees, each by its nodes that the root leads to, in depth-first order.
class TreeAppender {
 public:
  /// Errors are found at `place`. `most_words` limits the words of all sets of categories.
  TreeAppender(Forest& forest, std::string_view place, std::size_t most_words)
      : forest_(forest), place_(place), most_words_(most_words) {
    forest_.tree_begin = {0};
    forest_.category_begin = {0};
  }

  /// Appends a tree of `count` nodes. `node(i)` is its node i as a SourceNode, `root` the number of the first. Errors:
  /// `Errc::corrupt`, naming the tree and the node, for nodes that do not exist or have two parents;
  /// `Errc::too_large` for too many words of sets.
  template <class Node>
  void append(std::int32_t output, std::int64_t count, std::int64_t root, const Node& node);

  /// To be called after the last tree: drops what no node has.
  void finish(bool has_gain, bool has_cover) {
    if (forest_.category_begin.size() == 1) {
      forest_.category_begin.clear();
      forest_.category_set.clear();
    }
    if (!has_gain) forest_.gain.clear();
    if (!has_cover) forest_.cover.clear();
  }

 private:
  void add(const SourceNode& node);

  Forest& forest_;
  std::string_view place_;
  std::size_t most_words_;
};

template <class Node>
void TreeAppender::append(std::int32_t output, std::int64_t count, std::int64_t root, const Node& node) {
  struct Pending {
    std::int64_t number;
    std::size_t parent;
    bool is_left;
  };
  const std::size_t first = forest_.feature.size(), tree = forest_.tree_output.size();
  std::vector<bool> seen(static_cast<std::size_t>(count));
  std::vector<Pending> pending{{root, 0, true}};
  while (!pending.empty()) {
    const Pending next = pending.back();
    pending.pop_back();
    if (next.number < 0 || next.number >= count)
      fail(Errc::corrupt, place_, "tree {} has a child {} of {} nodes", tree, next.number, count);
    if (seen[static_cast<std::size_t>(next.number)])
      fail(Errc::corrupt, place_, "tree {}, node {} is the child of two nodes", tree, next.number);
    seen[static_cast<std::size_t>(next.number)] = true;
    const std::size_t at = forest_.feature.size();
    if (at != first) (next.is_left ? forest_.left : forest_.right)[next.parent] = static_cast<std::int32_t>(at - first);
    const SourceNode source = node(next.number);
    add(source);
    if (source.feature < 0) continue;
    pending.push_back({source.right, at, false});
    pending.push_back({source.left, at, true});
  }
  forest_.tree_begin.push_back(static_cast<std::int64_t>(forest_.feature.size()));
  forest_.tree_output.push_back(output);
}

inline void TreeAppender::add(const SourceNode& node) {
  forest_.feature.push_back(node.feature);
  forest_.value.push_back(node.value);
  forest_.left.push_back(0);
  forest_.right.push_back(0);
  forest_.missing.push_back(static_cast<std::uint8_t>(node.missing));
  forest_.gain.push_back(node.gain);
  forest_.cover.push_back(node.cover);
  if (!node.categories) {
    forest_.category_set.push_back(-1);
    return;
  }
  if (node.categories->size() > most_words_ - forest_.category_words.size())
    fail(Errc::too_large, place_, "tree {}: the sets of categories take more than {} words of 32 bits",
         forest_.tree_output.size(), most_words_);
  forest_.category_set.push_back(static_cast<std::int32_t>(forest_.category_begin.size()) - 1);
  forest_.category_words.insert(forest_.category_words.end(), node.categories->begin(), node.categories->end());
  forest_.category_begin.push_back(static_cast<std::int64_t>(forest_.category_words.size()));
}

}  // namespace scalar::inline v0::interchange
