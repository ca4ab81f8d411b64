#include "serve/infer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "core/numbers.hpp"
#include "scalar/core/error.hpp"
#include "scalar/core/json.hpp"
#include "serve/models.hpp"
#include "serve/row_batch.hpp"
#include "support/catch.hpp"

using namespace scalar;
using namespace serve_test;
using serve::InferRequest;

namespace {

/// Decodes `json` followed by `binary`, with the padding that the server gives.
struct Decoded {
  std::string storage;
  serve::RequestForm form;
  InferRequest request{};
  std::optional<serve::RowBatch> rows{};

  explicit Decoded(const serve::Servable& model, const std::string& json, const std::string& binary = {},
                   bool has_header = false, const serve::Limits& limits = {})
      : storage(json + binary + std::string(64, ' ')), form(serve::request_form(model, "test")) {
    std::optional<std::uint64_t> json_bytes;
    if (has_header || !binary.empty()) json_bytes = json.size();
    request.decode(form, std::string_view(storage).substr(0, json.size() + binary.size()), json_bytes, limits);
    if (form.is_of_rows) rows.emplace(request.inputs());
  }
  explicit Decoded(const serve::RowSignature& signature, const std::string& json, const std::string& binary = {},
                   bool has_header = false, const serve::Limits& limits = {})
      : Decoded(Sum(signature), json, binary, has_header, limits) {}
  BatchView batch() const { return rows->view(); }
};

/// The outputs of a model of rows that makes these predictions.
std::vector<Tensor> outputs_of(const serve::RowSignature& signature, const Decoded& decoded,
                               const std::vector<double>& predictions) {
  std::vector<Tensor> outputs;
  const auto model = serve::make_servable(
      signature, [&](const BatchView&, BatchOut out) { std::copy(predictions.begin(), predictions.end(), out.data); });
  model->run(decoded.request.inputs(), outputs, {});
  return outputs;
}

template <class Model>
std::string refusal(const Model& model, const std::string& json, const std::string& binary = {},
                    bool has_header = false) {
  try {
    Decoded decoded(model, json, binary, has_header);
  } catch (const Error& error) {
    CHECK(http_status(error.code()) < 500);
    return error.what();
  }
  return "accepted";
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string out;
  for (const T value : values) out.append(reinterpret_cast<const char*>(&value), sizeof value);
  return out;
}

std::string input(const std::string& name, const std::string& type, const std::string& shape, const std::string& data) {
  return R"({"name":")" + name + R"(","datatype":")" + type + R"(","shape":)" + shape + R"(,"data":)" + data + "}";
}
std::string inputs(const std::string& list) { return R"({"inputs":[)" + list + "]}"; }

}  // namespace

TEST_CASE("dense JSON is read flat or nested, with missing values") {
  for (const char* data : {"[1,2.5,-3e2,null]", "[[1,2.5],[-3e2,null]]"}) {
    const Decoded decoded(dense(2), inputs(input("input", "FP32", "[2,2]", data)));
    const auto& batch = decoded.batch();
    REQUIRE(batch.rows() == 2);
    REQUIRE(batch.is_dense());
    CHECK(batch.dense()(0, 1) == 2.5f);
    CHECK(batch.dense()(1, 0) == -300.f);
    CHECK(std::isnan(batch.dense()(1, 1)));
    CHECK(decoded.request.wanted().size() == 1);
  }
}

TEST_CASE("raw columns are read by name in any order, and keys in any order") {
  const Decoded decoded(mixed(), R"({"parameters":{"x":1,"cache":false},"id":"é\n","inputs":[)"
                                 R"({"data":["nurse",null,""],"shape":[3,1],"datatype":"BYTES","name":"job"},)" +
                                     input("age", "INT32", "[3]", "[20,null,40]") + "]}");
  const auto batch = decoded.batch();
  REQUIRE(batch.rows() == 3);
  REQUIRE_FALSE(batch.is_dense());
  CHECK(batch.columns()[0].numbers[2] == 40);
  CHECK(std::isnan(batch.columns()[0].numbers[1]));
  CHECK(batch.columns()[1].texts[0] == "nurse");
  CHECK(batch.columns()[1].texts[1].empty());
  CHECK(decoded.request.id() == "é\n");
  CHECK_FALSE(decoded.request.use_cache());
  REQUIRE(decoded.request.wanted().size() == 2);
}

