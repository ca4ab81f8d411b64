#pragma once
/// What XGBoost's model files hold, as they hold it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scalar::inline v0::interchange::xgboost {

inline constexpr std::string_view place = "XGBoost model";

/// A tree; arrays are `[nodes]` unless it says otherwise.
struct RawTree {
  std::int64_t id = -1;
  std::vector<std::int32_t> left, right, feature, default_left, split_type;
  std::vector<float> condition, gain, cover;
  std::int64_t leaf_size = 1;                ///< values of a leaf
  std::vector<float> base_weights;           ///< `[nodes, leaf_size]`
  std::optional<std::vector<float>> leaves;  ///< `[leaves, leaf_size]`: since 3.2, of vector leaves
  // The sets of the nodes that split by categories: node `category_nodes[i]` sends `categories[begin[i]]` and the
  // `size[i] - 1` that follow to the right.
  std::vector<std::int32_t> category_nodes, categories;
  std::vector<std::int64_t> category_begin, category_size;
};

/// The categories of a feature as the training data frame named them (since 3.1).
struct RawCategories {
  std::vector<std::int64_t> offsets;  ///< of texts: where each begins in `values`, and the end
  std::string values;                 ///< of texts: their bytes
  std::vector<std::string> numbers;   ///< the first `most_numbers` of categories that are numbers
  bool is_text = false;

  static constexpr std::size_t most_numbers = 20;
};

/// The version of XGBoost that saved a model: major, minor, patch.
using Version = std::array<std::int64_t, 3>;

/// The parts of a model that matter here; the file may have them in any order.
struct RawModel {
  std::optional<std::string> booster, objective;
  std::optional<std::vector<RawTree>> trees;
  std::vector<std::int32_t> tree_info;
  std::vector<float> tree_weights;    ///< of dart: `[trees]`
  std::vector<float> linear_weights;  ///< of gblinear: `[features + 1, outputs]`, the biases last
  std::vector<float> base;
  std::int64_t features = -1, classes = 0, targets = 1;
  std::vector<std::string> feature_names, feature_types;
  std::vector<RawCategories> categories;  ///< `[features]`, or none
  Version version{};
  std::size_t bytes = 0;  ///< of the file
};

/// Reads a file of JSON or UBJSON. Errors: `Errc::parse`, `Errc::corrupt`.
RawModel read_model(std::string_view file);

}  // namespace scalar::inline v0::interchange::xgboost
