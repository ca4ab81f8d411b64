#include "serve/infer.hpp"

#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "scalar/serve.hpp"
#include "serve/infer_json.hpp"
#include "serve/models.hpp"
#include "serve/outputs.hpp"
#include "serve/repository.hpp"
#include "serve/request_form.hpp"
#include "serve/requests.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;

namespace {

using Shape = std::vector<std::int64_t>;

struct Reply {
  std::string text{};    // the answer, or the message of an error
  std::string binary{};  // the tensors after it
};

/// Decodes a request for `model`, runs it, and encodes the answer.
Reply ask(const serve::Servable& model, const std::string& json, const std::string& binary = {},
          const serve::Limits& limits = {}) {
  const std::string storage = json + binary + std::string(64, ' ');
  const serve::RequestForm form = serve::request_form(model, "test");
  std::optional<std::uint64_t> json_bytes;
  if (!binary.empty()) json_bytes = json.size();
  serve::InferRequest request;
  serve::Response response;
  try {
    request.decode(form, std::string_view(storage).substr(0, json.size() + binary.size()), json_bytes, limits);
    std::vector<Tensor> outputs(form.outputs.size());
    model.run(request.inputs(), outputs, {});
    check_outputs(form, request, outputs, limits);
    encode_answer(form, request, "m", "1", outputs, response);
    CHECK(response.body.size() <= serve::answer_bytes(form, request, outputs));
  } catch (const Error& error) {
    return {error.what()};
  }
  const std::size_t size = response.json_bytes.value_or(response.body.size());
  return {response.body.substr(0, size), response.body.substr(size)};
}

/// What a model with one input and one output of `type` makes of JSON data: the answer from its shape on, or the error.
std::string echoed(DataType type, const std::string& shape, const std::string& data, const Shape& signature = {-1, 2},
                   const std::string& more = {}) {
  const std::string text =
      ask(*echo_of(type, signature), R"({"inputs":[{"name":"x","datatype":")" + std::string(name(type)) +
                                         R"(","shape":)" + shape + R"(,"data":)" + data + "}]" + more + "}")
          .text;
  const std::size_t at = text.find("\"shape\":");
  return at == text.npos ? text : text.substr(at, text.size() - at - 3);
}

/// A request whose only tensor `x` is binary.
std::string binary_request(DataType type, const std::string& shape, std::size_t size) {
  return R"({"parameters":{"binary_data_output":true},"inputs":[{"name":"x","datatype":")" + std::string(name(type)) +
         R"(","shape":)" + shape + R"(,"parameters":{"binary_data_size":)" + std::to_string(size) + "}}]}";
}

std::string shown(const std::string& shape, const std::string& values) {
  return R"("shape":)" + shape + R"(,"data":)" + values;
}

}  // namespace

TEST_CASE("every type is read from JSON and written as JSON") {
  CHECK(echoed(DataType::boolean, "[2,2]", "[true,false,1,0]") == shown("[2,2]", "[true,false,true,false]"));
  CHECK(echoed(DataType::uint8, "[1,2]", "[255,0]") == shown("[1,2]", "[255,0]"));
  CHECK(echoed(DataType::uint16, "[1,2]", "[65535,1e3]") == shown("[1,2]", "[65535,1000]"));
  CHECK(echoed(DataType::uint32, "[1,2]", "[4294967295,0]") == shown("[1,2]", "[4294967295,0]"));
  CHECK(echoed(DataType::uint64, "[1,2]", "[18446744073709551615,9007199254740993]") ==
        shown("[1,2]", "[18446744073709551615,9007199254740993]"));
  CHECK(echoed(DataType::int8, "[1,2]", "[-128,127]") == shown("[1,2]", "[-128,127]"));
  CHECK(echoed(DataType::int16, "[1,2]", "[-32768,32767]") == shown("[1,2]", "[-32768,32767]"));
  CHECK(echoed(DataType::int32, "[1,2]", "[-2147483648,7.0]") == shown("[1,2]", "[-2147483648,7]"));
  CHECK(echoed(DataType::int64, "[1,2]", "[-9223372036854775808,9007199254740993]") ==
        shown("[1,2]", "[-9223372036854775808,9007199254740993]"));
  CHECK(echoed(DataType::float32, "[1,2]", "[0.1,-3e38]") == shown("[1,2]", "[0.1,-3e+38]"));
  CHECK(echoed(DataType::float64, "[1,2]", "[0.1,1e308]") == shown("[1,2]", "[0.1,1e+308]"));
  CHECK(echoed(DataType::bytes, "[1,2]", R"(["é\n",""])") == shown("[1,2]", R"(["é\n",""])"));
  // The nearest halves of 0.1 and 1/3, ties to even at 2049, and a BF16 of 1.00390625 = 1 + 2^-8, a tie.
  CHECK(echoed(DataType::float16, "[1,2]", "[0.1,0.33333333]") == shown("[1,2]", "[0.099975586,0.33325195]"));
  CHECK(echoed(DataType::float16, "[1,2]", "[2049,65519]") == shown("[1,2]", "[2048,65504]"));
  CHECK(echoed(DataType::bfloat16, "[1,2]", "[1.00390625,1.01171875]") == shown("[1,2]", "[1,1.015625]"));
}

