#pragma once
/// The canonical parameters of tree ensembles, exact enough to reproduce another library's margins bit for bit.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/core/tensor.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0 {

/// What a split does with a missing value. The numbers are frozen.
enum class Missing : std::uint8_t {
  none_right = 0,  ///< nothing is missing: NaN compares false and goes right
  nan_left = 1,
  nan_right = 2,
  zero_left = 3,  ///< NaN and zero (`|x| <= 1e-35`, as in LightGBM) go left
  zero_right = 4,
  nan_is_zero = 5,  ///< NaN is compared as 0
};

/// An ensemble of trees; a margin is the sum of one leaf of each of its trees.
///
/// `margin[k] = base[k] + (start[k] + leaf of the first tree of output k + leaf of the second ...)`. The sum in
/// parentheses is taken in tree order, with every addition in `width`; the base is added to it in double. So a forest
/// reproduces another library's margins bit for bit if that library's first margin is the start and the base is 0; and
/// it keeps the digits of large targets if their mean is the base and the leaves hold the differences from it. An inner
/// node sends a row left if `x < split` in `width`; forests of libraries that compare by `<=` are stored with the next
/// larger split. Node 0 of a tree is its root; children have larger numbers than their parents.
///
/// An inner node with a set of categories sends a row left if the set has the row's category, which is `x` truncated to
/// a whole number; a number below 0, or one that no set has, goes right. A missing value goes where `missing` says;
/// `none_right` sends it right, and `nan_is_zero` makes it category 0.
struct Forest {
  std::int64_t features = 0;
  std::int64_t outputs = 0;  ///< margins per row
  Link link = Link::identity;
  DataType width = DataType::float32;  ///< of splits, leaves and sums: float32 or float64
  std::vector<double> base{};          ///< `[outputs]`: added last, in double
  std::vector<double> start{};         ///< `[outputs]`: the first term of the sum of leaves, in `width`

  std::vector<std::int64_t> tree_begin{};   ///< `[trees + 1]`: nodes of tree t are `[tree_begin[t], tree_begin[t + 1])`
  std::vector<std::int32_t> tree_output{};  ///< `[trees]`: the margin that tree t adds to
  std::vector<std::int32_t> feature{};      ///< `[nodes]`: the feature that an inner node compares; -1: a leaf
  std::vector<double> value{};              ///< `[nodes]`: the split of an inner node, the value of a leaf
  std::vector<std::int32_t> left{};         ///< `[nodes]`: left child, counted from the tree's root
  std::vector<std::int32_t> right{};        ///< `[nodes]`
  std::vector<std::uint8_t> missing{};      ///< `[nodes]`: a `Missing`

  // Sets of categories; all empty if no node has one.
  std::vector<std::int32_t> category_set{};     ///< `[nodes]`: the set of an inner node; -1: it compares numbers
  std::vector<std::int64_t> category_begin{};   ///< `[sets + 1]`: words of set s begin at `category_begin[s]`
  std::vector<std::uint32_t> category_words{};  ///< bit c % 32 of word c / 32 of a set: it has category c

  // What is known of how the splits were found; empty if nothing is.
  std::vector<float> gain{};   ///< `[nodes]`: what an inner node's split gained in the loss, 0 for leaves
  std::vector<float> cover{};  ///< `[nodes]`: the sum of the second derivatives of a node's rows, or their weight

  std::int64_t trees() const { return static_cast<std::int64_t>(tree_output.size()); }
  /// True if a node has a set of categories.
  bool has_categories() const { return !category_set.empty(); }
  /// The words of set `set`.
  std::span<const std::uint32_t> words(std::int32_t set) const {
    const auto begin = static_cast<std::size_t>(category_begin[static_cast<std::size_t>(set)]);
    return std::span(category_words)
        .subspan(begin, static_cast<std::size_t>(category_begin[static_cast<std::size_t>(set) + 1]) - begin);
  }

  friend bool operator==(const Forest&, const Forest&) = default;
};

/// Throws `Error{Errc::corrupt}` naming tree and node unless the forest is safe to walk: lengths agree, children exist
/// and come after their only parent, features, outputs and sets of categories are in range, and splits are not NaN.
void check(const Forest& forest);

/// Converts to and from canonical bytes; `from_bytes` calls `check`. Errors of `from_bytes`: `Errc::corrupt`, and
/// `Errc::unsupported` for another version of the format.
std::vector<std::byte> to_bytes(const Forest& forest);
void from_bytes(std::span<const std::byte> bytes, Forest& forest);

}  // namespace scalar::inline v0
