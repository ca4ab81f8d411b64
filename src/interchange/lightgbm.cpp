#include "scalar/interchange/lightgbm.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/append_tree.hpp"
#include "interchange/make_encoder.hpp"
#include "interchange/objective.hpp"
#include "scalar/core/json.hpp"

namespace scalar::inline v0::interchange {
namespace {

constexpr std::string_view place = "LightGBM model";

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, place, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
[[noreturn]] void unsupported(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::unsupported, place, format, std::forward<Arguments>(arguments)...);
}

/// Takes what precedes `end` from `text`, and `end` itself.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return taken;
}

template <class Number>
Number number(std::string_view token, std::string_view where, std::string_view field) {
  Number value{};
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (token.empty() || error != std::errc{} || end != token.data() + token.size())
    fail(Errc::parse, place, "{}: {} holds {}, expected a number", where, field, quoted(token));
  return value;
}

/// Numbers with spaces between them.
template <class Number>
std::vector<Number> numbers(std::string_view text, std::string_view where, std::string_view field) {
  std::vector<Number> found;
  while (!text.empty())
    if (const std::string_view token = take_until(text, ' '); !token.empty())
      found.push_back(number<Number>(token, where, field));
  return found;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty())
    if (const std::string_view word = take_until(text, ' '); !word.empty()) found.emplace_back(word);
  return found;
}

/// A tree of n leaves and n - 1 inner nodes. A child below 0 is the complement of a leaf's number.
struct RawTree {
  std::vector<std::int32_t> feature, left, right, decision;
  std::vector<double> threshold, leaf, gain, inner_cover, leaf_cover;
  std::vector<std::int64_t> category_begin;
  std::vector<std::uint32_t> category_words;
  bool is_linear = false;
};

struct RawModel {
  std::int64_t outputs = -1, features = -1;
  std::optional<std::string> objective;
  bool is_average = false;
  std::vector<std::string> feature_names, feature_infos;
  std::vector<RawTree> trees;
  std::string categorical;  ///< the parameter that names the columns of categories
  json::Value pandas;       ///< for each column of categories in the data frame, its values
};

/// The lines of the text. Carriage returns before their ends are ignored.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    line = take_until(rest_, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
  }

 private:
  std::string_view rest_;
};

void set_field(RawTree& tree, std::string_view key, std::string_view value, const std::string& where) {
  if (key == "split_feature")
    tree.feature = numbers<std::int32_t>(value, where, key);
  else if (key == "left_child")
    tree.left = numbers<std::int32_t>(value, where, key);
  else if (key == "right_child")
    tree.right = numbers<std::int32_t>(value, where, key);
  else if (key == "decision_type")
    tree.decision = numbers<std::int32_t>(value, where, key);
  else if (key == "threshold")
    tree.threshold = numbers<double>(value, where, key);
  else if (key == "leaf_value")
    tree.leaf = numbers<double>(value, where, key);
  else if (key == "split_gain")
    tree.gain = numbers<double>(value, where, key);
  else if (key == "internal_weight")
    tree.inner_cover = numbers<double>(value, where, key);
  else if (key == "leaf_weight")
    tree.leaf_cover = numbers<double>(value, where, key);
  else if (key == "cat_boundaries")
    tree.category_begin = numbers<std::int64_t>(value, where, key);
  else if (key == "cat_threshold")
    tree.category_words = numbers<std::uint32_t>(value, where, key);
  else if (key == "is_linear")
    tree.is_linear = number<int>(value, where, key) != 0;
}

void set_field(RawModel& model, std::string_view key, std::string_view value) {
  if (key == "num_tree_per_iteration")
    model.outputs = number<std::int64_t>(value, "header", key);
  else if (key == "max_feature_idx")
    model.features = number<std::int64_t>(value, "header", key);
  else if (key == "objective")
    model.objective = std::string(value);
  else if (key == "feature_names")
    model.feature_names = words(value);
  else if (key == "feature_infos")
    model.feature_infos = words(value);
  else if (key == "average_output")
    model.is_average = true;
}