TEST_CASE("binary tensors are read, whatever their alignment and width") {
  for (const std::string pad : {"", " ", "  ", "   "}) {
    const Decoded decoded(dense(2),
                          pad + R"({"inputs":[{"name":"input","datatype":"FP32","shape":[2,2],)"
                                R"("parameters":{"binary_data_size":16}}]})",
                          bytes_of<float>({1, 2, 3, std::numeric_limits<float>::quiet_NaN()}));
    CHECK(decoded.batch().dense()(1, 0) == 3);
    CHECK(std::isnan(decoded.batch().dense()(1, 1)));
  }
  const auto column = [&](const std::string& type, const std::string& bytes) {
    const Decoded decoded(mixed(),
                          R"({"inputs":[{"name":"age","datatype":")" + type +
                              R"(","shape":[2,1],"parameters":{"binary_data_size":)" + std::to_string(bytes.size()) +
                              R"(}},{"name":"job","datatype":"BYTES","shape":[2],)"
                              R"("parameters":{"binary_data_size":11}}]})",
                          bytes + bytes_of<std::uint32_t>({3}) + "abc" + bytes_of<std::uint32_t>({0}));
    const auto batch = decoded.batch();
    CHECK(batch.columns()[1].texts[0] == "abc");
    CHECK(batch.columns()[1].texts[1].empty());
    return std::pair(batch.columns()[0].numbers[0], batch.columns()[0].numbers[1]);
  };
  CHECK(column("BOOL", bytes_of<std::uint8_t>({1, 0})) == std::pair(1.0, 0.0));
  CHECK(column("UINT8", bytes_of<std::uint8_t>({255, 7})) == std::pair(255.0, 7.0));
  CHECK(column("INT16", bytes_of<std::int16_t>({-5, 300})) == std::pair(-5.0, 300.0));
  CHECK(column("INT64", bytes_of<std::int64_t>({-5, std::int64_t{1} << 40})) == std::pair(-5.0, std::ldexp(1.0, 40)));
  CHECK(column("FP32", bytes_of<float>({0.5f, 2})) == std::pair(0.5, 2.0));
  CHECK(column("FP64", bytes_of<double>({0.1, 2})) == std::pair(0.1, 2.0));
}

TEST_CASE("every number type is taken where the model keeps the value") {
  const auto json = [](const std::string& type, const std::string& data) {
    const Decoded decoded(dense(2), inputs(input("input", type, "[1,2]", data)));
    REQUIRE(decoded.batch().is_dense());
    return std::pair(decoded.batch().dense()(0, 0), decoded.batch().dense()(0, 1));
  };
  CHECK(json("INT64", "[16777216,-3]") == std::pair(16777216.f, -3.f));
  CHECK(json("UINT8", "[255,0]") == std::pair(255.f, 0.f));
  CHECK(json("FP64", "[0.5,1e10]") == std::pair(0.5f, 1e10f));
  CHECK(json("BOOL", "[true,false]") == std::pair(1.f, 0.f));
  CHECK(json("FP16", "[0.1,65504]") == std::pair(0.0999755859375f, 65504.f));
  CHECK(json("BF16", "[0.1,3e38]").first == 0.10009765625f);

  const auto binary = [](const std::string& type, const std::string& bytes) {
    const Decoded decoded(dense(2),
                          R"({"inputs":[{"name":"input","datatype":")" + type +
                              R"(","shape":[1,2],"parameters":{"binary_data_size":)" + std::to_string(bytes.size()) +
                              "}}]}",
                          bytes);
    return std::pair(decoded.batch().dense()(0, 0), decoded.batch().dense()(0, 1));
  };
  CHECK(binary("INT32", bytes_of<std::int32_t>({-7, 1 << 24})) == std::pair(-7.f, 16777216.f));
  CHECK(binary("FP64", bytes_of<double>({0.25, -1e10})) == std::pair(0.25f, -1e10f));
  // IEEE 754 binary16: 1, the largest 65504, the smallest 2^-24; bfloat16 is the upper half of a float.
  CHECK(binary("FP16", bytes_of<std::uint16_t>({0x3C00, 0x7BFF})) == std::pair(1.f, 65504.f));
  CHECK(binary("FP16", bytes_of<std::uint16_t>({0x8001, 0xC000})) == std::pair(-std::ldexp(1.f, -24), -2.f));
  CHECK(binary("BF16", bytes_of<std::uint16_t>({0x3F80, 0xC049})) == std::pair(1.f, -3.140625f));
  CHECK(std::isnan(binary("FP16", bytes_of<std::uint16_t>({0x7E00, 0})).first));
  CHECK_THROWS_WITH(binary("INT32", bytes_of<std::int32_t>({0, (1 << 24) + 1})),
                    "input 'input': element 1 is the number 16777217, which FP32 does not hold exactly");
  CHECK_THROWS_WITH(binary("FP64", bytes_of<double>({0.1, 0})),
                    "input 'input': element 0 is the number 0.1, which FP32 does not hold exactly");
}

