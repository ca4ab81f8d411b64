#include "scalar/interchange/catboost.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/append_tree.hpp"
#include "interchange/make_encoder.hpp"

namespace scalar::inline v0::interchange {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view place = "CatBoost model";

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, place, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
[[noreturn]] void unsupported(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::unsupported, place, format, std::forward<Arguments>(arguments)...);
}

/// Asks whether a number is above a border, or a category is the one with a hash.
struct RawSplit {
  std::string type;
  std::int64_t feature = -1;  ///< among the features of its kind
  double border = std::numeric_limits<double>::quiet_NaN();
  std::uint32_t hash = 0;
};

/// All nodes of a level ask the same. Bit i of a leaf's number is the answer to split i.
struct RawTree {
  std::vector<RawSplit> splits;
  std::vector<double> leaves;   ///< `[2^splits, outputs]`
  std::vector<double> weights;  ///< `[2^splits]`, or none
};

struct RawFeature {
  std::string name;
  std::int64_t column = -1;  ///< among all features
  std::string nan;           ///< what NaN stands for: "AsIs", "AsFalse" or "AsTrue"; empty for categories
};

struct RawModel {
  std::optional<std::string> loss;
  std::vector<std::string> classes;
  std::vector<RawFeature> numbers, categories;
  std::multimap<std::uint32_t, std::string> texts;  ///< of categories, by hash
  std::optional<std::vector<RawTree>> trees;
  bool has_other_trees = false, has_ctrs = false, has_other_features = false;
  double scale = 1;
  std::vector<double> bias;
  std::size_t bytes = 0;
};

std::string text(ondemand::value value) { return std::string(std::string_view(value.get_string())); }

/// A number, a boolean or a text, as a text.
std::string spelled(ondemand::value value) {
  switch (value.type()) {
    case ondemand::json_type::string:
      return text(value);
    case ondemand::json_type::boolean:
      return bool(value.get_bool()) ? "true" : "false";
    default:
      return shown(double(value.get_double()));
  }
}

std::vector<double> numbers(ondemand::value value) {
  std::vector<double> found;
  for (auto element : value.get_array()) found.push_back(element.get_double());
  return found;
}

bool is_empty(ondemand::value value) {
  if (value.type() == ondemand::json_type::null) return true;
  if (value.type() != ondemand::json_type::array) return false;
  ondemand::array array = value.get_array();
  return array.is_empty();
}

RawFeature read_feature(ondemand::object object) {
  RawFeature feature;
  std::string id;
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    if (key == "flat_feature_index")
      feature.column = field.value().get_int64();
    else if (key == "feature_name")
      feature.name = text(field.value());
    else if (key == "feature_id")
      id = spelled(field.value());
    else if (key == "nan_value_treatment")
      feature.nan = text(field.value());
  }
  if (feature.name.empty()) feature.name = std::move(id);
  return feature;
}

std::vector<RawFeature> read_features(ondemand::value value) {
  std::vector<RawFeature> features;
  if (value.type() == ondemand::json_type::null) return features;
  for (auto element : value.get_array()) features.push_back(read_feature(element.get_object()));
  return features;
}

/// CatBoost writes the low 32 bits of a hash with and without a sign.
std::uint32_t hash_of(std::int64_t number) {
  if (number < (std::numeric_limits<std::int32_t>::min)() || number > (std::numeric_limits<std::uint32_t>::max)())
    corrupt("has a hash of {}, expected 32 bits", number);
  return static_cast<std::uint32_t>(number);
}

void read_texts(ondemand::value value, RawModel& model) {
  if (value.type() == ondemand::json_type::null) return;
  for (auto element : value.get_array()) {
    std::optional<std::int64_t> hash;
    std::optional<std::string> word;
    for (auto field : element.get_object()) {
      const std::string_view key = field.unescaped_key();
      if (key == "hash")
        hash = std::int64_t(field.value().get_int64());
      else if (key == "value")
        word = spelled(field.value());
    }
    if (!hash || !word) corrupt("cat_features_hash holds an entry without hash or value");
    model.texts.emplace(hash_of(*hash), std::move(*word));
  }
}

