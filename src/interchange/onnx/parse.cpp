#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/onnx/model.hpp"
#include "interchange/onnx/wire.hpp"
#include "scalar/data/signature.hpp"

namespace scalar::inline v0::interchange::onnx {
namespace {

constexpr std::string_view place = "ONNX file";
constexpr std::size_t most_dimensions = 32;

template <class... Arguments>
[[noreturn]] void corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, place, format, std::forward<Arguments>(arguments)...);
}

/// One entry of a map from text to text.
std::pair<std::string, std::string> read_entry(WireReader reader) {
  std::pair<std::string, std::string> entry;
  while (reader.next()) {
    if (reader.field() == 1) entry.first = reader.text();
    if (reader.field() == 2) entry.second = reader.text();
  }
  return entry;
}

/// Refuses whatever could leave the folder of the model, in the manner of any system.
void check_location(const std::string& tensor, const std::string& location) {
  const auto refuse = [&](std::string_view why) {
    corrupt("the data of tensor {} lie in {}, which {}; expected a relative path below the folder of the model",
            quoted(tensor), quoted(location), why);
  };
  if (location.empty()) refuse("names no file");
  if (location.find('\0') != std::string::npos) refuse("has a NUL");
  if (location[0] == '/' || location[0] == '\\' || (location.size() > 1 && location[1] == ':')) refuse("is absolute");
  for (std::size_t begin = 0; begin <= location.size();) {
    const std::size_t end = (std::min)(location.find_first_of("/\\", begin), location.size());
    if (std::string_view(location).substr(begin, end - begin) == "..") refuse("leads out of the folder");
    begin = end + 1;
  }
}

std::int64_t read_size(const std::string& tensor, std::string_view key, const std::string& text) {
  std::int64_t size = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size() || size < 0)
    corrupt("the {} of the external data of tensor {} is {}, expected a number of bytes", key, quoted(tensor),
            quoted(text));
  return size;
}

ExternalData external_of(const std::string& tensor, const std::vector<std::pair<std::string, std::string>>& entries) {
  ExternalData external;
  for (const auto& [key, value] : entries) {
    if (key == "location") external.location = value;
    if (key == "offset") external.offset = read_size(tensor, key, value);
    if (key == "length") external.length = read_size(tensor, key, value);
  }
  check_location(tensor, external.location);
  return external;
}

/// The fields of a TensorProto. Its elements are in one of the lists, which one depends on their type.
struct RawTensor {
  std::vector<std::int64_t> integers{};  // int32_data, int64_data, uint64_data
  std::vector<float> floats{};
  std::vector<double> doubles{};
  std::vector<std::string> texts{};
  std::optional<std::string_view> raw{};
  std::vector<std::pair<std::string, std::string>> external{};
  bool is_external = false;
};

template <class T>
void assign(std::vector<std::byte>& data, const std::vector<T>& values) {
  data.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(data.data(), values.data(), data.size());
}

template <class T>
void assign_integers(const std::string& name, std::vector<std::byte>& data, const std::vector<std::int64_t>& values) {
  std::vector<T> narrow(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    narrow[i] = static_cast<T>(values[i]);
    if (static_cast<std::int64_t>(narrow[i]) != values[i])
      corrupt("tensor {} holds {}, which its element type does not", quoted(name), values[i]);
  }
  assign(data, narrow);
}

void assign_listed(const RawTensor& from, NamedTensor& to) {
  std::vector<std::byte>& data = to.tensor.data;
  switch (to.tensor.type) {
    case DataType::float32:
      return assign(data, from.floats);
    case DataType::float64:
      return assign(data, from.doubles);
    case DataType::int64:
    case DataType::uint64:
      return assign(data, from.integers);
    case DataType::int32:
      return assign_integers<std::int32_t>(to.name, data, from.integers);
    case DataType::uint32:
      return assign_integers<std::uint32_t>(to.name, data, from.integers);
    case DataType::int16:
      return assign_integers<std::int16_t>(to.name, data, from.integers);
    case DataType::uint16:
    case DataType::float16:
    case DataType::bfloat16:
      return assign_integers<std::uint16_t>(to.name, data, from.integers);
    case DataType::int8:
      return assign_integers<std::int8_t>(to.name, data, from.integers);
    case DataType::uint8:
    case DataType::boolean:
      return assign_integers<std::uint8_t>(to.name, data, from.integers);
    case DataType::bytes:
      return;
  }
}

/// The number of elements of a shape. Errors: `Errc::corrupt` for a negative or an overflowing one.
std::int64_t elements_of(const std::string& name, const std::vector<std::int64_t>& shape, std::size_t element_bytes) {
  auto left =
      (std::numeric_limits<std::int64_t>::max)() / static_cast<std::int64_t>((std::max<std::size_t>)(element_bytes, 1));
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || (size > 0 && count > left / size))
      corrupt("tensor {} has the shape {}", quoted(name), shape_text(shape));
    count *= size;
  }
  return count;
}

