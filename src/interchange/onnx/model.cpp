#include "interchange/onnx/model.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/onnx/wire.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

/// TensorProto.DataType of each DataType, in its order.
constexpr std::array<std::int64_t, 14> type_codes{9, 2, 4, 12, 13, 3, 5, 6, 7, 10, 1, 11, 8, 16};

std::string_view as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

WireWriter entry(const std::string& key, const std::string& value) {
  WireWriter writer;
  writer.bytes(1, key);
  writer.bytes(2, value);
  return writer;
}

WireWriter written(const NamedTensor& from) {
  WireWriter writer;
  if (!from.tensor.shape.empty()) writer.integers(1, from.tensor.shape);
  writer.integer(2, code_of(from.tensor.type));
  for (const std::string& text : from.tensor.texts) writer.bytes(6, text);
  if (!from.name.empty()) writer.bytes(8, from.name);
  if (from.external) {
    writer.message(13, entry("location", from.external->location));
    if (from.external->offset != 0) writer.message(13, entry("offset", std::to_string(from.external->offset)));
    if (from.external->length >= 0) writer.message(13, entry("length", std::to_string(from.external->length)));
    writer.integer(14, 1);
  } else if (from.tensor.type != DataType::bytes) {
    writer.bytes(9, as_text(from.tensor.data));
  }
  return writer;
}

/// Writes the value of an attribute, then its type.
struct ValueWriter {
  WireWriter& writer;

  void operator()(float value) const { writer.number(2, value), type(1); }
  void operator()(std::int64_t value) const { writer.integer(3, value), type(2); }
  void operator()(const std::string& value) const { writer.bytes(4, value), type(3); }
  void operator()(const NamedTensor& value) const { writer.message(5, written(value)), type(4); }
  void operator()(const std::vector<float>& values) const { writer.numbers(7, values), type(6); }
  void operator()(const std::vector<std::int64_t>& values) const { writer.integers(8, values), type(7); }
  void operator()(const std::vector<std::string>& values) const {
    for (const std::string& value : values) writer.bytes(9, value);
    type(8);
  }
  void operator()(const Opaque& value) const { writer.raw(value.fields), type(value.type); }
  void type(std::int64_t number) const { writer.integer(20, number); }
};

WireWriter written(const Attribute& from) {
  WireWriter writer;
  writer.bytes(1, from.name);
  std::visit(ValueWriter{writer}, from.value);
  return writer;
}

WireWriter written(const Node& from) {
  WireWriter writer;
  for (const std::string& input : from.inputs) writer.bytes(1, input);
  for (const std::string& output : from.outputs) writer.bytes(2, output);
  if (!from.name.empty()) writer.bytes(3, from.name);
  writer.bytes(4, from.op_type);
  for (const Attribute& attribute : from.attributes) writer.message(5, written(attribute));
  if (!from.domain.empty()) writer.bytes(7, from.domain);
  return writer;
}

WireWriter written(const std::vector<Dimension>& shape) {
  WireWriter writer;
  for (const Dimension& dimension : shape) {
    WireWriter one;
    if (dimension.size >= 0)
      one.integer(1, dimension.size);
    else if (!dimension.symbol.empty())
      one.bytes(2, dimension.symbol);
    writer.message(1, one);
  }
  return writer;
}

WireWriter written(const ValueInfo& from) {
  WireWriter writer;
  writer.bytes(1, from.name);
  if (!from.is_tensor()) {
    writer.bytes(2, from.other);
  } else if (from.type || from.shape) {
    WireWriter tensor, type;
    if (from.type) tensor.integer(1, code_of(*from.type));
    if (from.shape) tensor.message(2, written(*from.shape));
    type.message(1, tensor);
    writer.message(2, type);
  }
  return writer;
}

WireWriter written(const Graph& from) {
  WireWriter writer;
  for (const Node& node : from.nodes) writer.message(1, written(node));
  writer.bytes(2, from.name);
  for (const NamedTensor& tensor : from.initializers) writer.message(5, written(tensor));
  for (const ValueInfo& value : from.inputs) writer.message(11, written(value));
  for (const ValueInfo& value : from.outputs) writer.message(12, written(value));
  for (const ValueInfo& value : from.values) writer.message(13, written(value));
  return writer;
}

}  // namespace

const Attribute* Node::find(std::string_view wanted) const noexcept {
  const auto found = std::ranges::find(attributes, wanted, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

void Node::throw_attribute_type(const Attribute& attribute) const {
  fail(Errc::corrupt, "ONNX file",
       "the attribute {} of the {} node that makes {} is of another type than its operator's", quoted(attribute.name),
       op_type, quoted(outputs.empty() ? std::string() : outputs.front()));
}

std::int64_t Model::opset(std::string_view domain) const noexcept {
  for (const auto& [name, version] : opsets)
    if (name == domain) return version;
  return 0;
}

std::int64_t code_of(DataType type) noexcept { return type_codes[static_cast<std::size_t>(type)]; }

DataType type_of(std::int64_t code, std::string_view what) {
  const auto found = std::ranges::find(type_codes, code);
  if (found == type_codes.end())
    fail(Errc::unsupported, "ONNX file",
         "{} has elements of type {} of TensorProto.DataType, which no DataType stands for", what, code);
  return static_cast<DataType>(found - type_codes.begin());
}

std::string serialize(const Model& model) {
  WireWriter writer;
  writer.integer(1, model.ir_version);
  if (!model.producer_name.empty()) writer.bytes(2, model.producer_name);
  if (!model.producer_version.empty()) writer.bytes(3, model.producer_version);
  writer.message(7, written(model.graph));
  for (const auto& [domain, version] : model.opsets) {
    WireWriter opset;
    opset.bytes(1, domain);
    opset.integer(2, version);
    writer.message(8, opset);
  }
  for (const auto& [key, value] : model.metadata) writer.message(14, entry(key, value));
  constexpr std::size_t most_bytes = (std::numeric_limits<std::int32_t>::max)();
  if (writer.text().size() > most_bytes)
    fail(Errc::too_large, "ONNX file", "the model takes {} bytes, ONNX files have at most {}", writer.text().size(),
         most_bytes);
  return writer.release();
}

}  // namespace scalar::inline v0::interchange::onnx