void read_features_info(ondemand::object object, RawModel& model) {
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "float_features")
      model.numbers = read_features(value);
    else if (key == "categorical_features")
      model.categories = read_features(value);
    else if (key == "cat_features_hash")
      read_texts(value, model);
    else if (key == "ctrs")
      model.has_ctrs = !is_empty(value);
    else if (key == "text_features" || key == "embedding_features")
      model.has_other_features = model.has_other_features || !is_empty(value);
  }
}

RawSplit read_split(ondemand::object object) {
  RawSplit split;
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    if (key == "split_type")
      split.type = text(field.value());
    else if (key == "float_feature_index" || key == "cat_feature_index")
      split.feature = field.value().get_int64();
    else if (key == "border")
      split.border = field.value().get_double();
    else if (key == "value")
      split.hash = hash_of(field.value().get_int64());
  }
  return split;
}

RawTree read_tree(ondemand::object object) {
  RawTree tree;
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "leaf_values") {
      tree.leaves = numbers(value);
    } else if (key == "leaf_weights") {
      if (value.type() != ondemand::json_type::null) tree.weights = numbers(value);
    } else if (key == "splits" && value.type() != ondemand::json_type::null) {
      for (auto split : value.get_array()) tree.splits.push_back(read_split(split.get_object()));
    }
  }
  return tree;
}

/// `[scale, [bias, ...]]`, or `[scale, bias]` in old versions.
void read_scale(ondemand::value value, RawModel& model) {
  std::size_t position = 0;
  for (auto element : value.get_array()) {
    ondemand::value part = element.value();
    if (position == 0)
      model.scale = part.get_double();
    else if (part.type() == ondemand::json_type::array)
      model.bias = numbers(part);
    else
      model.bias = {part.get_double()};
    ++position;
  }
  if (position != 2) corrupt("scale_and_bias has {} parts, expected 2", position);
}

void read_info(ondemand::object object, RawModel& model) {
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    if (key == "class_params") {
      for (auto part : field.value().get_object())
        if (std::string_view(part.unescaped_key()) == "class_names")
          for (auto name : part.value().get_array()) model.classes.push_back(spelled(name.value()));
    } else if (key == "params") {
      for (auto part : field.value().get_object()) {
        if (std::string_view(part.unescaped_key()) != "loss_function") continue;
        for (auto entry : part.value().get_object())
          if (std::string_view(entry.unescaped_key()) == "type") model.loss = text(entry.value());
      }
    }
  }
}

void read_document(ondemand::document& document, RawModel& model) {
  for (auto field : document.get_object()) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "model_info") {
      read_info(value.get_object(), model);
    } else if (key == "features_info") {
      read_features_info(value.get_object(), model);
    } else if (key == "oblivious_trees") {
      model.trees.emplace();
      for (auto tree : value.get_array()) model.trees->push_back(read_tree(tree.get_object()));
    } else if (key == "trees") {
      model.has_other_trees = !is_empty(value);
    } else if (key == "scale_and_bias") {
      read_scale(value, model);
    }
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS)
    fail(Errc::parse, place, "text follows the end of the model");
}

RawModel read_model(std::string_view file) {
  RawModel model;
  model.bytes = file.size();
  const simdjson::padded_string padded(file);
  try {
    ondemand::parser parser;
    ondemand::document document = parser.iterate(padded);
    read_document(document, model);
  } catch (const simdjson::simdjson_error& error) {
    const bool shape = error.error() == simdjson::INCORRECT_TYPE || error.error() == simdjson::NUMBER_OUT_OF_RANGE;
    fail(shape ? Errc::corrupt : Errc::parse, place, "does not read as JSON of a model: {}{}", error.what(),
         file.starts_with("CBM1") ? " (this is CatBoost's binary form: save it with format=\"json\")" : "");
  }
  return model;
}