TEST_CASE("half-precision numbers round to the nearest, ties to even") {
  const auto nearest = [](double number) { return Half::nearest(number).value(); };
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {  // every finite one of a sign, and what lies between two
    const Half half{static_cast<std::uint16_t>(bits)};
    const double here = half.value();
    REQUIRE(Half::nearest(here).bits == bits);
    REQUIRE(Half::nearest(-here).bits == (bits | 0x8000));
    if (bits + 1 == 0x7C00) break;
    const double next = Half{static_cast<std::uint16_t>(bits + 1)}.value(), middle = (here + next) / 2;
    REQUIRE(next > here);
    REQUIRE(nearest(middle) == (bits % 2 == 0 ? here : next));
    REQUIRE(nearest(std::nextafter(middle, 0)) == here);
    REQUIRE(nearest(std::nextafter(middle, 1e9)) == next);
  }
  CHECK(Half::nearest(65520).bits == 0x7C00);
  CHECK(Half::nearest(-1e300).bits == 0xFC00);
  CHECK(std::isnan(nearest(std::numeric_limits<double>::quiet_NaN())));
  CHECK(nearest(65519.99) == 65504);
  CHECK(BFloat16::nearest(1e300).bits == 0x7F80);
  for (std::uint32_t bits = 0; bits < 0x7F80; ++bits) {
    float upper = 0;
    const std::uint32_t whole = bits << 16;
    std::memcpy(&upper, &whole, sizeof upper);
    REQUIRE(BFloat16{static_cast<std::uint16_t>(bits)}.value() == static_cast<double>(upper));
    REQUIRE(BFloat16::nearest(upper).bits == bits);
  }
}

TEST_CASE("exactness is asked of the value, not of its range") {
  const serve::RowSignature raw{.inputs = {{"a"}, {"b"}}, .platform = "test"};
  const Decoded decoded(raw, R"({"inputs":[{"name":"a","datatype":"INT64","shape":[1,1],"data":[18014398509481984]},)"
                             R"({"name":"b","datatype":"UINT64","shape":[1,1],"data":[9223372036854775808]}]})");
  CHECK(decoded.batch().columns()[0].numbers[0] == std::ldexp(1.0, 54));
  CHECK(decoded.batch().columns()[1].numbers[0] == std::ldexp(1.0, 63));
  const auto binary = [&](std::int64_t value) {
    const Decoded read(raw,
                       R"({"inputs":[{"name":"a","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":8}},)"
                       R"({"name":"b","datatype":"INT8","shape":[1],"data":[1]}]})",
                       bytes_of<std::int64_t>({value}));
    return read.batch().columns()[0].numbers[0];
  };
  CHECK(binary(std::int64_t{1} << 62) == std::ldexp(1.0, 62));
  CHECK(binary(std::numeric_limits<std::int64_t>::min()) == std::ldexp(-1.0, 63));
  CHECK_THROWS_WITH(binary(std::numeric_limits<std::int64_t>::max()),
                    "input 'a': element 0 is the number 9223372036854775807, which FP64 does not hold exactly");
  CHECK_THROWS_WITH(binary((std::int64_t{1} << 53) + 1),
                    "input 'a': element 0 is the number 9007199254740993, which FP64 does not hold exactly");
}