TEST_CASE("a value that its type does not have is refused with tensor, element and what was expected") {
  CHECK(echoed(DataType::boolean, "[1,2]", "[true,2]") == "input 'x': element 1 is the number 2, which is no BOOL");
  CHECK(echoed(DataType::boolean, "[1,2]", "[0.5,1]") == "input 'x': element 0 is the number 0.5, which is no BOOL");
  CHECK(echoed(DataType::boolean, "[1,2]", "[\"true\",1]") ==
        "input 'x': element 0 is the string 'true', which is no BOOL");
  CHECK(echoed(DataType::uint8, "[1,2]", "[0,256]") == "input 'x': element 1 is the number 256, which is no UINT8");
  CHECK(echoed(DataType::uint64, "[1,2]", "[0,-1]") == "input 'x': element 1 is the number -1, which is no UINT64");
  CHECK(echoed(DataType::int64, "[1,2]", "[[9223372036854775808,0]]") ==
        "input 'x': element 0 is the number 9223372036854775808, which is no INT64");
  CHECK(echoed(DataType::int32, "[2,2]", "[[0,1],[2,1.50]]") ==
        "input 'x': element 3 is the number 1.50, which is no INT32");
  CHECK(echoed(DataType::int32, "[1,2]", "[null,1]") == "input 'x': element 0 is null, which is no INT32");
  CHECK(echoed(DataType::int32, "[1,2]", "[true,1]") == "input 'x': element 0 is true, which is no INT32");
  CHECK(echoed(DataType::float16, "[1,2]", "[65520,0]") ==
        "input 'x': element 0 is the number 65520, which is beyond FP16");
  CHECK(echoed(DataType::bfloat16, "[1,2]", "[0,-3.4e38]") ==
        "input 'x': element 1 is the number -3.4e38, which is beyond BF16");
  CHECK(echoed(DataType::float32, "[1,2]", "[0,1e39]") ==
        "input 'x': element 1 is the number 1e39, which is beyond FP32");
  CHECK(echoed(DataType::float64, "[1,2]", "[\"0\",1]") == "input 'x': element 0 is the string '0', which is no FP64");
  CHECK(echoed(DataType::bytes, "[1,2]", "[\"a\",5]") == "input 'x': element 1 is the number 5, which is no BYTES");
  CHECK(echoed(DataType::bytes, "[1,2]", "[\"a\",null]") == "input 'x': element 1 is null, which is no BYTES");
  CHECK(ask(*echo_of(DataType::boolean, {-1}), binary_request(DataType::boolean, "[3]", 3), std::string("\0\1\2", 3))
            .text == "input 'x': element 2 is the byte 2, expected 0 or 1");
}

TEST_CASE("the datatype of a tensor is that of the signature: only models of rows convert numbers") {
  const std::string request = R"({"inputs":[{"name":"x","datatype":"FP64","shape":[1,2],"data":[1,2]}]})";
  CHECK(ask(*echo_of(DataType::float32, {-1, 2}), request).text == "input 'x': has datatype 'FP64', expected FP32");
  CHECK(ask(*echo_of(DataType::bytes, {-1, 2}), request).text == "input 'x': has datatype 'FP64', expected BYTES");
  CHECK(echoed(DataType::float32, "[2]", "[1,2]") == "input 'x': has the shape [2], expected [-1, 2]");
}

