#include "interchange/xgboost_file.hpp"

#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/ubjson.hpp"

namespace scalar::inline v0::interchange::xgboost {
namespace {

namespace ondemand = simdjson::ondemand;

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, place, format, std::forward<Arguments>(arguments)...);
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

std::vector<std::int64_t> long_integers(ondemand::value value) {
  std::vector<std::int64_t> numbers;
  for (auto element : value.get_array()) numbers.push_back(element.get_int64());
  return numbers;
}

std::vector<std::string> texts(ondemand::value value) {
  std::vector<std::string> found;
  for (auto element : value.get_array()) found.emplace_back(std::string_view(element.get_string()));
  return found;
}

std::string text(ondemand::value value) { return std::string(std::string_view(value.get_string())); }

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
    else if (key == "loss_changes")
      tree.gain = floats(value, key);
    else if (key == "sum_hessian")
      tree.cover = floats(value, key);
    else if (key == "base_weights")
      tree.base_weights = floats(value, key);
    else if (key == "leaf_weights")
      tree.leaves = floats(value, key);
    else if (key == "categories")
      tree.categories = integers(value, key);
    else if (key == "categories_nodes")
      tree.category_nodes = integers(value, key);
    else if (key == "categories_segments")
      tree.category_begin = long_integers(value);
    else if (key == "categories_sizes")
      tree.category_size = long_integers(value);
    else if (key == "tree_param")
      for (auto entry : value.get_object())
        if (std::string_view(entry.unescaped_key()) == "size_leaf_vector")
          tree.leaf_size = to_integer(parameter(entry.value()), "size_leaf_vector");
  }
  return tree;
}

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

/// `{"offsets": ..., "values": ...}` of texts, whose bytes are signed, `{"type": ..., "values": ...}` of numbers.
RawCategories read_categories(ondemand::object object) {
  RawCategories found;
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "offsets") {
      found.offsets = long_integers(value);
      found.is_text = true;
    } else if (key == "values") {
      for (auto element : value.get_array()) {
        const std::string_view token = trimmed(element.raw_json_token());
        // Which of the two these are is said before or after them.
        if (found.numbers.size() < RawCategories::most_numbers) found.numbers.emplace_back(token);
        std::int64_t byte = 0;
        const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), byte);
        found.values += error == std::errc{} ? static_cast<char>(static_cast<unsigned char>(byte & 0xff)) : '\0';
      }
    }
  }
  return found;
}

void read_trees(ondemand::object object, RawModel& model) {
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "tree_info") {
      model.tree_info = integers(value, key);
    } else if (key == "trees") {
      model.trees.emplace();
      for (auto tree : value.get_array()) model.trees->push_back(read_tree(tree.get_object()));
    } else if (key == "weights") {
      model.linear_weights = floats(value, key);
    } else if (key == "cats") {
      for (auto part : value.get_object())
        if (std::string_view(part.unescaped_key()) == "enc")
          for (auto element : part.value().get_array())
            model.categories.push_back(read_categories(element.get_object()));
    }
  }
}

/// `{"model": ..., "name": "gbtree"}`, which dart wraps: `{"gbtree": ..., "name": "dart", "weight_drop": ...}`.
void read_booster(ondemand::object object, RawModel& model, bool is_wrapped = false) {
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "name" && !is_wrapped)
      model.booster = text(value);
    else if (key == "model")
      read_trees(value.get_object(), model);
    else if (key == "weight_drop")
      model.tree_weights = floats(value, key);
    else if (key == "gbtree" && !is_wrapped)
      read_booster(value.get_object(), model, true);
  }
}

void read_parameters(ondemand::object object, RawModel& model) {
  for (auto entry : object) {
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

void read_learner(ondemand::object object, RawModel& model) {
  for (auto field : object) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "gradient_booster") {
      read_booster(value.get_object(), model);
    } else if (key == "objective") {
      for (auto entry : value.get_object())
        if (std::string_view(entry.unescaped_key()) == "name") model.objective = text(entry.value());
    } else if (key == "learner_model_param") {
      read_parameters(value.get_object(), model);
    } else if (key == "feature_names") {
      model.feature_names = texts(value);
    } else if (key == "feature_types") {
      model.feature_types = texts(value);
    }
  }
}

Version read_version(ondemand::value value) {
  const std::vector<std::int32_t> numbers = integers(value, "version");
  if (numbers.size() != 3) corrupt("has a version of {} numbers, expected 3", numbers.size());
  return {numbers[0], numbers[1], numbers[2]};
}

void read_document(ondemand::document& document, RawModel& model) {
  bool has_learner = false;
  for (auto field : document.get_object()) {
    const std::string key(std::string_view(field.unescaped_key()));
    ondemand::value value = field.value();
    if (key == "version") model.version = read_version(value);
    if (key != "learner") continue;
    has_learner = true;
    read_learner(value.get_object(), model);
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS)
    fail(Errc::parse, place, "text follows the end of the model");
  if (!has_learner) corrupt("has no \"learner\"");
}

}  // namespace

RawModel read_model(std::string_view file) {
  RawModel model;
  model.bytes = file.size();
  std::string text = is_ubjson(file) ? json_of_ubjson(file, place) : std::string(file);
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  try {
    ondemand::parser parser;
    ondemand::document document = parser.iterate(simdjson::padded_string_view(text));
    read_document(document, model);
  } catch (const simdjson::simdjson_error& error) {
    const bool shape = error.error() == simdjson::INCORRECT_TYPE || error.error() == simdjson::NUMBER_OUT_OF_RANGE;
    fail(shape ? Errc::corrupt : Errc::parse, place, "does not read as JSON of a model: {}{}", error.what(),
         file.starts_with("binf") ? " (this is the binary form of old versions: save it as .json or .ubj)" : "");
  }
  return model;
}

}  // namespace scalar::inline v0::interchange::xgboost
