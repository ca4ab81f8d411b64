#pragma once
/// What the nodes of a forest ask of a row, in a form that is answered fast.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "scalar/spec/forest.hpp"

namespace scalar::inline v0::backend::trees {

inline constexpr float infinity = std::numeric_limits<float>::infinity();

/// How a feature is rewritten so that one test decides a node, whether the value is missing or not. Each pair of a
/// feature and a rewriting becomes a column of a block.
enum class Rewrite : std::uint8_t {
  nan_up,    ///< NaN -> +infinity, which goes right
  nan_down,  ///< NaN -> -infinity, which goes left
  zero_up,   ///< NaN and zero -> +infinity
  zero_down,
  is_nan,        ///< -1 for NaN, else 1: for splits at -infinity, which no value is less than
  is_zero,       ///< -1 for NaN or zero, else 1
  nan_to_zero,   ///< NaN -> 0
  category,      ///< the bits of a number: 0 for NaN, c + 1 for category c, `no_category` for what is none
  category_zero  ///< as `category`, and 0 for zero, too
};
inline constexpr std::size_t rewrites = static_cast<std::size_t>(Rewrite::category_zero) + 1;

/// Stands for numbers that cannot be categories. No set has a bit for it.
inline constexpr std::uint32_t no_category = 0xFFFF'FFFF;

constexpr bool counts_zero_as_missing(Rewrite how) {
  return how == Rewrite::zero_up || how == Rewrite::zero_down || how == Rewrite::is_zero ||
         how == Rewrite::category_zero;
}

template <Rewrite How>
float rewrite(float x) {
  const bool missing = std::isnan(x) || (counts_zero_as_missing(How) && std::fabs(x) <= 1e-35f);
  if constexpr (How == Rewrite::is_nan || How == Rewrite::is_zero) {
    return missing ? -1.0f : 1.0f;
  } else if constexpr (How == Rewrite::nan_to_zero) {
    return missing ? 0.0f : x;
  } else if constexpr (How == Rewrite::category || How == Rewrite::category_zero) {
    const bool is_category = x >= 0 && x < 0x1p31f;
    const std::uint32_t number = missing ? 0 : is_category ? static_cast<std::uint32_t>(x) + 1 : no_category;
    return std::bit_cast<float>(number);
  } else {
    return missing ? (How == Rewrite::nan_up || How == Rewrite::zero_up ? infinity : -infinity) : x;
  }
}

/// What a node asks: is the rewritten feature less than `split`, or, of a category, is it in a set? The row goes left
/// if so.
struct Question {
  Rewrite how;
  std::int32_t feature;
  float split;  ///< of a category: the bits of the place of its set in `CategorySets`

  bool asks_category() const { return how == Rewrite::category || how == Rewrite::category_zero; }
};

/// The sets of categories of a forest, each in the form `count, words[count], 0`. Bit 0 of its words stands for a
/// missing value and bit c + 1 for category c; the last word answers for all larger categories.
class CategorySets {
 public:
  explicit CategorySets(const Forest& forest) {
    if (!forest.has_categories()) return;
    for (std::size_t node = 0; node < forest.feature.size(); ++node)
      if (forest.feature[node] >= 0 && forest.category_set[node] >= 0) add(forest, node);
  }

  /// The place of the set of a node, which must have one; 0 is the place of an empty set.
  std::uint32_t place(const Forest& forest, std::size_t node) const {
    return places_.at({forest.category_set[node], takes_missing(forest, node)});
  }
  const std::vector<std::uint32_t>& words() const { return words_; }