TEST_CASE("columns of a wide model are found in any order, and a column may be called input") {
  serve::RowSignature wide = dense(300);
  std::string list;
  for (int i = 299; i >= 0; --i)
    list += input("f" + std::to_string(i), "INT16", "[1]", "[" + std::to_string(i) + "]") + (i > 0 ? "," : "");
  const Decoded decoded(wide, inputs(list));
  for (std::size_t i = 0; i < 300; ++i) REQUIRE(decoded.batch().columns()[i].numbers[0] == static_cast<double>(i));
  wide = dense(2);
  wide.inputs[1].name = "input";
  CHECK(Decoded(wide, inputs(input("input", "FP32", "[1,2]", "[1,2]"))).batch().is_dense());
  const Decoded named(wide, inputs(input("input", "FP32", "[1,1]", "[1]") + "," + input("f0", "FP32", "[1]", "[5]")));
  CHECK(named.batch().columns()[1].numbers[0] == 1);
}

TEST_CASE("null for what may be absent is as absent") {
  const Decoded decoded(
      dense(1),
      R"({"id":null,"parameters":null,"outputs":null,"inputs":[{"name":"input","datatype":"FP32","shape":[1,1],)"
      R"("parameters":null,"data":[1]}]})");
  CHECK_FALSE(decoded.request.has_id());
  CHECK(decoded.request.use_cache());
  CHECK(decoded.request.wanted().size() == 1);
  CHECK(Decoded(dense(1),
                R"({"parameters":{"cache":null,"binary_data_output":null},"outputs":[{"name":"prediction",)"
                R"("parameters":null}],"inputs":[{"name":"input","datatype":"FP32","shape":[1,1],)"
                R"("parameters":{"binary_data_size":4},"data":null}]})",
                bytes_of<float>({2}))
            .batch()
            .dense()(0, 0) == 2);
  CHECK(refusal(dense(1), R"({"inputs":null})") == "the request has no 'inputs'");
  CHECK(refusal(dense(1), R"({"inputs":[null]})") == "inputs[0]: an input is not an object");
}