/// The header, then trees of `key=value` lines, then what is not needed to predict.
RawModel read_text(std::string_view text) {
  RawModel model;
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line) || line != "tree")
    fail(Errc::parse, place, "begins with {}, expected \"tree\"", quoted(text.substr(0, 20)));
  std::string where = "header";
  bool is_whole = false;
  while (!is_whole && lines.next(line)) {
    is_whole = line == "end of trees";
    std::string_view value = line;
    const std::string_view key = take_until(value, '=');
    if (key == "Tree") {
      where = fmt::format("tree {}", model.trees.size());
      if (number<std::size_t>(value, where, key) != model.trees.size())
        fail(Errc::parse, place, "tree {} follows {} trees", value, model.trees.size());
      model.trees.emplace_back();
    } else if (model.trees.empty()) {
      set_field(model, key, value);
    } else {
      set_field(model.trees.back(), key, value, where);
    }
  }
  if (!is_whole) fail(Errc::parse, place, "ends in {}, expected \"end of trees\"", where);
  constexpr std::string_view categorical = "[categorical_feature: ", pandas = "pandas_categorical:";
  while (lines.next(line)) {
    if (line.starts_with(categorical) && line.ends_with(']'))
      model.categorical = std::string(line.substr(categorical.size(), line.size() - categorical.size() - 1));
    else if (line.starts_with(pandas))
      model.pandas = json::parse(line.substr(pandas.size()), fmt::format("{}: pandas_categorical", place));
  }
  return model;
}

constexpr std::array objectives{
    Objective{"regression", Link::identity},
    Objective{"regression_l1", Link::identity},
    Objective{"huber", Link::identity},
    Objective{"fair", Link::identity},
    Objective{"quantile", Link::identity},
    Objective{"mape", Link::identity},
    Objective{"lambdarank", Link::identity},
    Objective{"rank_xendcg", Link::identity},
    Objective{"custom", Link::identity},
    Objective{"binary", Link::logistic},
    Objective{"cross_entropy", Link::logistic},
    Objective{"multiclass", Link::softmax},
    Objective{"multiclassova", {}, "a logistic for each class, whose sum is not 1"},
    Objective{"poisson", {}, "the exponential of the margin"},
    Objective{"gamma", {}, "the exponential of the margin"},
    Objective{"tweedie", {}, "the exponential of the margin"},
    Objective{"cross_entropy_lambda", {}, "the logarithm of 1 and the exponential of the margin"},
};

/// What an objective makes of the sum of the leaves: the link, after a scaling.
struct Prediction {
  Link link = Link::identity;
  double scale = 1;
};

/// `binary sigmoid:1`, `multiclass num_class:3`: a name and its parameters.
Prediction prediction_of(const RawModel& model) {
  const std::vector<std::string> parts = words(model.objective.value_or("custom"));
  const std::string name = parts.empty() ? "custom" : parts.front();
  Prediction made{.link = link_of(name, objectives, place)};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    constexpr std::string_view sigmoid = "sigmoid:";
    if (parts[i] == "sqrt")
      unsupported("the objective \"{}\" predicts the square of the margin; {}", name, what_links_predict);
    if (name == "binary" && parts[i].starts_with(sigmoid))
      made.scale = number<double>(std::string_view(parts[i]).substr(sigmoid.size()), "header", "sigmoid");
  }
  if (!(made.scale > 0) || std::isinf(made.scale)) corrupt("the sigmoid is {}, expected a positive number", made.scale);
  if (made.link == Link::logistic && model.outputs != 1)
    corrupt("the objective \"{}\" has {} trees per iteration, expected 1", name, model.outputs);
  if (made.link == Link::softmax && model.outputs < 2)
    corrupt("the objective \"{}\" has {} trees per iteration, expected 2 or more", name, model.outputs);
  return made;
}

/// Gives the nodes of a tree: inner nodes keep their numbers, leaves follow them.
class TreeNodes {
 public:
  TreeNodes(const RawTree& tree, std::size_t number, std::int64_t features)
      : tree_(tree), number_(number), features_(features), inner_(static_cast<std::int64_t>(tree.leaf.size()) - 1) {
    const auto is_inner = [&](const auto& array) { return static_cast<std::int64_t>(array.size()) == inner_; };
    if (tree.is_linear) unsupported("tree {} has linear leaves, expected numbers", number);
    if (inner_ < 0 || !is_inner(tree.feature) || !is_inner(tree.left) || !is_inner(tree.right) ||
        !is_inner(tree.decision) || !is_inner(tree.threshold))
      corrupt("tree {} has {} leaves and arrays of nodes of other lengths than {}", number, tree.leaf.size(), inner_);
    if (!tree.category_begin.empty() &&
        (tree.category_begin.front() != 0 ||
         tree.category_begin.back() != static_cast<std::int64_t>(tree.category_words.size()) ||
         !std::is_sorted(tree.category_begin.begin(), tree.category_begin.end())))
      corrupt("tree {} has cat_boundaries that do not cover cat_threshold", number);
  }

  std::int64_t count() const { return 2 * inner_ + 1; }
  bool has_gain() const { return static_cast<std::int64_t>(tree_.gain.size()) == inner_; }
  bool has_cover() const {
    return inner_ == 0 || (static_cast<std::int64_t>(tree_.inner_cover.size()) == inner_ &&
                           static_cast<std::int64_t>(tree_.leaf_cover.size()) == inner_ + 1);
  }