TEST_CASE("null is NaN where a type has it, and NaN is only for binary answers") {
  for (const DataType type : {DataType::float16, DataType::bfloat16, DataType::float32, DataType::float64}) {
    CHECK(echoed(type, "[1,2]", "[1,null]") ==
          "output 'y': row 0 is not a finite number, which JSON cannot hold: ask for binary data");
    const std::string request = R"({"parameters":{"binary_data_output":true},"inputs":[{"name":"x","datatype":")" +
                                std::string(name(type)) + R"(","shape":[1,2],"data":[1,null]}]})";
    CHECK(ask(*echo_of(type, {-1, 2}), request).binary.size() == 2 * size_bytes(type));
  }
  CHECK(echoed(DataType::float32, "[3,1]", "[1,2,null]", {-1, 1}).starts_with("output 'y': row 2 is not a finite"));
  const auto scalar = echo_of(DataType::float64, {}, false);
  CHECK(ask(*scalar, R"({"inputs":[{"name":"x","datatype":"FP64","shape":[],"data":[null]}]})").text ==
        "output 'y': element 0 is not a finite number, which JSON cannot hold: ask for binary data");
}

TEST_CASE("tensors of every rank are read, flat or nested") {
  CHECK(echoed(DataType::int32, "[2,1,3]", "[1,2,3,4,5,6]", {-1, 1, 3}) == shown("[2,1,3]", "[1,2,3,4,5,6]"));
  CHECK(echoed(DataType::int32, "[2,1,3]", "[[[1,2,3]],[[4,5,6]]]", {-1, 1, 3}) == shown("[2,1,3]", "[1,2,3,4,5,6]"));
  CHECK(echoed(DataType::int32, "[2,1,3]", "[[[1,2,3]],[4,5,6]]", {-1, 1, 3}) ==
        "input 'x': 'data' mixes values and arrays");
  CHECK(echoed(DataType::int32, "[2,1,3]", "[[[1,2,3]],[[4,5]]]", {-1, 1, 3}) ==
        "input 'x': 'data' has 2 elements where 'shape' says 3");
  CHECK(echoed(DataType::int32, "[2,1,3]", "[[[1,2,3],[4,5,6]]]", {-1, 1, 3}) ==
        "input 'x': 'data' has 2 elements where 'shape' says 1");
  CHECK(echoed(DataType::int32, "[1,1,2]", "[[[1,\"a\"]]]", {-1, 1, 2}) ==
        "input 'x': element 1 is the string 'a', which is no INT32");
  const auto scalar = echo_of(DataType::int8, {}, false);
  CHECK(ask(*scalar, R"({"inputs":[{"name":"x","datatype":"INT8","shape":[],"data":[-7]}]})")
            .text.find(R"("shape":[],"data":[-7])") != std::string::npos);
  const auto unbatched = echo_of(DataType::int8, {-1, 2}, false);
  CHECK(ask(*unbatched, R"({"inputs":[{"name":"x","datatype":"INT8","shape":[0,2],"data":[]}]})")
            .text.find(R"("shape":[0,2],"data":[])") != std::string::npos);
  CHECK(echoed(DataType::int8, "[0,2]", "[]") == "input 'x': has no rows");

  std::string ones = "[1", open = "[", close = "]";
  Shape deep(serve::most_dimensions, 1);
  for (std::size_t i = 1; i < serve::most_dimensions; ++i) ones += ",1", open += '[', close += ']';
  CHECK(echoed(DataType::int8, ones + "]", open + "5" + close, deep) == shown(ones + "]", "[5]"));
  CHECK(echoed(DataType::int8, ones + ",1]", "[5]", deep).find("'shape' has 33 dimensions, expected at most 32") !=
        std::string::npos);
}