TEST_CASE("a bare word in the JSON is named") {
  const auto with = [](const std::string& data) {
    return refusal(dense(2), inputs(input("input", "FP32", "[1,2]", data)));
  };
  CHECK(with("[1,NaN]") == "the request's JSON: 'NaN' at byte 69 is not JSON: send null for a missing value");
  CHECK(with("[1, nan]").find("'nan' at byte 70 is not JSON: send null") != std::string::npos);
  CHECK(with("[1,-Infinity]") == "the request's JSON: '-Infinity' at byte 69 is not JSON");
  CHECK(with("[1,None]") == "the request's JSON: 'None' at byte 69 is not JSON");
  CHECK(with("[1e5,-2E-3,]").find("is not JSON") == std::string::npos);
  CHECK(refusal(dense(1), R"({"NaN \" NaN":1,"id":true,)").find("is not JSON") == std::string::npos);
}

TEST_CASE("a raw body is one tensor") {
  const Decoded decoded(dense(2), "", bytes_of<float>({1, 2, 3, 4}));
  CHECK(decoded.batch().dense()(1, 1) == 4);
  CHECK(decoded.request.wanted()[0].is_binary);
  const serve::RowSignature text{.inputs = {{"t", true}}};
  CHECK(Decoded(text, "", "hello").batch().columns()[0].texts[0] == "hello");
  CHECK(refusal(dense(2), "", "abc") == "the raw body has 3 bytes, expected FP32 [-1, 2]");
  CHECK(refusal(mixed(), "", "abc") == "a raw body needs a model with one input");
}

TEST_CASE("outputs are chosen, in JSON or binary") {
  const std::string body = input("age", "FP64", "[1,1]", "[1]") + "," + input("job", "BYTES", "[1,1]", "[\"x\"]");
  const auto wanted = [&](const std::string& rest) {
    const Decoded decoded(mixed(), R"({"inputs":[)" + body + "]," + rest + "}");
    std::string out;
    for (const auto& one : decoded.request.wanted()) out += std::to_string(one.output) + (one.is_binary ? "b" : "j");
    return out;
  };
  CHECK(wanted(R"("outputs":[])") == "0j1j");
  CHECK(wanted(R"("parameters":{"binary_data_output":true})") == "0b1b");
  CHECK(wanted(R"("outputs":[{"name":"label"}])") == "1j");
  CHECK(
      wanted(
          R"("parameters":{"binary_data_output":true},"outputs":[{"name":"label","parameters":{"binary_data":false}},)"
          R"({"name":"probabilities"}])") == "1j0b");
}

TEST_CASE("answers are written in JSON and binary, and read back") {
  const std::string body =
      inputs(input("age", "FP64", "[2,1]", "[1,2]") + "," + input("job", "BYTES", "[2,1]", R"(["x",""])"));
  const std::vector<double> values{0.1f, 0.9f, 0.75, 0.25};
  Decoded decoded(mixed(), R"({"id":"a\"b",)" + body.substr(1));
  serve::Response response;
  encode_answer(decoded.form, decoded.request, "m", "7", outputs_of(mixed(), decoded, values), response);
  CHECK_FALSE(response.json_bytes);
  CHECK(response.body == R"({"model_name":"m","model_version":"7","id":"a\"b","outputs":[)"
                         R"({"name":"probabilities","datatype":"FP32","shape":[2,2],"data":[0.1,0.9,0.75,0.25]},)"
                         R"({"name":"label","datatype":"BYTES","shape":[2,1],"data":["yes \"sure\"","no"]}]})");

  Decoded binary(mixed(), R"({"parameters":{"binary_data_output":true},)" + body.substr(1));
  response.clear();
  encode_answer(binary.form, binary.request, "m", "7", outputs_of(mixed(), binary, values), response);
  REQUIRE(response.json_bytes);
  CHECK(response.type == serve::ContentType::octets);
  const std::string tail = response.body.substr(*response.json_bytes);
  CHECK(tail == bytes_of<float>({0.1f, 0.9f, 0.75f, 0.25f}) + bytes_of<std::uint32_t>({10}) + "yes \"sure\"" +
                    bytes_of<std::uint32_t>({2}) + "no");
  const json::Value head = json::parse(response.body.substr(0, *response.json_bytes));
  CHECK(head.at("outputs").as_array()[1].at("parameters").at("binary_data_size").as_int() == 20);

  Decoded plain(dense(1), inputs(input("input", "FP32", "[1,1]", "[1]")));
  response.clear();
  const std::vector<Tensor> nan = outputs_of(dense(1), plain, {std::numeric_limits<double>::quiet_NaN()});
  CHECK_THROWS_WITH(encode_answer(plain.form, plain.request, "m", "7", nan, response),
                    "output 'prediction': row 0 is not a finite number, which JSON cannot hold: ask for binary data");
}

