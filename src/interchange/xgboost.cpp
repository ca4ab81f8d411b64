#include "scalar/interchange/xgboost.hpp"

#include <fmt/core.h>
#include <simdjson.h>

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

namespace scalar::inline v0::interchange {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view place = "XGBoost model";

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, place, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
[[noreturn]] void unsupported(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::unsupported, place, format, std::forward<Arguments>(arguments)...);
}

std::string_view trimmed(std::string_view token) {
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

/// A number rounded once, to float: by way of a double, some would come out one unit off.
float to_float(std::string_view token, std::string_view what) {
  token = trimmed(token);
  // XGBoost writes these words without quotes, which JSON does not allow.
  if (token == "Infinity") return std::numeric_limits<float>::infinity();
  if (token == "-Infinity") return -std::numeric_limits<float>::infinity();
  if (token == "NaN") return std::numeric_limits<float>::quiet_NaN();
  float number = 0;
  const bool starts = !token.empty() && (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'));
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (!starts || error != std::errc{} || end != token.data() + token.size())
    corrupt("{} holds \"{}\", expected a number of 32 bits", what, token.substr(0, 40));
  return number;
}

/// XGBoost writes the numbers of its parameters as strings.
std::int64_t to_integer(std::string_view token, std::string_view what) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (error != std::errc{} || end != token.data() + token.size())
    corrupt("{} is \"{}\", expected a whole number", what, token.substr(0, 40));
  return number;
}

/// A parameter, written as `"3"` or as `3`.
std::string parameter(ondemand::value value) {
  if (value.type() == ondemand::json_type::string) return std::string(std::string_view(value.get_string()));
  return std::string(trimmed(value.raw_json_token()));
}

std::vector<std::int32_t> integers(ondemand::value value, std::string_view what) {
  std::vector<std::int32_t> numbers;
  for (auto element : value.get_array()) {
    std::int64_t number = 0;
    ondemand::value item = element.value();
    // Before 1.6 default_left was an array of booleans.
    if (item.type() == ondemand::json_type::boolean)
      number = bool(item.get_bool()) ? 1 : 0;
    else
      number = item.get_int64();
    if (number < (std::numeric_limits<std::int32_t>::min)() || number > (std::numeric_limits<std::int32_t>::max)())
      corrupt("{} holds {}", what, number);
    numbers.push_back(static_cast<std::int32_t>(number));
  }
  return numbers;
}

std::vector<float> floats(ondemand::value value, std::string_view what) {
  std::vector<float> numbers;
  for (auto element : value.get_array()) numbers.push_back(to_float(element.value().raw_json_token(), what));
  return numbers;
}

/// A tree as it is written in the text.
struct RawTree {
  std::int64_t id = -1;
  std::vector<std::int32_t> left, right, feature, default_left, split_type;
  std::vector<float> condition;
  std::int64_t leaf_size = 1;
};

RawTree read_tree(ondemand::object object) {
  RawTree tree;
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "id")
      tree.id = value.get_int64();
    else if (key == "left_children")
      tree.left = integers(value, key);
    else if (key == "right_children")
      tree.right = integers(value, key);
    else if (key == "split_indices")
      tree.feature = integers(value, key);
    else if (key == "default_left")
      tree.default_left = integers(value, key);
    else if (key == "split_type")
      tree.split_type = integers(value, key);
    else if (key == "split_conditions")
      tree.condition = floats(value, key);
    else if (key == "tree_param")
      for (auto entry : value.get_object())
        if (std::string_view(entry.unescaped_key()) == "size_leaf_vector")
          tree.leaf_size = to_integer(parameter(entry.value()), "size_leaf_vector");
  }
  return tree;
}

/// The version of XGBoost that saved a model: major, minor, patch.
using Version = std::array<std::int64_t, 3>;

/// The parts of a model that matter here; the text may have them in any order.
struct RawModel {
  std::optional<std::string> booster, objective;
  std::optional<std::vector<RawTree>> trees;
  std::vector<std::int32_t> tree_info;
  std::vector<float> base;
  std::int64_t features = -1, classes = 0, targets = 1;
  Version version{};
};

/// `"5E-1"` up to version 3.0, `"[5E-1]"` or `"[1E0,2E0]"` later.
std::vector<float> base_scores(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::vector<float> scores;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = (std::min)(text.find(',', begin), text.size());
    scores.push_back(to_float(text.substr(begin, end - begin), "base_score"));
    begin = end + 1;
  }
  return scores;
}