/// How a loss turns margins into predictions: with a link, or in a way that no `Link` can express.
struct Objective {
  std::string_view name;
  std::optional<Link> link{};
  std::string_view predicts{};
};

constexpr std::array objectives{
    Objective{"RMSE", Link::identity},
    Objective{"MAE", Link::identity},
    Objective{"Quantile", Link::identity},
    Objective{"MultiQuantile", Link::identity},
    Objective{"Expectile", Link::identity},
    Objective{"Lq", Link::identity},
    Objective{"MAPE", Link::identity},
    Objective{"Huber", Link::identity},
    Objective{"LogCosh", Link::identity},
    Objective{"MultiRMSE", Link::identity},
    Objective{"MultiRMSEWithMissingValues", Link::identity},
    Objective{"PairLogit", Link::identity},
    Objective{"PairLogitPairwise", Link::identity},
    Objective{"YetiRank", Link::identity},
    Objective{"YetiRankPairwise", Link::identity},
    Objective{"QueryRMSE", Link::identity},
    Objective{"QuerySoftMax", Link::identity},
    Objective{"StochasticRank", Link::identity},
    Objective{"LambdaMart", Link::identity},
    Objective{"Logloss", Link::logistic},
    Objective{"CrossEntropy", Link::logistic},
    Objective{"MultiClass", Link::softmax},
    Objective{"MultiClassOneVsAll", {}, "a logistic for each class, whose sum is not 1"},
    Objective{"MultiLogloss", {}, "a logistic for each label"},
    Objective{"MultiCrossEntropy", {}, "a logistic for each label"},
    Objective{"Poisson", {}, "the exponential of the margin"},
    Objective{"Tweedie", {}, "the exponential of the margin"},
    Objective{"LogLinQuantile", {}, "the exponential of the margin"},
    Objective{"RMSEWithUncertainty", {}, "a mean and the logarithm of a deviation"},
};

Link link_of(const RawModel& model, std::int64_t outputs) {
  if (!model.loss) corrupt("does not name its loss function");
  const auto known = std::ranges::find(objectives, *model.loss, &Objective::name);
  if (known == objectives.end())
    unsupported("the loss {} is not known, so what it predicts is not", scalar::quoted(*model.loss));
  if (!known->link)
    unsupported("the loss \"{}\" predicts {}; a forest predicts the margins, their logistic or their softmax",
                *model.loss, known->predicts);
  if (*known->link == Link::logistic && outputs != 1)
    corrupt("the loss \"{}\" has {} outputs, expected 1", *model.loss, outputs);
  if (*known->link == Link::softmax && outputs < 2)
    corrupt("the loss \"{}\" has 1 output, expected 2 or more", *model.loss);
  return *known->link;
}

/// The columns that the model reads, and what its features are among them.
struct Columns {
  std::vector<ColumnEncoding> all{};
  std::map<std::pair<std::size_t, std::uint32_t>, std::vector<std::uint32_t>> sets{};  ///< by column and hash
};

void add_column(Columns& columns, const RawFeature& feature, bool is_text, std::size_t features) {
  // The file may leave out features that no tree asks for. A column costs memory, so a few must not claim many.
  if (feature.column < 0 || feature.column >= static_cast<std::int64_t>(1024 + 16 * features))
    corrupt("feature {} of {} is column {}", scalar::quoted(feature.name), features, feature.column);
  const auto at = static_cast<std::size_t>(feature.column);
  if (columns.all.size() <= at) columns.all.resize(at + 1);
  if (!columns.all[at].name.empty()) corrupt("two features are column {}", at);
  columns.all[at].name = feature.name.empty() ? fmt::format("{}", at) : feature.name;
  columns.all[at].is_text = is_text;
}

Columns columns_of(const RawModel& model) {
  Columns columns;
  const std::size_t features = model.numbers.size() + model.categories.size();
  for (const RawFeature& feature : model.numbers) add_column(columns, feature, false, features);
  for (const RawFeature& feature : model.categories) add_column(columns, feature, true, features);
  for (std::size_t i = 0; i < columns.all.size(); ++i)
    if (columns.all[i].name.empty()) columns.all[i].name = fmt::format("{}", i);
  return columns;
}

