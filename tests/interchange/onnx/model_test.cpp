#include "interchange/onnx/model.hpp"

#include <bit>
#include <cmath>

#include "interchange/onnx/graph_builder.hpp"
#include "interchange/onnx/wire.hpp"
#include "support/errors.hpp"
#include "support/golden.hpp"

using namespace scalar;
using namespace scalar::interchange;

namespace {

/// A file of tests/interchange/onnx/files, written by the Python package onnx (make_files.py).
std::string file_of(const std::string& name) {
  return test::read_file(test::source_file("tests/interchange/onnx/files/" + name));
}

const onnx::NamedTensor& initializer(const onnx::Model& model, const std::string& name) {
  for (const onnx::NamedTensor& tensor : model.graph.initializers)
    if (tensor.name == name) return tensor;
  FAIL("no initializer " << name);
  return model.graph.initializers.front();
}

template <class T>
std::vector<T> elements(const onnx::Model& model, const std::string& name) {
  const auto values = initializer(model, name).tensor.as<T>();
  return {values.begin(), values.end()};
}

/// A model whose graph holds `tensor` as a TensorProto of the given fields.
std::string file_with_tensor(const onnx::WireWriter& tensor) {
  onnx::WireWriter graph, model;
  graph.message(5, tensor);
  model.integer(1, 8);
  model.message(7, graph);
  return model.release();
}

onnx::WireWriter tensor_fields(std::int64_t type, const std::vector<std::int64_t>& dims) {
  onnx::WireWriter tensor;
  tensor.bytes(8, "w");
  tensor.integer(2, type);
  tensor.integers(1, dims);
  return tensor;
}

std::string refused(const std::string& file, Errc code) {
  return test::message_of(code, [&] { (void)onnx::parse(file); });
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("A file that the Python package wrote is read with all element types") {
  const onnx::Model model = onnx::parse(file_of("types.onnx"));
  CHECK(model.ir_version == 8);
  CHECK(model.producer_name == "make_files");
  CHECK(model.opset("") == 13);
  CHECK(model.opset(onnx::ml_domain) == 3);
  CHECK(model.opset("com.example") == 0);
  CHECK(model.metadata == std::vector<std::pair<std::string, std::string>>{{"key", "value"}});
  for (const std::string form : {"raw_", "listed_"}) {
    INFO(form);
    CHECK(elements<float>(model, form + "float") == std::vector<float>{1.5f, -2.25f, 3e38f});
    CHECK(elements<double>(model, form + "double") == std::vector<double>{1.5, -2.25, 1e300});
    CHECK(elements<std::int64_t>(model, form + "int64") == std::vector<std::int64_t>{-9007199254740993, 0, 7});
    CHECK(elements<std::int32_t>(model, form + "int32") == std::vector<std::int32_t>{-2147483647, 0, 7});
    CHECK(elements<std::int16_t>(model, form + "int16") == std::vector<std::int16_t>{-32768, 0, 7});
    CHECK(elements<std::int8_t>(model, form + "int8") == std::vector<std::int8_t>{-128, 0, 7});
    CHECK(elements<std::uint64_t>(model, form + "uint64") == std::vector<std::uint64_t>{18446744073709551615u, 0, 7});
    CHECK(elements<std::uint32_t>(model, form + "uint32") == std::vector<std::uint32_t>{4294967295u, 0, 7});
    CHECK(elements<std::uint16_t>(model, form + "uint16") == std::vector<std::uint16_t>{65535, 0, 7});
    CHECK(elements<std::uint8_t>(model, form + "uint8") == std::vector<std::uint8_t>{255, 0, 7});
    CHECK(elements<std::uint8_t>(model, form + "bool") == std::vector<std::uint8_t>{1, 0, 1});
    CHECK(elements<std::uint16_t>(model, form + "float16") == std::vector<std::uint16_t>{0x3e00, 0xc080, 0});
    CHECK(elements<std::uint16_t>(model, form + "bfloat16") == std::vector<std::uint16_t>{0x3fc0, 0xc010, 0});
    CHECK(initializer(model, form + "bfloat16").tensor.type == DataType::bfloat16);
  }
  CHECK(initializer(model, "texts").tensor.texts == std::vector<std::string>{"a", "", "\xc3\xa4"});
  CHECK(initializer(model, "scalar").tensor.shape.empty());
  CHECK(initializer(model, "none").tensor.shape == std::vector<std::int64_t>{0, 3});
}

TEST_CASE("Nodes, attributes and values are read as the Python package wrote them") {
  const onnx::Model model = onnx::parse(file_of("attributes.onnx"));
  REQUIRE(model.graph.nodes.size() == 2);
  const onnx::Node& node = model.graph.nodes[0];
  CHECK(node.op_type == "Everything");
  CHECK(node.domain == "com.example");
  CHECK(node.name == "first");
  CHECK(node.inputs == std::vector<std::string>{"x", "", "y"});
  CHECK(node.outputs == std::vector<std::string>{"z"});
  CHECK(*node.get<float>("float") == 0.5f);
  CHECK(*node.get<std::int64_t>("int") == -3);
  CHECK(*node.get<std::string>("text") == "hello");
  CHECK(*node.get<std::vector<float>>("floats") == std::vector<float>{1.0f, -2.0f});
  CHECK(*node.get<std::vector<std::int64_t>>("ints") == std::vector<std::int64_t>{1, -2, 3000000000});
  CHECK(*node.get<std::vector<std::string>>("texts") == std::vector<std::string>{"p", "q"});
  CHECK(node.get<onnx::NamedTensor>("tensor")->tensor.as<float>()[1] == 4.0f);
  CHECK(node.get<onnx::Opaque>("graph")->type == 5);
  CHECK(node.get<std::int64_t>("absent") == nullptr);
  CHECK(contains(test::message_of(Errc::corrupt, [&] { (void)node.get<std::int64_t>("text"); }), "\"text\""));
  CHECK(model.graph.nodes[1].domain.empty());

  REQUIRE(model.graph.inputs.size() == 2);
  CHECK(model.graph.inputs[0] ==
        onnx::ValueInfo{.name = "x", .type = DataType::float32, .shape = {{{-1, "N"}, {3, ""}}}, .other = {}});
  CHECK(model.graph.inputs[1].shape == std::nullopt);
  REQUIRE(model.graph.outputs.size() == 2);
  CHECK(model.graph.outputs[0].is_tensor());
  CHECK_FALSE(model.graph.outputs[1].is_tensor());  // a sequence of maps
}

TEST_CASE("What is written is read again as it was") {
  for (const std::string name : {"types.onnx", "attributes.onnx", "external.onnx"}) {
    INFO(name);
    const onnx::Model model = onnx::parse(file_of(name));
    CHECK(onnx::parse(onnx::serialize(model)) == model);
  }
}

TEST_CASE("External data is named, and must lie below the folder of the model") {
  const onnx::Model model = onnx::parse(file_of("external.onnx"));
  REQUIRE(model.graph.initializers.size() == 1);
  const onnx::NamedTensor& tensor = model.graph.initializers[0];
  CHECK(tensor.external == onnx::ExternalData{"weights/w.bin", 4096, 12});
  CHECK(tensor.tensor.shape == std::vector<std::int64_t>{3});
  CHECK(tensor.tensor.data.empty());

  const auto with_location = [](const std::string& location, const std::string& length = "12") {
    onnx::WireWriter tensor_proto = tensor_fields(1, {3});
    for (const auto& [key, value] : {std::pair{"location", location}, {"length", length}}) {
      onnx::WireWriter entry;
      entry.bytes(1, key);
      entry.bytes(2, value);
      tensor_proto.message(13, entry);
    }
    tensor_proto.integer(14, 1);
    return file_with_tensor(tensor_proto);
  };
  CHECK_NOTHROW(onnx::parse(with_location("w..bin")));
  for (const std::string bad :
       {"../w.bin", "a/../../w.bin", "/etc/passwd", "\\\\host\\w", "C:\\w", "a\\..\\w", "..", ""})
    CHECK(contains(refused(with_location(bad), Errc::corrupt), "tensor \"w\""));
  CHECK(contains(refused(with_location(std::string("a\0b", 3)), Errc::corrupt), "NUL"));
  CHECK(contains(refused(with_location("w", "13e"), Errc::corrupt), "\"13e\""));
  CHECK(contains(refused(with_location("w", "16"), Errc::corrupt), "16 bytes"));
}

TEST_CASE("Tensors whose shape and elements disagree are refused") {
  onnx::WireWriter tensor = tensor_fields(1, {2, 2});
  tensor.bytes(9, std::string(12, '\0'));
  CHECK(contains(refused(file_with_tensor(tensor), Errc::corrupt), "3 elements in 12 bytes, its shape [2, 2] has 4"));
  tensor = tensor_fields(1, {3});
  tensor.bytes(9, std::string(13, '\0'));
  CHECK(contains(refused(file_with_tensor(tensor), Errc::corrupt), "13 bytes"));
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{-1}, {1ll << 40, 1ll << 40}, {1ll << 62}, {3037000500, 3037000500}})
    CHECK(contains(refused(file_with_tensor(tensor_fields(1, shape)), Errc::corrupt), "tensor \"w\""));
  CHECK(contains(refused(file_with_tensor(tensor_fields(1, std::vector<std::int64_t>(40, 1))), Errc::corrupt),
                 "more than 32 dimensions"));
  CHECK(contains(refused(file_with_tensor(tensor_fields(14, {})), Errc::unsupported), "type 14"));
  CHECK(contains(refused(file_with_tensor(tensor_fields(0, {})), Errc::unsupported), "tensor \"w\""));
  tensor = tensor_fields(3, {1});
  tensor.integers(5, {128});
  CHECK(contains(refused(file_with_tensor(tensor), Errc::corrupt), "holds 128"));
}