  SourceNode at(std::int64_t i) const {
    SourceNode made;
    if (i >= inner_) {
      const auto leaf = static_cast<std::size_t>(i - inner_);
      made.value = tree_.leaf[leaf];
      if (has_cover() && inner_ > 0) made.cover = static_cast<float>(tree_.leaf_cover[leaf]);
      return made;
    }
    const auto node = static_cast<std::size_t>(i);
    made.feature = tree_.feature[node];
    if (made.feature < 0 || made.feature >= features_)
      corrupt("tree {}, node {} asks feature {} of {}", number_, i, made.feature, features_);
    made.left = child(tree_.left[node]);
    made.right = child(tree_.right[node]);
    if (has_gain()) made.gain = static_cast<float>(tree_.gain[node]);
    if (has_cover()) made.cover = static_cast<float>(tree_.inner_cover[node]);
    constexpr std::int32_t categorical = 1, default_left = 2;
    const std::int32_t decision = tree_.decision[node];
    if ((decision & categorical) != 0) {
      made.categories = categories(node);  // NaN is in no set, whatever the node says of missing values
      return made;
    }
    const bool left = (decision & default_left) != 0;
    switch (decision >> 2 & 3) {
      case 0:
        made.missing = Missing::nan_is_zero;
        break;
      case 1:
        made.missing = left ? Missing::zero_left : Missing::zero_right;
        break;
      case 2:
        made.missing = left ? Missing::nan_left : Missing::nan_right;
        break;
      default:
        corrupt("tree {}, node {} has the decision type {}", number_, i, decision);
    }
    // Infinity: all numbers go left, and what is missing goes right.
    if (!(tree_.threshold[node] > -std::numeric_limits<double>::infinity()))
      corrupt("tree {}, node {} splits at {}", number_, i, shown(tree_.threshold[node]));
    // LightGBM sends `x <= threshold` left.
    made.value = std::nextafter(tree_.threshold[node], std::numeric_limits<double>::infinity());
    return made;
  }

 private:
  std::int64_t child(std::int32_t number) const {
    if (number >= inner_ || ~std::int64_t{number} > inner_)
      corrupt("tree {} has a child {} of {} inner nodes and {} leaves", number_, number, inner_, inner_ + 1);
    return number >= 0 ? number : inner_ + ~std::int64_t{number};
  }
  std::vector<std::uint32_t> categories(std::size_t node) const {
    const double set = tree_.threshold[node];
    const auto sets = static_cast<double>(tree_.category_begin.size()) - 1;
    if (!(set >= 0 && set < sets) || set != std::floor(set))
      corrupt("tree {}, node {} asks for set {} of {} sets of categories", number_, node, shown(set),
              (std::max)(sets, 0.0));
    const auto begin = tree_.category_words.begin() + tree_.category_begin[static_cast<std::size_t>(set)];
    return {begin, tree_.category_words.begin() + tree_.category_begin[static_cast<std::size_t>(set) + 1]};
  }

  const RawTree& tree_;
  std::size_t number_;
  std::int64_t features_, inner_;
};

Forest forest_of(const RawModel& model, std::vector<std::string>& notes) {
  const Prediction prediction = prediction_of(model);
  Forest forest;
  forest.features = model.features;
  forest.outputs = model.outputs;
  forest.link = prediction.link;
  forest.width = DataType::float64;
  forest.base.assign(static_cast<std::size_t>(model.outputs), 0.0);
  forest.start.assign(static_cast<std::size_t>(model.outputs), 0.0);
  const auto trees = static_cast<std::int64_t>(model.trees.size());
  if (trees % model.outputs != 0) corrupt("has {} trees for {} outputs", trees, model.outputs);
  const std::int64_t rounds = trees / model.outputs;
  const double divisor = model.is_average && rounds > 0 ? static_cast<double>(rounds) : 1.0;
  std::size_t words = 0;
  for (const RawTree& tree : model.trees) words += tree.category_words.size();
  TreeAppender appender(forest, place, 2 * words + 1);  // nodes may share a set, though LightGBM's do not
  bool has_gain = true, has_cover = true;
  for (std::size_t t = 0; t < model.trees.size(); ++t) {
    const TreeNodes nodes(model.trees[t], t, forest.features);
    const auto output = static_cast<std::int32_t>(static_cast<std::int64_t>(t) % forest.outputs);
    appender.append(output, nodes.count(), 0, [&](std::int64_t i) {
      SourceNode node = nodes.at(i);
      if (node.feature < 0) node.value = node.value * prediction.scale / divisor;
      return node;
    });
    has_gain = has_gain && nodes.has_gain();
    has_cover = has_cover && nodes.has_cover();
  }
  appender.finish(has_gain, has_cover);
  if (model.is_average)
    notes.push_back(fmt::format("margins are averages of LightGBM's trees: its raw scores divided by {}", divisor));
  if (prediction.scale != 1)
    notes.push_back(fmt::format("margins are LightGBM's raw scores times its sigmoid, {}", shown(prediction.scale)));
  if (!model.objective || *model.objective == "custom")
    notes.emplace_back("the file names no objective of LightGBM, so predictions are its raw scores");
  return forest;
}