void read_gradient_booster(ondemand::object object, RawModel& model) {
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "name") {
      model.booster = std::string(std::string_view(value.get_string()));
    } else if (key == "model") {
      for (auto part : value.get_object()) {
        const std::string name(std::string_view(part.unescaped_key()));
        ondemand::value content = part.value();
        if (name == "tree_info") {
          model.tree_info = integers(content, name);
        } else if (name == "trees") {
          model.trees.emplace();
          for (auto tree : content.get_array()) model.trees->push_back(read_tree(tree.get_object()));
        }
      }
    }
  }
}

void read_learner(ondemand::object object, RawModel& model) {
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "gradient_booster") {
      read_gradient_booster(value.get_object(), model);
    } else if (key == "objective") {
      for (auto entry : value.get_object())
        if (std::string_view(entry.unescaped_key()) == "name")
          model.objective = std::string(std::string_view(entry.value().get_string()));
    } else if (key == "learner_model_param") {
      for (auto entry : value.get_object()) {
        const std::string name(std::string_view(entry.unescaped_key()));
        if (name == "base_score")
          model.base = base_scores(parameter(entry.value()));
        else if (name == "num_feature")
          model.features = to_integer(parameter(entry.value()), name);
        else if (name == "num_class")
          model.classes = to_integer(parameter(entry.value()), name);
        else if (name == "num_target")
          model.targets = to_integer(parameter(entry.value()), name);
      }
    }
  }
}

Version read_version(ondemand::value value) {
  const std::vector<std::int32_t> numbers = integers(value, "version");
  if (numbers.size() != 3) corrupt("has a version of {} numbers, expected 3", numbers.size());
  return {numbers[0], numbers[1], numbers[2]};
}

RawModel read_model(std::string_view text) {
  RawModel model;
  bool learner = false;
  try {
    const simdjson::padded_string padded(text);
    ondemand::parser parser;
    ondemand::document document = parser.iterate(padded);
    for (auto field : document.get_object()) {
      const std::string key(std::string_view(field.unescaped_key()));
      ondemand::value value = field.value();
      if (key == "version") model.version = read_version(value);
      if (key != "learner") continue;
      learner = true;
      read_learner(value.get_object(), model);
    }
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS)
      fail(Errc::parse, place, "text follows the end of the model");
  } catch (const simdjson::simdjson_error& error) {
    const bool shape = error.error() == simdjson::INCORRECT_TYPE || error.error() == simdjson::NUMBER_OUT_OF_RANGE;
    const bool is_binary = text.starts_with("{L") || text.starts_with("binf");
    fail(shape ? Errc::corrupt : Errc::parse, place, "does not read as JSON of a model: {}{}", error.what(),
         is_binary ? " (save it as .json, not as .ubj or binary)" : "");
  }
  if (!learner) corrupt("has no \"learner\"");
  return model;
}

/// How XGBoost turns margins into predictions: with a link, or in a way that no `Link` can express.
struct Objective {
  std::string_view name;
  std::optional<Link> link{};
  std::string_view predicts{};
};

/// All objectives of XGBoost 1.0 to 3.4, ordered by what they predict.
constexpr std::array objectives{
    Objective{"reg:squarederror", Link::identity},
    Objective{"reg:linear", Link::identity},
    Objective{"reg:squaredlogerror", Link::identity},
    Objective{"reg:pseudohubererror", Link::identity},
    Objective{"reg:absoluteerror", Link::identity},
    Objective{"reg:quantileerror", Link::identity},
    Objective{"reg:expectileerror", Link::identity},
    Objective{"binary:logitraw", Link::identity},
    Objective{"rank:pairwise", Link::identity},
    Objective{"rank:ndcg", Link::identity},
    Objective{"rank:map", Link::identity},
    Objective{"reg:logistic", Link::logistic},
    Objective{"binary:logistic", Link::logistic},
    Objective{"multi:softprob", Link::softmax},
    Objective{"multi:softmax", Link::softmax},
    Objective{"count:poisson", {}, "the exponential of the margin"},
    Objective{"reg:gamma", {}, "the exponential of the margin"},
    Objective{"reg:tweedie", {}, "the exponential of the margin"},
    Objective{"survival:cox", {}, "the exponential of the margin"},
    Objective{"survival:aft", {}, "the exponential of the margin"},
    Objective{"binary:hinge", {}, "1 where the margin is above 0, else 0"},
};

