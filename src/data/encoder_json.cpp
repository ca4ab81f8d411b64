#include <cmath>

#include "core/fail.hpp"
#include "data/encoder_impl.hpp"
#include "scalar/core/described.hpp"

namespace scalar::inline v0 {
namespace {

using data::ColumnCode;

/// Version 1 had no shifts. Up to version 2, the encoding said which columns are scaled and which are one-hot, and
/// categories were sorted.
constexpr std::int64_t form_version = 3;

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, {}, format, std::forward<Arguments>(arguments)...);
}

json::Array texts_to_json(const std::vector<std::string>& texts) { return json::Array(texts.begin(), texts.end()); }

json::Value code_to_json(const InputColumn& input, const ColumnCode& code) {
  json::Object object{{"name", input.name}, {"type", input.is_text ? "text" : "number"}};
  if (input.is_text) {
    object.emplace("categories", texts_to_json(code.categories.texts()));
    object.emplace("one_hot", code.is_one_hot);
    if (!code.fill_text.empty()) object.emplace("fill", code.fill_text);
    return object;
  }
  if (!std::isnan(code.fill)) object.emplace("fill", code.fill);
  if (code.is_scaled) {
    object.emplace("mean", code.mean);
    object.emplace("deviation", code.deviation);
  } else {
    object.emplace("shift", code.shift);
  }
  object.emplace("wide", code.is_wide);
  return object;
}

double finite(const json::Value& value, std::string_view what) {
  const double number = value.as_double();
  if (!std::isfinite(number)) corrupt("{} is not finite", what);
  return number;
}

void read_texts(const json::Value& value, std::string_view what, data::Dictionary& texts) {
  for (const json::Value& item : value.as_array()) {
    const std::string& text = item.as_string();
    const std::size_t known = texts.size();
    texts.add(text);
    if (texts.size() == known) corrupt("{} name \"{}\" twice", what, text);
  }
}

ColumnCode read_code(const json::Value& value, bool is_identity, InputColumn& input) {
  ColumnCode code;
  input.name = value.at("name").as_string();
  const std::string& type = value.at("type").as_string();
  if (type == "text" && !is_identity) {
    input.is_text = true;
    read_texts(value.at("categories"), "categories", code.categories);
    code.is_one_hot = value.at("one_hot").as_bool();
    if (code.is_one_hot) code.width = static_cast<std::int64_t>(code.categories.size());
    if (const json::Value* fill = value.find("fill")) code.fill_text = fill->as_string();
    if (!code.fill_text.empty()) code.fill_category = code.categories.find(code.fill_text);
    return code;
  }
  if (type != "number") corrupt("type is \"{}\", expected \"number\" or \"text\"", type);
  if (is_identity) return code;
  if (const json::Value* fill = value.find("fill")) code.fill = finite(*fill, "fill");
  code.is_scaled = value.find("mean") != nullptr;
  if (code.is_scaled) {
    code.mean = finite(value.at("mean"), "mean");
    code.deviation = finite(value.at("deviation"), "deviation");
    if (code.deviation < 0) corrupt("deviation is negative");
  } else {
    code.shift = finite(value.at("shift"), "shift");
  }
  code.is_wide = value.at("wide").as_bool();
  return code;
}

}  // namespace

json::Value Encoder::to_json() const {
  const Data& self = data();
  json::Array columns;
  for (std::size_t i = 0; i < self.inputs.size(); ++i) columns.push_back(code_to_json(self.inputs[i], self.codes[i]));
  return json::Object{{"schema", form_version},
                      {"encoding", json::parse(scalar::to_json(self.encoding))},
                      {"kind", self.kind == TargetKind::classification ? "classification" : "regression"},
                      {"identity", self.is_identity},
                      {"label", self.label},
                      {"classes", texts_to_json(self.classes.texts())},
                      {"columns", std::move(columns)}};
}

Encoder Encoder::from_json(const json::Value& value) {
  std::string place = "encoder";
  try {
    const std::int64_t version = value.at("schema").as_int();
    if (version != form_version) fail(Errc::unsupported, {}, "schema is {}, expected {}", version, form_version);
    auto made = std::make_shared<Data>();
    made->encoding = scalar::from_json<Encoding>(value.at("encoding"));
    const std::string& kind = value.at("kind").as_string();
    if (kind != "classification" && kind != "regression")
      corrupt("kind is \"{}\", expected \"classification\" or \"regression\"", kind);
    made->kind = kind == "classification" ? TargetKind::classification : TargetKind::regression;
    made->is_identity = value.at("identity").as_bool();
    made->label = value.at("label").as_string();
    read_texts(value.at("classes"), "classes", made->classes);
    if ((made->kind == TargetKind::classification) != (made->classes.size() != 0))
      corrupt("a {} with {} classes", kind, made->classes.size());
    data::Dictionary names;
    for (const json::Value& column : value.at("columns").as_array()) {
      place = fmt::format("encoder column {}", made->inputs.size());
      InputColumn input;
      made->codes.push_back(read_code(column, made->is_identity, input));
      const std::size_t known = names.size();
      if (names.add(input.name) != known && !made->is_identity) corrupt("a second column \"{}\"", input.name);
      made->inputs.push_back(std::move(input));
    }
    made->finish();
    return Encoder(std::move(made));
  } catch (const Error& error) {
    const std::string inner(error.context());
    const Errc code = error.code() == Errc::unsupported ? Errc::unsupported : Errc::corrupt;
    fail(code, inner.empty() ? place : place + ": " + inner, "{}", error.message());
  }
}

}  // namespace scalar::inline v0