void finish_tensor(RawTensor&& from, NamedTensor& to) {
  Tensor& tensor = to.tensor;
  const std::size_t size = size_bytes(tensor.type);
  const std::int64_t expected = elements_of(to.name, tensor.shape, size);
  if (from.is_external) {
    if (tensor.type == DataType::bytes) corrupt("tensor {} has texts in another file", quoted(to.name));
    to.external = external_of(to.name, from.external);
    if (to.external->length >= 0 && to.external->length / static_cast<std::int64_t>(size) != expected)
      corrupt("tensor {} has the shape {} and {} bytes in another file", quoted(to.name), shape_text(tensor.shape),
              to.external->length);
    return;
  }
  if (tensor.type == DataType::bytes) {
    tensor.texts = std::move(from.texts);
  } else if (from.raw) {
    tensor.data.resize(from.raw->size());
    if (!from.raw->empty()) std::memcpy(tensor.data.data(), from.raw->data(), from.raw->size());
  } else {
    assign_listed(from, to);
  }
  const std::size_t found = tensor.type == DataType::bytes ? tensor.texts.size() : tensor.data.size() / size;
  if (found != static_cast<std::size_t>(expected) || (size != 0 && tensor.data.size() % size != 0))
    corrupt("tensor {} has {} elements in {} bytes, its shape {} has {}", quoted(to.name), found, tensor.data.size(),
            shape_text(tensor.shape), expected);
}

NamedTensor read_tensor(WireReader reader) {
  NamedTensor result;
  RawTensor raw;
  std::int64_t type = 0;
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        reader.append_to(result.tensor.shape);
        if (result.tensor.shape.size() > most_dimensions)
          corrupt("offset {}: a tensor has more than {} dimensions", reader.offset(), most_dimensions);
        break;
      case 2:
        type = reader.integer();
        break;
      case 4:
        reader.append_to(raw.floats);
        break;
      case 5:   // int32_data
      case 7:   // int64_data
      case 11:  // uint64_data
        reader.append_to(raw.integers);
        break;
      case 6:
        raw.texts.push_back(reader.text());
        break;
      case 8:
        result.name = reader.text();
        break;
      case 9:
        raw.raw = reader.bytes();
        break;
      case 10:
        reader.append_to(raw.doubles);
        break;
      case 13:
        raw.external.push_back(read_entry(reader.message("StringStringEntryProto")));
        break;
      case 14:
        raw.is_external = reader.integer() == 1;
        break;
      default:
        break;
    }
  }
  result.tensor.type = type_of(type, "tensor " + quoted(result.name));
  finish_tensor(std::move(raw), result);
  return result;
}

/// The numbers of AttributeProto.AttributeType that have a value of their own here.
enum AttributeType : std::int64_t { of_float = 1, of_int, of_text, of_tensor, of_floats = 6, of_ints, of_texts };

/// The fields of an AttributeProto.
struct RawAttribute {
  std::int64_t type = 0, integer = 0;
  float number = 0;
  std::string text{}, opaque{};
  std::optional<NamedTensor> tensor{};
  std::vector<std::int64_t> integers{};
  std::vector<float> numbers{};
  std::vector<std::string> texts{};
};

void read_attribute_field(const WireReader& reader, RawAttribute& raw, std::string& name) {
  // Files of IR version 1 do not say the type; there it is that of the field with the value.
  const auto is = [&](std::int64_t type) {
    if (raw.type == 0) raw.type = type;
  };
  switch (reader.field()) {
    case 1:
      name = reader.text();
      return;
    case 2:
      raw.number = reader.number();
      return is(of_float);
    case 3:
      raw.integer = reader.integer();
      return is(of_int);
    case 4:
      raw.text = reader.text();
      return is(of_text);
    case 5:
      raw.tensor = read_tensor(reader.message("TensorProto"));
      return is(of_tensor);
    case 7:
      reader.append_to(raw.numbers);
      return is(of_floats);
    case 8:
      reader.append_to(raw.integers);
      return is(of_ints);
    case 9:
      raw.texts.push_back(reader.text());
      return is(of_texts);
    case 13:  // documentation
      return;
    case 20:
      raw.type = reader.integer();
      return;
    default:
      raw.opaque += reader.raw();
  }
}

Attribute::Value value_of(RawAttribute&& raw, const std::string& name) {
  switch (raw.type) {
    case of_float:
      return raw.number;
    case of_int:
      return raw.integer;
    case of_text:
      return std::move(raw.text);
    case of_tensor:
      if (!raw.tensor) corrupt("the attribute {} has no tensor", quoted(name));
      return std::move(*raw.tensor);
    case of_floats:
      return std::move(raw.numbers);
    case of_ints:
      return std::move(raw.integers);
    case of_texts:
      return std::move(raw.texts);
    default:
      return Opaque{raw.type, std::move(raw.opaque)};
  }
}

Attribute read_attribute(WireReader reader) {
  Attribute result;
  RawAttribute raw;
  while (reader.next()) read_attribute_field(reader, raw, result.name);
  if (result.name.empty()) corrupt("offset {}: an attribute has no name", reader.offset());
  result.value = value_of(std::move(raw), result.name);
  return result;
}