 private:
  static bool takes_missing(const Forest& forest, std::size_t node) {
    const auto missing = static_cast<Missing>(forest.missing[node]);
    const auto words = forest.words(forest.category_set[node]);
    return missing == Missing::nan_left || missing == Missing::zero_left ||
           (missing == Missing::nan_is_zero && !words.empty() && (words[0] & 1) != 0);
  }
  void add(const Forest& forest, std::size_t node) {
    const std::span<const std::uint32_t> words = forest.words(forest.category_set[node]);
    // A category is below 2^31. Places become the splits of nodes, so their bits must not be those of a NaN.
    constexpr std::size_t most_words = std::size_t{1} << 26, most = 0x7F80'0000;
    if (words.size() > most_words || words_.size() + words.size() + 3 > most)
      fail(Errc::too_large, "forest", "has a set of {} words of categories after {} words of other sets", words.size(),
           words_.size());
    const bool missing = takes_missing(forest, node);
    if (!places_.try_emplace({forest.category_set[node], missing}, static_cast<std::uint32_t>(words_.size())).second)
      return;
    words_.push_back(static_cast<std::uint32_t>(words.size()) + 1);
    std::uint32_t carry = missing ? 1 : 0;
    for (const std::uint32_t word : words) {
      words_.push_back(word << 1 | carry);
      carry = word >> 31;
    }
    words_.push_back(carry);
    words_.push_back(0);
  }

  std::vector<std::uint32_t> words_{0, 0};
  std::map<std::pair<std::int32_t, bool>, std::uint32_t> places_{};
};

/// The smallest float that is not less than `split`: for floats x, `x < split` and `x < up(split)` agree.
inline float up(double split) {
  const float nearest = static_cast<float>(split);
  return static_cast<double>(nearest) < split ? std::nextafter(nearest, infinity) : nearest;
}

inline Question question(const Forest& forest, std::size_t node, const CategorySets& sets) {
  const auto missing = static_cast<Missing>(forest.missing[node]);
  const std::int32_t feature = forest.feature[node];
  const bool left = missing == Missing::nan_left || missing == Missing::zero_left;
  const bool zero = missing == Missing::zero_left || missing == Missing::zero_right;
  if (forest.has_categories() && forest.category_set[node] >= 0)
    return {zero ? Rewrite::category_zero : Rewrite::category, feature, std::bit_cast<float>(sets.place(forest, node))};
  const float split =
      forest.width == DataType::float32 ? static_cast<float>(forest.value[node]) : up(forest.value[node]);
  if (missing == Missing::nan_is_zero) return {Rewrite::nan_to_zero, feature, split};
  if (left && split == -infinity) return {zero ? Rewrite::is_zero : Rewrite::is_nan, feature, 0.0f};
  const Rewrite how =
      zero ? (left ? Rewrite::zero_down : Rewrite::zero_up) : (left ? Rewrite::nan_down : Rewrite::nan_up);
  return {how, feature, split};
}

/// Marks the column of a node that looks up a category.
inline constexpr std::uint32_t category_column = 0x8000'0000;

/// Decides nodes that compare numbers.
struct NumberTest {
  static constexpr bool only_numbers = true;
  explicit NumberTest(const CategorySets&) {}

  /// The answer of a row whose column c is `x[c * step]`.
  template <class Node>
  [[gnu::always_inline]] bool goes_right(const Node& node, const float* x, std::size_t step = 1) const {
    return x[std::size_t{node.column} * step] >= node.split;
  }
};

/// Decides all nodes. It looks up a set even for a node that compares numbers: a branch would often be predicted wrong.
class AnyTest {
 public:
  static constexpr bool only_numbers = false;
  explicit AnyTest(const CategorySets& sets) : words_(sets.words()) {}

  template <class Node>
  [[gnu::always_inline]] bool goes_right(const Node& node, const float* x, std::size_t step = 1) const {
    const bool is_category = (node.column & category_column) != 0;
    const float value = x[std::size_t{node.column & ~category_column} * step];
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t* set = words_.data() + (is_category ? std::bit_cast<std::uint32_t>(node.split) : 0);
    const bool is_in_set = (set[1 + (std::min)(bits / 32, set[0])] >> bits % 32 & 1) != 0;
    return is_category ? !is_in_set : value >= node.split;
  }

 private:
  std::vector<std::uint32_t> words_;
};

}  // namespace scalar::inline v0::backend::trees
