#pragma once
/// Random forests and what the definition in spec/forest.hpp says they predict.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "scalar/spec/forest.hpp"

namespace forests {

using namespace scalar;

/// Whether a row goes left at a node, by the words of the definition.
template <class Width>
bool goes_left(const Forest& forest, std::size_t node, float value) {
  const auto missing = static_cast<Missing>(forest.missing[node]);
  const bool zero_counts = missing == Missing::zero_left || missing == Missing::zero_right;
  if (std::isnan(value) && missing == Missing::nan_is_zero) value = 0;
  if (std::isnan(value) || (zero_counts && std::abs(value) <= 1e-35f))
    return missing == Missing::nan_left || missing == Missing::zero_left;
  if (!forest.has_categories() || forest.category_set[node] < 0)
    return static_cast<Width>(value) < static_cast<Width>(forest.value[node]);
  const auto words = forest.words(forest.category_set[node]);
  const double category = std::trunc(value);
  if (value < 0 || category >= 32.0 * static_cast<double>(words.size())) return false;
  const auto number = static_cast<std::size_t>(category);
  return (words[number / 32] >> number % 32 & 1) != 0;
}

/// One margin row by the words of the definition, node by node.
template <class Width>
std::vector<double> walk(const Forest& forest, const float* x) {
  std::vector<Width> sums(forest.start.begin(), forest.start.end());
  for (std::size_t tree = 0; tree < static_cast<std::size_t>(forest.trees()); ++tree) {
    const auto root = static_cast<std::size_t>(forest.tree_begin[tree]);
    std::size_t node = root;
    while (forest.feature[node] >= 0)
      node =
          root + static_cast<std::size_t>(goes_left<Width>(forest, node, x[forest.feature[node]]) ? forest.left[node]
                                                                                                  : forest.right[node]);
    sums[static_cast<std::size_t>(forest.tree_output[tree])] += static_cast<Width>(forest.value[node]);
  }
  std::vector<double> margins(forest.base);
  for (std::size_t k = 0; k < margins.size(); ++k) margins[k] += static_cast<double>(sums[k]);
  return margins;
}

struct Shape {
  int trees = 20, depth = 6, features = 9, outputs = 1;
  bool full = true;  ///< complete trees; else ragged ones
  DataType width = DataType::float32;
  bool with_sets = false;  ///< a half of the inner nodes look up categories
};

/// Gives some inner nodes sets of categories of all sizes, some of them shared.
inline void add_sets(Forest& forest, std::mt19937& random) {
  forest.category_begin = {0};
  for (const std::size_t words : {0, 1, 1, 1, 2, 3, 40}) {
    for (std::size_t word = 0; word < words; ++word)
      forest.category_words.push_back(static_cast<std::uint32_t>(random()));
    forest.category_begin.push_back(static_cast<std::int64_t>(forest.category_words.size()));
  }
  for (std::size_t node = 0; node < forest.feature.size(); ++node)
    forest.category_set.push_back(forest.feature[node] < 0 || random() % 2 == 0
                                      ? -1
                                      : static_cast<std::int32_t>(random() % (forest.category_begin.size() - 1)));
}

/// Values that trip comparisons.
inline float awkward(std::mt19937& random) {
  constexpr float limits[] = {0.0f,
                              -0.0f,
                              1e-42f,
                              -1e-42f,
                              3e38f,
                              -3e38f,
                              std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity(),
                              1e-35f,
                              -1e-35f,
                              1.0000001e-35f,
                              1.0f,
                              0x1.fffffep-1f};
  return random() % 4 == 0 ? limits[random() % std::size(limits)] : std::normal_distribution<float>()(random);
}

inline Forest make(const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  Forest forest;
  forest.features = shape.features;
  forest.outputs = shape.outputs;
  forest.width = shape.width;
  forest.link = shape.outputs > 1 ? Link::softmax : Link::identity;
  for (int k = 0; k < shape.outputs; ++k) {
    forest.start.push_back(std::normal_distribution<float>()(random));
    forest.base.push_back(std::normal_distribution<double>()(random));
  }
  forest.tree_begin.push_back(0);
  for (int tree = 0; tree < shape.trees; ++tree) {
    const auto first = forest.feature.size();
    const auto grow = [&](const auto& self, int level) -> std::int32_t {
      const std::size_t at = forest.feature.size();
      const bool leaf = level == shape.depth || (!shape.full && random() % 3 == 0);
      const double value = shape.width == DataType::float32 || random() % 2 == 0
                               ? awkward(random)
                               : std::normal_distribution<double>()(random);
      forest.feature.push_back(leaf ? -1 : static_cast<std::int32_t>(random() % static_cast<unsigned>(shape.features)));
      forest.value.push_back(leaf && !std::isfinite(value) ? 0.25 : value);
      forest.left.push_back(0);
      forest.right.push_back(0);
      forest.missing.push_back(static_cast<std::uint8_t>(random() % 6));
      if (!leaf) {
        const std::int32_t left = self(self, level + 1), right = self(self, level + 1);
        forest.left[at] = left;
        forest.right[at] = right;
      }
      return static_cast<std::int32_t>(at - first);
    };
    grow(grow, 0);
    forest.tree_begin.push_back(static_cast<std::int64_t>(forest.feature.size()));
    forest.tree_output.push_back(tree % shape.outputs);
  }
  if (shape.with_sets) add_sets(forest, random);
  return forest;
}

inline std::vector<float> rows(int count, int features, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(static_cast<std::size_t>(count * features));
  for (float& value : values) value = random() % 8 == 0 ? std::numeric_limits<float>::quiet_NaN() : awkward(random);
  return values;
}

/// Rows for forests with sets: categories known and unknown, and all that is none.
inline std::vector<float> category_rows(int count, int features, unsigned seed) {
  std::mt19937 random(seed);
  constexpr float odd[] = {31.0f,   32.0f,         63.9f, 1279.0f, 1280.0f, 0x1p24f, 0x1.fffffep30f, 0x1p31f,
                           0x1p32f, 4294967040.0f, 1e30f, -1.0f,   -0.5f,   0.99f,   -0x1p31f,       -4096.0f};
  std::vector<float> values = rows(count, features, seed);
  for (float& value : values) {
    const unsigned kind = random() % 8;
    if (kind < 5) value = static_cast<float>(random() % (kind < 3 ? 33U : 1400U));
    if (kind == 5) value = odd[random() % std::size(odd)];
  }
  return values;
}

}  // namespace forests