TEST_CASE("Bytes that are not ONNX are refused with their offset") {
  CHECK(contains(refused("", Errc::parse), "no graph"));
  CHECK(contains(refused("{\"learner\": 1}", Errc::parse), "offset 0"));
  CHECK(contains(refused(std::string("\x08\x08\x3a\x7f", 4), Errc::parse), "offset 2, field 7 of ModelProto"));
  CHECK(contains(refused(std::string(1, '\x08') + std::string(11, '\xff'), Errc::parse), "more than 10 bytes"));
  CHECK(contains(refused("\x0a\x01x", Errc::parse), "has wire type 2, expected 0"));
  onnx::WireWriter node, graph, model;
  node.bytes(4, "Relu");
  graph.message(1, node);
  model.message(7, graph);
  CHECK(contains(refused(model.text(), Errc::corrupt), "\"Relu\" that ends at offset 10 has no outputs"));
}

TEST_CASE("A file cut short anywhere is an error or a smaller model") {
  const std::string file = file_of("attributes.onnx");
  std::size_t errors = 0;
  for (std::size_t size = 0; size < file.size(); ++size) {
    try {
      (void)onnx::parse(file.substr(0, size));
    } catch (const Error& error) {
      CHECK((error.code() == Errc::parse || error.code() == Errc::corrupt));
      ++errors;
    }
  }
  CHECK(errors > file.size() / 2);
}