TEST_CASE("what does not fit is refused with a sentence that says where") {
  const auto one = [](const std::string& name, const std::string& type, const std::string& shape,
                      const std::string& data) { return refusal(dense(2), inputs(input(name, type, shape, data))); };
  CHECK(one("input", "FP32", "[1,2]", "[1,2]") == "accepted");
  CHECK(one("input", "FP32", "[1,2]", "[1]") == "input 'input': 'data' has 1 elements where 'shape' says 2");
  CHECK(one("input", "FP32", "[1,2]", "[[1],[2]]") == "input 'input': 'data' has 1 elements where 'shape' says 2");
  CHECK(one("input", "FP32", "[2,2]", "[[1,2],[3]]") == "input 'input': 'data' has 1 elements where 'shape' says 2");
  CHECK(one("input", "FP32", "[1,2]", "[[1,2],[3,4]]") == "input 'input': 'data' has 2 elements where 'shape' says 1");
  CHECK(one("input", "FP32", "[1,2]", "[[[1,2]]]").find("element 0 is an array, which is no FP32") !=
        std::string::npos);
  CHECK(one("input", "FP32", "[1,3]", "[1,2,3]") == "input 'input': has the shape [1, 3], expected [-1, 2]");
  CHECK(one("input", "FP32", "[2]", "[1,2]") == "input 'input': has the shape [2], expected [-1, 2]");
  CHECK(one("input", "FP32", "[1,2,1]", "[1,2]") == "input 'input': has the shape [1, 2, 1], expected [-1, 2]");
  CHECK(one("input", "FP32", "[-1,2]", "[1,2]") == "inputs[0]: a dimension of 'shape' is not a size");
  CHECK(one("input", "FP32", "[1.5,2]", "[1,2]") == "inputs[0]: a dimension of 'shape' is not a size");
  CHECK(one("input", "FP32", "[0,2]", "[]") == "input 'input': has no rows");
  CHECK(one("input", "FP32", "[4611686018427387904,4]", "[1]") ==
        "input 'input': the inputs have more than 16777216 elements");
  CHECK(one("input", "FP32", "[1,2]", "[1,\"2\"]") == "input 'input': element 1 is the string '2', which is no FP32");
  CHECK(one("input", "FP32", "[1,2]", "[1,true]") == "input 'input': element 1 is true, which is no FP32");
  CHECK(one("input", "FP32", "[1,2]", "[1, 1E300 ]") ==
        "input 'input': element 1 is the number 1E300, which is beyond FP32");
  CHECK(one("input", "INT32", "[1,2]", "[1,2]") == "accepted");
  CHECK(one("input", "INT32", "[1,2]", "[[1,16777217]]") ==
        "input 'input': element 1 is the number 16777217, which FP32 does not hold exactly");
  CHECK(one("input", "FP64", "[2,2]", "[[1,2],[3,0.10]]") ==
        "input 'input': element 3 is the number 0.10, which FP32 does not hold exactly");
  CHECK(one("input", "BYTES", "[1,2]", "[1,2]") ==
        "input 'input': has datatype 'BYTES', expected FP32 or another number");
  CHECK(one("input", "FP16", "[1,2]", "[1,65520]") ==
        "input 'input': element 1 is the number 65520, which is beyond FP16");
  CHECK(one("other", "FP32", "[1,2]", "[1,2]") == "input 'other': is no input of the model, which has 'input'");
  CHECK(one(std::string(100, 'x'), "FP32", "[1,2]", "[1,2]").find("'" + std::string(64, 'x') + "...'") == 6);
  CHECK(one("f0", "FP64", "[1,1]", "[1]") == "input 'f1': is missing; the model has 2 inputs");

  const auto age = [](const std::string& type, const std::string& shape, const std::string& data) {
    return refusal(mixed(), inputs(input("age", type, shape, data)));
  };
  CHECK(age("INT32", "[1,1]", "[1.5]") == "input 'age': element 0 is the number 1.5, which is no INT32");
  CHECK(age("INT8", "[1,1]", "[128]") == "input 'age': element 0 is the number 128, which is no INT8");
  CHECK(age("UINT8", "[1,1]", "[-1]") == "input 'age': element 0 is the number -1, which is no UINT8");
  CHECK(age("INT64", "[1,1]", "[9007199254740993]") ==
        "input 'age': element 0 is the number 9007199254740993, which FP64 does not hold exactly");
  CHECK(age("INT64", "[1,1]", "[9223372036854775808]") ==
        "input 'age': element 0 is the number 9223372036854775808, which is no INT64");
  CHECK(age("UINT64", "[1,1]", "[18446744073709551615]") ==
        "input 'age': element 0 is the number 18446744073709551615, which FP64 does not hold exactly");
  CHECK(age("BOOL", "[1,1]", "[2]") == "input 'age': element 0 is the number 2, which is no BOOL");
  CHECK(age("BYTES", "[1,1]", "[\"1\"]") == "input 'age': has datatype 'BYTES', expected FP64 or another number");
  CHECK(age("FP128", "[1,1]", "[1]") == "input 'age': has datatype 'FP128', expected FP64 or another number");
  CHECK(age("FP64", "[1,2]", "[1,2]") == "input 'age': has the shape [1, 2], expected [-1, 1]");
  CHECK(age("FP64", "[1,1]", "[{}]") == "input 'age': element 0 is an object, which is no FP64");
  CHECK(refusal(mixed(), inputs(input("age", "FP64", "[1,1]", "[1]") + "," + input("age", "FP64", "[1,1]", "[1]"))) ==
        "input 'age': comes twice");
  CHECK(refusal(mixed(),
                inputs(input("age", "FP64", "[1,1]", "[1]") + "," + input("job", "BYTES", "[2,1]", "[\"\",\"\"]"))) ==
        "input 'job': has 2 rows, the inputs before it have 1");
  CHECK(refusal(mixed(), inputs(input("job", "BYTES", "[1,1]", "[5]"))) ==
        "input 'job': element 0 is the number 5, which is no BYTES");
}