/// The link of an objective with `outputs` margins.
Link link_of(const std::string& objective, std::int64_t outputs) {
  const auto known = std::ranges::find(objectives, objective, &Objective::name);
  if (known == objectives.end())
    unsupported("the objective \"{}\" is not known, so what it predicts is not", objective);
  constexpr std::string_view links = "a forest predicts the margins, their logistic or their softmax";
  if (!known->link) unsupported("the objective \"{}\" predicts {}; {}", objective, known->predicts, links);
  if (*known->link == Link::logistic && outputs != 1)
    unsupported("the objective \"{}\" predicts {} labels, each by a logistic; a forest with that link has one margin",
                objective, outputs);
  if (*known->link == Link::softmax && outputs < 2)
    unsupported("the objective \"{}\" has 1 class, expected 2 or more", objective);
  if (objective == "reg:expectileerror" && outputs != 1)
    unsupported("the objective \"{}\" has {} expectiles, each predicted by what its margin adds to the one before; {}",
                objective, outputs, links);
  return *known->link;
}

/// The margin that a base score means, in the arithmetic of the version that saved it (`ProbToMargin`).
float base_margin(float score, const RawModel& model) {
  const bool was_probability = *model.objective == "binary:logitraw" && model.version < Version{1, 3, 1};
  if (*model.objective != "binary:logistic" && *model.objective != "reg:logistic" && !was_probability) return score;
  if (!(score >= 0 && score <= 1)) corrupt("base_score is {}, expected a probability", score);
  constexpr float least = 1e-6f;
  if (model.version >= Version{3, 2, 0}) score = std::clamp(score, least, 1.0f - least);
  if (score == 0 || score == 1) corrupt("base_score is {}, whose logit is not finite", score);
  return -std::log(1.0f / score - 1.0f);
}

/// Appends the nodes of a tree that the root leads to, which leaves out pruned ones.
class TreeWriter {
 public:
  TreeWriter(const RawTree& tree, std::size_t number, Forest& forest) : tree_(tree), number_(number), forest_(forest) {
    const std::size_t nodes = tree.left.size();
    const auto same = [&](const auto& array) { return array.size() == nodes; };
    if (nodes == 0 || !same(tree.right) || !same(tree.feature) || !same(tree.condition) || !same(tree.default_left) ||
        !(tree.split_type.empty() || same(tree.split_type)))
      corrupt("tree {} has node arrays of different lengths, or none", number);
    if (tree.leaf_size > 1) unsupported("tree {} has leaves of {} values, expected 1", number, tree.leaf_size);
  }

  void write() {
    struct Pending {
      std::int32_t node;
      std::size_t parent;
      bool is_left;
    };
    const std::size_t first = forest_.feature.size();
    std::vector<bool> seen(tree_.left.size());
    std::vector<Pending> pending{{0, 0, true}};
    while (!pending.empty()) {
      const Pending next = pending.back();
      pending.pop_back();
      const auto from = static_cast<std::size_t>(next.node);
      if (next.node < 0 || from >= seen.size()) corrupt("tree {} has a child {}", number_, next.node);
      if (seen[from]) corrupt("tree {}, node {} is the child of two nodes", number_, next.node);
      seen[from] = true;
      const std::size_t at = forest_.feature.size();
      if (at != first)
        (next.is_left ? forest_.left : forest_.right)[next.parent] = static_cast<std::int32_t>(at - first);
      append(from);
      if (tree_.left[from] == -1) continue;
      pending.push_back({tree_.right[from], at, false});
      pending.push_back({tree_.left[from], at, true});
    }
    forest_.tree_begin.push_back(static_cast<std::int64_t>(forest_.feature.size()));
  }