Node read_node(WireReader reader) {
  Node node;
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        node.inputs.push_back(reader.text());
        break;
      case 2:
        node.outputs.push_back(reader.text());
        break;
      case 3:
        node.name = reader.text();
        break;
      case 4:
        node.op_type = reader.text();
        break;
      case 5:
        node.attributes.push_back(read_attribute(reader.message("AttributeProto")));
        break;
      case 7:
        node.domain = reader.text();
        break;
      default:
        break;
    }
  }
  if (node.op_type.empty()) corrupt("the node that ends at offset {} has no operator", reader.offset());
  if (node.outputs.empty())
    corrupt("the node {} that ends at offset {} has no outputs", quoted(node.op_type), reader.offset());
  if (node.domain == "ai.onnx") node.domain.clear();
  return node;
}

Dimension read_dimension(WireReader reader) {
  Dimension result;
  while (reader.next()) {
    if (reader.field() == 1) result.size = (std::max)(reader.integer(), std::int64_t{-1});
    if (reader.field() == 2) result.symbol = reader.text();
  }
  return result;
}

std::vector<Dimension> read_shape(WireReader reader) {
  std::vector<Dimension> shape;
  while (reader.next()) {
    if (reader.field() != 1) continue;
    if (shape.size() == most_dimensions)
      corrupt("offset {}: a shape has more than {} dimensions", reader.offset(), most_dimensions);
    shape.push_back(read_dimension(reader.message("TensorShapeProto.Dimension")));
  }
  return shape;
}

void read_type(WireReader reader, std::string_view whole, ValueInfo& value) {
  while (reader.next()) {
    if (reader.field() == 6) continue;  // denotation
    if (reader.field() != 1) {
      value.other = whole;
      continue;
    }
    WireReader tensor = reader.message("TypeProto.Tensor");
    while (tensor.next()) {
      if (tensor.field() == 1 && tensor.integer() != 0)
        value.type = type_of(tensor.integer(), "value " + quoted(value.name));
      if (tensor.field() == 2) value.shape = read_shape(tensor.message("TensorShapeProto"));
    }
  }
}

ValueInfo read_value(WireReader reader) {
  ValueInfo value;
  std::optional<WireReader> type;
  std::string_view whole;
  while (reader.next()) {
    if (reader.field() == 1) value.name = reader.text();
    if (reader.field() != 2) continue;
    type = reader.message("TypeProto");
    whole = reader.bytes();
  }
  if (value.name.empty()) corrupt("the value that ends at offset {} has no name", reader.offset());
  if (type) read_type(*type, whole, value);
  return value;
}

Graph read_graph(WireReader reader) {
  Graph graph;
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        graph.nodes.push_back(read_node(reader.message("NodeProto")));
        break;
      case 2:
        graph.name = reader.text();
        break;
      case 5:
        graph.initializers.push_back(read_tensor(reader.message("TensorProto")));
        if (graph.initializers.back().name.empty()) corrupt("offset {}: an initializer has no name", reader.offset());
        break;
      case 11:
        graph.inputs.push_back(read_value(reader.message("ValueInfoProto")));
        break;
      case 12:
        graph.outputs.push_back(read_value(reader.message("ValueInfoProto")));
        break;
      case 13:
        graph.values.push_back(read_value(reader.message("ValueInfoProto")));
        break;
      case 15:
        fail(Errc::unsupported, place, "offset {}: the graph has a sparse initializer", reader.offset());
      default:
        break;
    }
  }
  return graph;
}

std::pair<std::string, std::int64_t> read_opset(WireReader reader) {
  std::pair<std::string, std::int64_t> opset;
  while (reader.next()) {
    if (reader.field() == 1) opset.first = reader.text();
    if (reader.field() == 2) opset.second = reader.integer();
  }
  if (opset.first == "ai.onnx") opset.first.clear();
  return opset;
}

}  // namespace

Model parse(std::string_view file) {
  Model model;
  model.ir_version = 0;
  bool has_graph = false;
  WireReader reader(file, "ModelProto");
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        model.ir_version = reader.integer();
        break;
      case 2:
        model.producer_name = reader.text();
        break;
      case 3:
        model.producer_version = reader.text();
        break;
      case 7:
        model.graph = read_graph(reader.message("GraphProto"));
        has_graph = true;
        break;
      case 8:
        model.opsets.push_back(read_opset(reader.message("OperatorSetIdProto")));
        break;
      case 14:
        model.metadata.push_back(read_entry(reader.message("StringStringEntryProto")));
        break;
      case 25:
        model.has_functions = true;
        break;
      default:
        break;
    }
  }
  if (!has_graph) fail(Errc::parse, place, "has no graph; it may not be ONNX, or be cut short");
  if (model.ir_version < 1) corrupt("has IR version {}", model.ir_version);
  return model;
}

}  // namespace scalar::inline v0::interchange::onnx