TEST_CASE("a general shape is only a claim, and elements are limited") {
  CHECK(echoed(DataType::float64, "[16777216,1]", "[1]", {-1, -1}) ==
        "input 'x': 'data' has 1 elements where 'shape' says 16777216");
  CHECK(echoed(DataType::float64, "[4096,4096,2]", "[1]", {-1, -1, -1}) ==
        "input 'x': the inputs have more than 16777216 elements");
  CHECK(echoed(DataType::float64, "[4611686018427387904,4611686018427387904,0]", "[]", {-1, -1, -1}) ==
        "input 'x': the inputs have more than 16777216 elements");
  CHECK(echoed(DataType::float64, "[1,3]", "[1,2,3]") == "input 'x': has the shape [1, 3], expected [-1, 2]");
  CHECK(echoed(DataType::float64, "[1,2,1]", "[1,2]") == "input 'x': has the shape [1, 2, 1], expected [-1, 2]");
  const Signature wide{.inputs = {{"x", DataType::int8, {-1}}}, .outputs = {{"y", DataType::int8, {-1, 1000}}}};
  const auto model = serve::make_servable(wide, echo);
  CHECK(ask(*model, R"({"inputs":[{"name":"x","datatype":"INT8","shape":[6],"data":[1,2,3,4,5,6]}]})", {},
            {.elements = 5000})
            .text == "the outputs would have more than 5000 elements");
}

TEST_CASE("binary tensors of every type come back as they were, whatever their alignment") {
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(DataType::bfloat16); ++number) {
    const auto type = static_cast<DataType>(number);
    CAPTURE(name(type));
    std::string bytes;
    if (type == DataType::bytes) {
      bytes = std::string("\2\0\0\0\xff\0\0\0\0\0", 10);  // not UTF-8, and an empty one
    } else {
      bytes.resize(2 * size_bytes(type));
      std::iota(bytes.begin(), bytes.end(), '\0');
    }
    for (std::size_t pad = 0; pad < 8; ++pad) {
      const Reply reply =
          ask(*echo_of(type, {-1, 2}), std::string(pad, ' ') + binary_request(type, "[1,2]", bytes.size()), bytes);
      CAPTURE(reply.text);
      REQUIRE(reply.binary == bytes);
    }
  }
  CHECK(ask(*echo_of(DataType::bytes, {-1}),
            R"({"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":5}}]})",
            std::string("\1\0\0\0\xff", 5))
            .text == "output 'y': row 0 is not UTF-8, which JSON cannot hold: ask for binary data");
}

TEST_CASE("batched inputs agree in rows, and others need not") {
  const auto sum = [](bool batched) {
    return serve::make_servable(
        Signature{.inputs = {{"a", DataType::int32, {-1}, batched}, {"b", DataType::int32, {-1, -1}, batched}},
                  .outputs = {{"count", DataType::int64, {1}, false}}},
        [](std::span<const TensorView> inputs, std::vector<Tensor>& outputs) {
          const std::int64_t count = inputs[0].elements() + inputs[1].elements();
          outputs[0] = {DataType::int64, {1}, std::vector<std::byte>(sizeof count), {}};
          std::memcpy(outputs[0].data.data(), &count, sizeof count);
        });
  };
  const std::string request = R"({"inputs":[{"name":"b","datatype":"INT32","shape":[2,3],"data":[1,2,3,4,5,6]},)"
                              R"({"name":"a","datatype":"INT32","shape":[3],"data":[1,2,3]}]})";
  CHECK(ask(*sum(true), request).text == "input 'a': has 3 rows, the inputs before it have 2");
  CHECK(ask(*sum(false), request).text.find("[9]") != std::string::npos);
  CHECK(ask(*sum(false), R"({"inputs":[{"name":"a","datatype":"INT32","shape":[0],"data":[]}]})").text ==
        "input 'b': is missing; the model has 2 inputs");
}