TEST_CASE("what is no request is refused") {
  CHECK(refusal(dense(1), "").starts_with("the request's JSON: "));
  CHECK(refusal(dense(1), "{").starts_with("the request's JSON: "));
  CHECK(refusal(dense(1), "{} x").starts_with("the request's JSON: "));
  CHECK(refusal(dense(1), "[1]") == "the request is not an object");
  CHECK(refusal(dense(1), "{}") == "the request has no 'inputs'");
  CHECK(refusal(dense(1), R"({"inputs":{}})") == "'inputs' is not an array");
  CHECK(refusal(dense(1), R"({"inputs":[]})") == "'inputs' is empty");
  CHECK(refusal(dense(1), R"({"inputs":[5]})") == "inputs[0]: an input is not an object");
  CHECK(refusal(dense(1), R"({"inputs":[{}]})") == "inputs[0]: an input has no 'name'");
  CHECK(refusal(dense(1), R"({"inputs":[{"name":5}]})") == "inputs[0]: 'name' of an input is not a string");
  CHECK(refusal(dense(1), R"({"inputs":[],"inputs":[]})") == "'inputs' comes twice");
  CHECK(refusal(dense(1), R"({"id":5,"inputs":[]})") == "'id' is not a string");
  CHECK(refusal(dense(1), "{\"id\":\"\xff\",\"inputs\":[]}").starts_with("the request's JSON: "));
  CHECK(refusal(dense(1), R"({"inputs":[{"name":"input","datatype":"FP32","shape":[1,1]}]})") ==
        "input 'input': has neither 'data' nor 'binary_data_size'");
  CHECK(refusal(dense(1), R"({"inputs":[{"name":"input","datatype":"FP32","shape":[1,1],"data":5}]})") ==
        "input 'input': 'data' is not an array");
  const std::string good = input("input", "FP32", "[1,1]", "[1]");
  const auto with_outputs = [&](const std::string& outputs) {
    return refusal(dense(1), R"({"inputs":[)" + good + R"(],"outputs":)" + outputs + "}");
  };
  CHECK(with_outputs("5") == "'outputs' is not an array");
  CHECK(with_outputs(R"([{"name":"x"}])") == "output 'x': is no output of the model");
  CHECK(with_outputs(R"([{"name":"prediction"},{"name":"prediction"}])") == "output 'prediction': comes twice");
  CHECK(with_outputs(R"([{}])") == "an output has no 'name'");
  CHECK(with_outputs(R"([{"name":"prediction","parameters":{"classification":1}}])") ==
        "classification is not supported");
  CHECK(with_outputs(R"([{"name":"prediction","parameters":{"binary_data":1}}])") ==
        "'binary_data' is not true or false");
}