class Converter {
 public:
  Converter(const RawModel& model, Columns columns) : model_(model), columns_(std::move(columns)) {}

  Forest forest() {
    Forest made;
    made.features = static_cast<std::int64_t>(columns_.all.size());
    made.outputs = outputs();
    made.link = link_of(model_, made.outputs);
    made.width = DataType::float64;
    made.base = model_.bias.empty() ? std::vector<double>(static_cast<std::size_t>(made.outputs)) : model_.bias;
    if (static_cast<std::int64_t>(made.base.size()) != made.outputs)
      corrupt("has {} biases for {} outputs", made.base.size(), made.outputs);
    made.start.assign(static_cast<std::size_t>(made.outputs), 0.0);
    bool has_cover = true;
    // A set names a category by a bit; there are no more categories than texts.
    TreeAppender appender(made, place, 64 * model_.bytes + 64);
    for (const RawTree& tree : *model_.trees) {
      check(tree, made.tree_output.size());
      has_cover = has_cover && !tree.weights.empty();
      for (std::int64_t k = 0; k < made.outputs; ++k) append(appender, tree, k);
    }
    appender.finish(false, has_cover);
    return made;
  }

  Encoder encoder(Link link, std::int64_t outputs) && {
    EncoderParts parts;
    parts.classes = link == Link::identity || model_.classes.empty() ? numbered_classes(link, outputs) : model_.classes;
    if (parts.classes.size() != class_count(link, outputs))
      corrupt("names {} classes of {}", parts.classes.size(), class_count(link, outputs));
    parts.columns = std::move(columns_.all);
    return make_encoder(std::move(parts), place);
  }

 private:
  /// Of the first tree; without trees, one per bias.
  std::int64_t outputs() const {
    if (model_.trees->empty()) return (std::max)(std::int64_t{1}, static_cast<std::int64_t>(model_.bias.size()));
    const RawTree& first = model_.trees->front();
    if (first.splits.size() > most_splits) corrupt("tree 0 has {} splits", first.splits.size());
    return (std::max)(std::int64_t{1}, static_cast<std::int64_t>(first.leaves.size() >> first.splits.size()));
  }

  void check(const RawTree& tree, std::size_t tree_number) const {
    const auto number = tree_number / static_cast<std::size_t>(outputs());
    if (tree.splits.size() > most_splits || tree.leaves.size() != static_cast<std::size_t>(outputs())
                                                                      << tree.splits.size())
      corrupt("tree {} has {} splits and {} leaf values, expected {} for each of 2^splits leaves", number,
              tree.splits.size(), tree.leaves.size(), outputs());
    if (!tree.weights.empty() && tree.weights.size() != std::size_t{1} << tree.splits.size())
      corrupt("tree {} has {} leaf weights for {} splits", number, tree.weights.size(), tree.splits.size());
  }

  /// A complete tree in heap order: the root asks the last split, so that leaves keep their order.
  void append(TreeAppender& appender, const RawTree& tree, std::int64_t output) {
    const std::size_t depth = tree.splits.size(), leaves = std::size_t{1} << depth;
    std::vector<SourceNode> asked;
    for (std::size_t level = 0; level < depth; ++level) asked.push_back(question(tree.splits[depth - 1 - level]));
    std::vector<double> cover(2 * leaves, 0.0);
    if (!tree.weights.empty()) std::copy(tree.weights.begin(), tree.weights.end(), cover.begin() + as_offset(leaves));
    for (std::size_t node = leaves - 1; node > 0; --node) cover[node] = cover[2 * node] + cover[2 * node + 1];
    appender.append(static_cast<std::int32_t>(output), static_cast<std::int64_t>(2 * leaves), 1, [&](std::int64_t i) {
      const auto node = static_cast<std::size_t>(i);
      SourceNode made;
      if (node >= leaves) {
        const std::size_t at = (node - leaves) * static_cast<std::size_t>(outputs()) + static_cast<std::size_t>(output);
        made.value = tree.leaves[at] * model_.scale;
      } else {
        std::size_t level = 0;
        while (node >> (level + 1) != 0) ++level;
        made = asked[level];
        // The answer "no" is bit 0, the left half of the leaves. A set's members go left, so its halves are swapped.
        made.left = made.categories ? 2 * i + 1 : 2 * i;
        made.right = made.categories ? 2 * i : 2 * i + 1;
      }
      made.cover = static_cast<float>(cover[node]);
      return made;
    });
  }