TEST_CASE("a raw body is the only input of a general model") {
  const auto raw = [](const serve::Servable& model, const std::string& body) {
    const Reply reply = ask(model, "", body);
    return reply.binary.empty() ? reply.text : reply.text.substr(reply.text.find("\"shape\":")) + reply.binary;
  };
  const auto shape = [](const std::string& text, std::size_t size) {
    return R"("shape":)" + text + R"(,"parameters":{"binary_data_size":)" + std::to_string(size) + "}}]}";
  };
  CHECK(raw(*echo_of(DataType::uint8, {-1, 2}), "abcdef") == shape("[3,2]", 6) + "abcdef");
  CHECK(raw(*echo_of(DataType::uint16, {2, 2}, false), "abcdefgh") == shape("[2,2]", 8) + "abcdefgh");
  CHECK(raw(*echo_of(DataType::bytes, {-1}), "any text") ==
        shape("[1]", 12) + std::string("\10\0\0\0", 4) + "any text");
  CHECK(raw(*echo_of(DataType::bytes, {}, false), "x") == shape("[]", 5) + std::string("\1\0\0\0", 4) + "x");
  CHECK(raw(*echo_of(DataType::uint8, {-1, 2}), "abc") == "the raw body has 3 bytes, expected UINT8 [-1, 2]");
  CHECK(raw(*echo_of(DataType::uint16, {2, 2}, false), "abc") == "the raw body has 3 bytes, expected UINT16 [2, 2]");
  CHECK(raw(*echo_of(DataType::uint8, {-1, 0}), "abc") == "the raw body has 3 bytes, expected UINT8 [-1, 0]");
  CHECK(raw(*echo_of(DataType::bytes, {-1, 2}), "abc") == "the raw body has 3 bytes, expected BYTES [-1, 2]");
  CHECK(raw(*echo_of(DataType::uint8, {-1, -1}), "abc") == "a raw body cannot say the lengths of [-1, -1]");
  CHECK(raw(*serve::make_servable(every_type(), echo), "abc") == "a raw body needs a model with one input");
}

TEST_CASE("outputs are chosen by name, each as JSON or binary") {
  std::string inputs;
  for (const TensorInfo& info : every_type().inputs)
    inputs += (inputs.empty() ? "" : ",") + (R"({"name":")" + info.name) + R"(","datatype":")" +
              std::string(name(info.type)) + R"(","shape":[1,2],"data":)" +
              (info.type == DataType::bytes ? R"(["a","b"])" : "[1,0]") + "}";
  const Reply reply = ask(*serve::make_servable(every_type(), echo),
                          R"({"inputs":[)" + inputs +
                              R"(],"outputs":[{"name":"out_INT16","parameters":{"binary_data":true}},)"
                              R"({"name":"out_BOOL"},{"name":"out_BYTES","parameters":{"binary_data":true}}]})");
  CHECK(reply.text ==
        R"({"model_name":"m","model_version":"1","outputs":[)"
        R"({"name":"out_INT16","datatype":"INT16","shape":[1,2],"parameters":{"binary_data_size":4}},)"
        R"({"name":"out_BOOL","datatype":"BOOL","shape":[1,2],"data":[true,false]},)"
        R"({"name":"out_BYTES","datatype":"BYTES","shape":[1,2],"parameters":{"binary_data_size":10}}]})");
  CHECK(reply.binary == std::string("\1\0\0\0\1\0\0\0a\1\0\0\0b", 14));
}