TEST_CASE("nesting is limited to the depth that was allowed") {
  const auto nested = [](int depth) {
    // the parameters of the request are level 2
    return R"({"inputs":[)" + input("input", "FP32", "[1,1]", "[1]") + R"(],"parameters":{"x":)" +
           std::string(static_cast<std::size_t>(depth - 2), '[') +
           std::string(static_cast<std::size_t>(depth - 2), ']') + "}}";
  };
  CHECK(refusal(dense(1), nested(100)) == "accepted");
  CHECK(refusal(dense(1), nested(101)).starts_with("the request's JSON: "));
  CHECK(refusal(dense(1), nested(100'000)).starts_with("the request's JSON: "));
}

TEST_CASE("binary data that does not add up is refused") {
  const auto sized = [](const std::string& size, const std::string& bytes, const std::string& shape = "[1,2]") {
    return refusal(dense(2),
                   R"({"inputs":[{"name":"input","datatype":"FP32","shape":)" + shape +
                       R"(,"parameters":{"binary_data_size":)" + size + "}}]}",
                   bytes, true);
  };
  CHECK(sized("8", "12345678") == "accepted");
  CHECK(sized("8", "123456789") == "unexpected additional input data: 1 bytes are left after the last tensor");
  CHECK(sized("8", "1234567") == "input 'input': 'binary_data_size' is 8, but only 7 bytes of binary data are left");
  CHECK(sized("4", "12345678") == "input 'input': 'binary_data_size' is 4, the shape needs 8");
  CHECK(sized("-8", "12345678") == "inputs[0]: 'binary_data_size' is not a size");
  CHECK(sized("18446744073709551608", "12345678") == "inputs[0]: 'binary_data_size' is not a size");
  CHECK(sized("8", "12345678", "[2305843009213693952,2]") ==
        "input 'input': the inputs have more than 16777216 elements");
  const auto texts = [](const std::string& bytes, const std::string& rows) {
    return refusal(mixed(),
                   R"({"inputs":[{"name":"job","datatype":"BYTES","shape":[)" + rows +
                       R"(],"parameters":{"binary_data_size":)" + std::to_string(bytes.size()) + "}}]}",
                   bytes, true);
  };
  const std::string abc = bytes_of<std::uint32_t>({3}) + "abc";
  CHECK(texts(abc, "1") == "input 'age': is missing; the model has 2 inputs");
  CHECK(texts(abc + "ab", "1") == "input 'job': ends within the length of element 1");
  CHECK(texts(abc + abc, "1") == "input 'job': has more elements than its shape says");
  CHECK(texts(abc, "2") == "input 'job': has 1 elements, its shape says 2");
  CHECK(texts(bytes_of<std::uint32_t>({0xffffffffu}) + "abc", "1") ==
        "input 'job': element 0 of 4294967295 bytes has only 3 left");
  CHECK(refusal(mixed(),
                R"({"inputs":[{"name":"age","datatype":"BOOL","shape":[1],"parameters":{"binary_data_size":1}}]})",
                "\x02") == "input 'age': element 0 is the number 2, expected 0 or 1");

  InferRequest request;
  const std::string body(80, ' ');
  CHECK_THROWS_WITH(
      request.decode(serve::request_form(Sum(dense(1)), "test"), std::string_view(body).substr(0, 16), 17, {}),
      "Inference-Header-Content-Length is 17, the body has 16 bytes");
}

TEST_CASE("the number of outputs is limited, too") {
  serve::RowSignature wide = dense(1);
  wide.outputs = 1000;
  serve::Limits limits;
  limits.elements = 5000;
  std::string data = "[0";
  for (int i = 1; i < 6; ++i) data += ",0";
  CHECK_THROWS_WITH(Decoded(wide, inputs(input("input", "FP32", "[6,1]", data + "]")), "", false, limits),
                    "the outputs would have more than 5000 elements");
}