/// The columns of categories: as the parameters number them, else as the infos of the features list values.
std::vector<std::size_t> category_columns(const RawModel& model) {
  std::vector<std::size_t> columns;
  std::string_view listed = model.categorical;
  bool are_numbers = !listed.empty();
  while (!listed.empty() && are_numbers) {
    const std::string_view token = take_until(listed, ',');
    std::size_t column = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), column);
    are_numbers = error == std::errc{} && end == token.data() + token.size() && column < model.feature_names.size();
    columns.push_back(column);
  }
  if (are_numbers) {
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    return columns;
  }
  columns.clear();
  for (std::size_t i = 0; i < model.feature_infos.size(); ++i)
    if (!model.feature_infos[i].starts_with('[') && model.feature_infos[i] != "none") columns.push_back(i);
  return columns;
}

/// The texts of a column of categories; none if they are not all texts.
std::vector<std::string> category_texts(const json::Value& values) {
  std::vector<std::string> texts;
  if (!values.is_array()) return {};
  for (const json::Value& value : values.as_array()) {
    if (!value.is_string()) return {};
    texts.push_back(value.as_string());
  }
  return texts;
}

std::string note_of_codes(const std::string& column, const json::Value* values) {
  std::string note = fmt::format("input {} holds categories as numbers", quoted(column));
  if (values == nullptr || !values->is_array()) return note;
  note += ", which pandas numbers in the order ";
  constexpr std::size_t most = 20;
  const json::Array& all = values->as_array();
  for (std::size_t i = 0; i < all.size() && i < most; ++i) note += (i == 0 ? "" : ", ") + all[i].dump();
  return note + (all.size() > most ? ", ..." : "");
}

Encoder encoder_of(const RawModel& model, Link link, std::vector<std::string>& notes) {
  EncoderParts parts;
  parts.classes = numbered_classes(link, model.outputs);
  for (const std::string& name : model.feature_names) parts.columns.push_back({.name = name});
  const std::vector<std::size_t> columns = category_columns(model);
  const json::Array* pandas = model.pandas.is_array() ? &model.pandas.as_array() : nullptr;
  // The lists are in the order of the columns, but they do not say which columns.
  const bool are_matched = pandas != nullptr && pandas->size() == columns.size();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    ColumnEncoding& column = parts.columns[columns[i]];
    const json::Value* values = are_matched ? &(*pandas)[i] : nullptr;
    if (values != nullptr) column.categories = category_texts(*values);
    column.is_text = !column.categories.empty();
    if (!column.is_text) notes.push_back(note_of_codes(column.name, values));
  }
  if (pandas != nullptr && !pandas->empty() && !are_matched)
    notes.push_back(
        fmt::format("pandas_categorical lists {} columns and the model has {} of categories, so all of them "
                    "are numbers",
                    pandas->size(), columns.size()));
  return make_encoder(std::move(parts), place);
}

}  // namespace

ImportedModel read_lightgbm(std::string_view model_text) {
  RawModel model = read_text(model_text);
  // A line gives the highest number.
  if (model.features < -1 || model.features >= (std::numeric_limits<std::int32_t>::max)())
    corrupt("max_feature_idx is {}", model.features);
  ++model.features;
  if (static_cast<std::int64_t>(model.feature_names.size()) != model.features)
    corrupt("names {} features of {}", model.feature_names.size(), model.features);
  if (!model.feature_infos.empty() && model.feature_infos.size() != model.feature_names.size())
    corrupt("has feature_infos of {} of {} features", model.feature_infos.size(), model.features);
  // Each output costs memory, so a short text must not claim many.
  if (model.outputs < 1 || model.outputs > static_cast<std::int64_t>(model_text.size()))
    corrupt("num_tree_per_iteration is {} or missing", model.outputs);
  ImportedModel made;
  Forest forest = forest_of(model, made.notes);
  made.encoder = encoder_of(model, forest.link, made.notes);
  made.parameters = std::move(forest);
  return made;
}

}  // namespace scalar::inline v0::interchange