TEST_CASE("Packed and single numbers are read alike, and numbers of all lengths return") {
  onnx::WireWriter writer;
  const std::vector<std::int64_t> numbers{0, 127, 128, -1, (std::numeric_limits<std::int64_t>::min)(), 1ll << 35};
  writer.integers(1, numbers);
  for (const std::int64_t number : numbers) writer.integer(1, number);
  writer.numbers(2, {1.5f});
  writer.number(2, -0.0f);
  onnx::WireReader reader(writer.text(), "Message");
  std::vector<std::int64_t> integers;
  std::vector<float> floats;
  while (reader.next()) reader.field() == 1 ? reader.append_to(integers) : reader.append_to(floats);
  REQUIRE(integers.size() == 12);
  CHECK(std::equal(numbers.begin(), numbers.end(), integers.begin()));
  CHECK(std::equal(numbers.begin(), numbers.end(), integers.begin() + 6));
  CHECK(floats.size() == 2);
  CHECK(std::signbit(floats[1]));
}

TEST_CASE("A GraphBuilder gives each value a name of its own") {
  onnx::GraphBuilder builder("g");
  builder.input("relu", DataType::float32, {{-1, "N"}});
  CHECK(
      contains(test::message_of(Errc::already_exists, [&] { builder.input("relu", DataType::float32, {}); }), "relu"));
  const std::string first = builder.add("Relu", {"relu"});
  CHECK(first == "relu_1");
  const std::string two = builder.scalar("relu_1", 2.0f);
  CHECK(two == "relu_1_1");
  CHECK(builder.output("out", builder.add("Mul", {first, two}), DataType::float32, {{-1, "N"}}) == "out");
  const onnx::Graph graph = builder.release();
  CHECK(graph.nodes.size() == 3);
  CHECK(graph.initializers.at(0).tensor.as<float>()[0] == 2.0f);
  CHECK(graph.initializers.at(0).tensor.shape.empty());
}