TEST_CASE("outputs that are not what the signature says are the model's fault") {
  const Signature signature{.inputs = {{"x", DataType::int8, {-1}}}, .outputs = {{"y", DataType::int8, {-1, 2}}}};
  const std::string request = R"({"inputs":[{"name":"x","datatype":"INT8","shape":[2],"data":[1,2]}]})";
  const auto gives = [&](const Tensor& output, std::size_t count = 1) {
    return ask(*serve::make_servable(signature, [&](std::span<const TensorView>,
                                                    std::vector<Tensor>& outputs) { outputs.assign(count, output); }),
               request, {}, {.elements = 100})
        .text;
  };
  const std::vector<std::byte> four(4), six(6);
  CHECK(gives({DataType::int8, {2, 2}, four, {}}).find("[0,0,0,0]") != std::string::npos);
  CHECK(gives({DataType::int8, {2, 2}, four, {}}, 2) == "the model gave 2 outputs, its signature has 1");
  CHECK(gives({DataType::uint8, {2, 2}, four, {}}) ==
        "output 'y': the model gave UINT8 [2, 2] for 2 rows, its signature says INT8 [-1, 2]");
  for (const Shape& shape : {Shape{2, 3}, Shape{3, 2}, Shape{2}, Shape{-2, 2}, Shape{}})
    CHECK(gives({DataType::int8, shape, six, {}}).starts_with("output 'y': the model gave INT8 ["));
  CHECK(gives({DataType::int8, {2, 2}, six, {}}) == "output 'y': the model gave 6 elements, the shape [2, 2] has 4");
  CHECK(gives({DataType::int8, {2, 2}, four, {"text"}}).starts_with("output 'y': the model gave"));

  const auto grows =
      serve::make_servable(Signature{.inputs = signature.inputs, .outputs = {{"y", DataType::int8, {-1, -1}}}},
                           [](std::span<const TensorView>, std::vector<Tensor>& outputs) {
                             outputs[0] = {DataType::int8, {2, 51}, std::vector<std::byte>(102), {}};
                           });
  CHECK(ask(*grows, request, {}, {.elements = 100}).text == "the outputs have more than 100 elements");
  const auto huge =
      serve::make_servable(Signature{.inputs = signature.inputs, .outputs = {{"y", DataType::int64, {-1, -1, -1}}}},
                           [](std::span<const TensorView>, std::vector<Tensor>& outputs) {
                             outputs[0] = {DataType::int64, {2, std::int64_t{1} << 62, std::int64_t{1} << 62}, {}, {}};
                           });
  CHECK(ask(*huge, request).text.starts_with("output 'y': the model gave INT64 [2, 4611686018427387904, "));
}

TEST_CASE("signatures that contradict themselves are refused before they are served") {
  serve::Server server;
  const auto refusal = [&](const Signature& signature) {
    try {
      server.add("m", serve::make_servable(signature, echo));
    } catch (const Error& error) {
      CHECK(error.code() == Errc::invalid_argument);
      return std::string(error.what()).substr(std::string("serve: model \"m\": ").size());
    }
    return std::string("accepted");
  };
  const std::vector<TensorInfo> good{{"x", DataType::int8, {-1}}};
  CHECK(refusal({.inputs = good, .outputs = good}) == "accepted");
  CHECK(refusal({.inputs = {}, .outputs = good}) == "the signature has no inputs");
  CHECK(refusal({.inputs = good, .outputs = {}}) == "the signature has no outputs");
  CHECK(refusal({.inputs = {good[0], good[0]}, .outputs = good}) == "the input \"x\" comes twice");
  CHECK(refusal({.inputs = good, .outputs = {good[0], good[0]}}) == "the output \"x\" comes twice");
  CHECK(refusal({.inputs = {{"", DataType::int8, {-1}}}, .outputs = good}) ==
        "an input has no name, or one that is not UTF-8");
  CHECK(refusal({.inputs = good, .outputs = {{"y", DataType::int8, {-1, -2}}}}) ==
        "the output \"y\" has the shape [-1, -2], expected lengths, or -1 for any");
  CHECK(refusal({.inputs = {{"x", DataType::int8, {}}}, .outputs = good}) ==
        "the input \"x\" is batched, but has no dimension that counts rows");
  CHECK(refusal({.inputs = {{"x", DataType::int8, Shape(33, 1)}}, .outputs = good}) ==
        "the input \"x\" has 33 dimensions, expected at most 32");
  CHECK_THROWS_WITH(serve::make_servable(Signature{}, serve::TensorFunction()), "make_servable: the function is empty");
}