  static std::ptrdiff_t as_offset(std::size_t count) { return static_cast<std::ptrdiff_t>(count); }

  SourceNode question(const RawSplit& split) {
    const bool is_number = split.type == "FloatFeature";
    if (!is_number && split.type != "OneHotFeature")
      unsupported("splits by {}, expected FloatFeature or OneHotFeature{}", scalar::quoted(split.type),
                  split.type == "OnlineCtr" ? ": train with a larger one_hot_max_size" : "");
    const auto& features = is_number ? model_.numbers : model_.categories;
    if (split.feature < 0 || split.feature >= static_cast<std::int64_t>(features.size()))
      corrupt("a split asks feature {} of {} {}", split.feature, features.size(), is_number ? "numbers" : "categories");
    const RawFeature& feature = features[static_cast<std::size_t>(split.feature)];
    SourceNode made;
    made.feature = static_cast<std::int32_t>(feature.column);
    if (!is_number) {
      made.categories = set_of(feature, split.hash);
      return made;
    }
    if (!std::isfinite(split.border)) corrupt("a split of {} has no border", scalar::quoted(feature.name));
    // CatBoost asks `x > border`.
    made.value = std::nextafter(split.border, std::numeric_limits<double>::infinity());
    if (feature.nan == "AsTrue")
      made.missing = Missing::nan_right;
    else if (feature.nan == "AsFalse" || feature.nan == "AsIs")  // as it is, NaN is above no border
      made.missing = Missing::nan_left;
    else
      corrupt("feature {} treats NaN {}, expected AsIs, AsFalse or AsTrue", scalar::quoted(feature.name),
              scalar::quoted(feature.nan));
    return made;
  }

  /// The categories with a hash, which become categories of the feature's column.
  std::vector<std::uint32_t> set_of(const RawFeature& feature, std::uint32_t hash) {
    const auto column = static_cast<std::size_t>(feature.column);
    const auto [set, is_new] = columns_.sets.try_emplace({column, hash});
    if (!is_new) return set->second;
    const auto [begin, end] = model_.texts.equal_range(hash);
    if (begin == end)
      unsupported("a split of {} asks for a category whose text the file does not have: save it with pool=",
                  scalar::quoted(feature.name));
    auto& categories = columns_.all[column].categories;
    for (auto word = begin; word != end; ++word) {
      const auto known = std::find(categories.begin(), categories.end(), word->second);
      add_category(set->second, static_cast<std::uint32_t>(known - categories.begin()));
      if (known == categories.end()) categories.push_back(word->second);
    }
    return set->second;
  }

  static constexpr std::size_t most_splits = 30;

  const RawModel& model_;
  Columns columns_;
};

}  // namespace

ImportedModel read_catboost(std::string_view model_json) {
  const RawModel model = read_model(model_json);
  if (model.has_other_trees) unsupported("has trees that are not symmetric: train with grow_policy=\"SymmetricTree\"");
  if (model.has_other_features) unsupported("reads features of texts or embeddings");
  if (model.has_ctrs)
    unsupported("has statistics of the target for categories (CTRs): train with a larger one_hot_max_size");
  if (!model.trees) corrupt("has no oblivious_trees");
  Converter converter(model, columns_of(model));
  ImportedModel made;
  Forest forest = converter.forest();
  made.encoder = std::move(converter).encoder(forest.link, forest.outputs);
  made.parameters = std::move(forest);
  return made;
}

}  // namespace scalar::inline v0::interchange