 private:
  void append(std::size_t node) {
    const bool leaf = tree_.left[node] == -1;
    if (leaf != (tree_.right[node] == -1)) corrupt("tree {}, node {} has one child", number_, node);
    if (!leaf && !tree_.split_type.empty() && tree_.split_type[node] != 0)
      unsupported("tree {}, node {} splits by categories, expected by a number", number_, node);
    if (!leaf && (tree_.feature[node] < 0 || tree_.feature[node] >= forest_.features))
      corrupt("tree {}, node {} asks feature {} of {}", number_, node, tree_.feature[node], forest_.features);
    if (!leaf && std::isnan(tree_.condition[node])) corrupt("tree {}, node {} splits at NaN", number_, node);
    forest_.feature.push_back(leaf ? -1 : tree_.feature[node]);
    forest_.value.push_back(tree_.condition[node]);
    forest_.left.push_back(0);
    forest_.right.push_back(0);
    const Missing missing = tree_.default_left[node] != 0 ? Missing::nan_left : Missing::nan_right;
    forest_.missing.push_back(static_cast<std::uint8_t>(leaf ? Missing::none_right : missing));
  }

  const RawTree& tree_;
  std::size_t number_;
  Forest& forest_;
};

/// The trees in the order of their ids.
std::vector<const RawTree*> in_order(const std::vector<RawTree>& trees) {
  std::vector<const RawTree*> ordered(trees.size());
  for (const RawTree& tree : trees) {
    if (tree.id < 0 || tree.id >= static_cast<std::int64_t>(trees.size()) || ordered[static_cast<std::size_t>(tree.id)])
      corrupt("has a tree with the id {} among {} trees", tree.id, trees.size());
    ordered[static_cast<std::size_t>(tree.id)] = &tree;
  }
  return ordered;
}

}  // namespace

ImportedModel read_xgboost(std::string_view model_json) {
  const RawModel model = read_model(model_json);
  if (!model.booster) corrupt("does not name its booster");
  if (*model.booster == "dart") unsupported("the booster is \"dart\", which scales each tree; a forest does not");
  if (*model.booster == "gblinear") unsupported("the booster is \"gblinear\", which has no trees");
  if (*model.booster != "gbtree") unsupported("the booster is \"{}\", expected gbtree", *model.booster);
  if (!model.objective) corrupt("does not name its objective");
  if (!model.trees) corrupt("has no trees");

  Forest forest;
  forest.features = model.features;
  forest.outputs = (std::max)({std::int64_t{1}, model.classes, model.targets});
  constexpr std::int64_t most = (std::numeric_limits<std::int32_t>::max)();
  if (forest.features < 0 || forest.features > most) corrupt("num_feature is {} or missing", forest.features);
  // Each output costs memory, so a short text must not claim many.
  if (forest.outputs > static_cast<std::int64_t>((std::max)(model_json.size(), std::size_t{1})))
    corrupt("claims {} outputs in a text of {} bytes", forest.outputs, model_json.size());
  forest.link = link_of(*model.objective, forest.outputs);
  if (model.base.size() != 1 && model.base.size() != static_cast<std::size_t>(forest.outputs))
    corrupt("has {} base scores for {} outputs", model.base.size(), forest.outputs);
  forest.base.assign(static_cast<std::size_t>(forest.outputs),
                     0.0);  // XGBoost adds in float, starting with the first margin
  for (std::int64_t k = 0; k < forest.outputs; ++k)
    forest.start.push_back(base_margin(model.base[model.base.size() == 1 ? 0 : static_cast<std::size_t>(k)], model));

  if (model.tree_info.size() != model.trees->size())
    corrupt("has {} trees and tree_info of {}", model.trees->size(), model.tree_info.size());
  forest.tree_begin.push_back(0);
  forest.tree_output = model.tree_info;
  std::size_t number = 0;
  for (const RawTree* tree : in_order(*model.trees)) {
    const std::int32_t output = model.tree_info[number];
    if (output < 0 || output >= forest.outputs)
      corrupt("tree {} adds to output {} of {}", number, output, forest.outputs);
    TreeWriter(*tree, number++, forest).write();
  }
  std::vector<std::string> names, classes;
  for (std::int64_t i = 0; i < forest.features; ++i) names.push_back(fmt::format("f{}", i));
  const std::int64_t count = forest.link == Link::logistic ? 2 : forest.link == Link::softmax ? forest.outputs : 0;
  for (std::int64_t k = 0; k < count; ++k) classes.push_back(fmt::format("{}", k));
  return {std::move(forest), Encoder::identity(std::move(names), std::move(classes)), {}};
}

}  // namespace scalar::inline v0::interchange