TEST_CASE("warming gives a general model zeros of its shape, and never fails") {
  Shape seen;
  const auto model = serve::make_servable(
      Signature{.inputs = {{"x", DataType::float32, {-1, 3, -1}, false}, {"t", DataType::bytes, {-1}, false}},
                .outputs = {{"y", DataType::int8, {}, false}}},
      [&](std::span<const TensorView> inputs, std::vector<Tensor>& outputs) {
        seen.assign(inputs[0].shape.begin(), inputs[0].shape.end());
        CHECK(inputs[0].data.size() == 3 * sizeof(float));
        CHECK(inputs[1].texts.size() == 1);
        outputs[0] = {DataType::int8, {}, std::vector<std::byte>(1), {}};
      });
  CHECK(serve::warm(*model) >= 0);
  CHECK(seen == Shape{1, 3, 1});
  const auto fails = [](std::int64_t length, const serve::TensorFunction& function) {
    return serve::warm(*serve::make_servable(
               Signature{.inputs = {{"x", DataType::float32, {length}}}, .outputs = {{"y", DataType::int8, {-1}}}},
               function)) < 0;
  };
  CHECK(fails(-1, [](auto, auto&) { throw std::runtime_error("not these"); }));
  CHECK(fails(-1, [](auto, auto&) { throw 5; }));
  CHECK(fails(std::int64_t{1} << 60, echo));
  CHECK(fails(-3, echo));
}

TEST_CASE("a general model is listed, asked and cached over HTTP") {
  /// Echoes; a request that begins with 1 is in its cache.
  class Remembers final : public serve::Servable {
   public:
    const Signature& signature() const noexcept override { return signature_; }
    std::string_view platform() const noexcept override { return "test_echo"; }
    CacheUse run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs,
                 const PredictOptions& call) const override {
      echo(inputs, outputs);
      return call.use_cache ? CacheUse::miss : CacheUse::bypass;
    }
    bool find(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const override {
      if (inputs[0].data[0] != std::byte{1}) return false;
      echo(inputs, outputs);
      return true;
    }

   private:
    Signature signature_{.inputs = {{"x", DataType::int8, {-1, 2, -1}, false}},
                         .outputs = {{"y", DataType::int8, {-1, 2, -1}, false}}};
  };
  serve::Server server{{.threads = 1, .workers = 1}};
  server.add("m", std::make_shared<const Remembers>());
  server.add("bad", serve::make_servable(
                        Signature{.inputs = {{"x", DataType::int8, {-1}}}, .outputs = {{"y", DataType::int8, {-1}}}},
                        [](auto, std::vector<Tensor>& outputs) { outputs.clear(); }));
  server.add("forgets", serve::make_servable(Signature{.inputs = {{"x", DataType::int8, {-1}, false}},
                                                       .outputs = {{"y", DataType::int8, {-1, 2, -1}, false}}},
                                             [](auto, auto&) {}));
  server.start();
  Client client(server.port());
  client.send(get("/v2/models/m"));
  const json::Value described = json::parse(client.receive().body);
  CHECK(described.at("platform").as_string() == "test_echo");
  CHECK(described.at("inputs").dump() == R"([{"datatype":"INT8","name":"x","shape":[-1,2,-1]}])");
  CHECK(described.at("outputs").dump() == R"([{"datatype":"INT8","name":"y","shape":[-1,2,-1]}])");
  const auto asked = [&](const std::string& values, const std::string& more = {}) {
    client.send(
        infer(R"({"inputs":[{"name":"x","datatype":"INT8","shape":[1,2,2],"data":)" + values + "}]" + more + "}"));
    const Answer answer = client.receive();
    CHECK(answer.status == 200);
    CHECK(answer.body.find(R"("shape":[1,2,2],"data":)" + values) != std::string::npos);
    return answer.field("x-scalar-cache");
  };
  CHECK(asked("[1,2,3,4]") == "hit");  // nothing is known of the model's cost yet: only the cache is asked here
  CHECK(asked("[5,6,7,8]") == "miss");
  CHECK(asked("[5,6,7,8]", R"(,"parameters":{"cache":false})") == "bypass");
  const auto fails = [&](const std::string& model) {
    client.send(infer(R"({"inputs":[{"name":"x","datatype":"INT8","shape":[1],"data":[1]}]})", {}, model));
    const Answer answer = client.receive();
    CHECK(answer.status == 500);
    return error_of(answer);
  };
  CHECK(fails("bad") == "the model gave 0 outputs, its signature has 1");
  CHECK(asked("[5,6,7,8]") == "miss");
  // It finds nothing of the answer before.
  CHECK(fails("forgets").find(" [] for 1 rows, its signature says INT8 [-1, 2, -1]") != std::string::npos);
}
