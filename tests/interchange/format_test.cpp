#include "scalar/interchange/format.hpp"

#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/paths.hpp"

using namespace scalar;
using Catch::Matchers::Contains;
using interchange::ModelFormat;
using interchange::recognize;
using interchange::RecognizedFormat;
using test::message_of;

namespace {

RecognizedFormat of(std::string_view content, std::string_view name = {}) {
  return recognize(std::as_bytes(std::span(content.data(), content.size())), name);
}
std::string refused(std::string_view content, std::string_view name = {}) {
  return message_of(Errc::unsupported, [&] { (void)of(content, name); });
}

// ModelProto: ir_version = 8, producer_name = "skl2onnx", graph = {name = "g"}, opset_import = {version = 13}.
const std::string onnx("\x08\x08\x12\x08skl2onnx\x3a\x03\x12\x01g\x42\x02\x10\x0d", 21);
// SavedModel: saved_model_schema_version = 1, meta_graphs = {...}.
const std::string saved_model("\x08\x01\x12\x02\x0a\x00", 6);

}  // namespace

TEST_CASE("XGBoost's own files are recognized", "[interchange]") {
  for (const char* name : {"logitraw_base02", "logitraw_default", "quantile03", "reg_logistic"}) {
    std::ostringstream text;
    text << std::ifstream(test::source_file(std::string("tests/interchange/models/") + name + ".json")).rdbuf();
    const RecognizedFormat found = of(text.str(), "anything");
    CHECK(found.format == ModelFormat::xgboost_json);
    CHECK(found.tool == "xgboost");
    // Whatever is cut off, it is left to XGBoost's reader to say so.
    CHECK(of(text.str().substr(0, 40)).format == ModelFormat::xgboost_json);
  }
}

TEST_CASE("formats are told apart by their content", "[interchange]") {
  CHECK(of(std::string("{L\0\0\0\0\0\0\0\x07learner{", 18)).format == ModelFormat::xgboost_ubj);
  CHECK(of("tree\nversion=v4\nnum_class=1\n").format == ModelFormat::lightgbm);
  CHECK(of(" {\n\"features_info\": {}, \"oblivious_trees\": []}").format == ModelFormat::catboost_json);
  CHECK(of("{\"version\":[3,0,0],\"learner\":{}}").format == ModelFormat::xgboost_json);
  CHECK(of(onnx, "model.txt").format == ModelFormat::onnx);
  CHECK(of(onnx).tool == "skl2onnx");
  CHECK(of(saved_model).format == ModelFormat::saved_model);
  CHECK(of(std::string("PK\x03\x04") + "net/data.pkl...net/constants.pkl").format == ModelFormat::torchscript);
  CHECK(name(ModelFormat::onnx) == "onnx");
  CHECK(name(ModelFormat::torchscript) == "torchscript");
  CHECK(name(ModelFormat::saved_model) == "saved_model");
}

TEST_CASE("the name decides where the content does not", "[interchange]") {
  CHECK(of(onnx.substr(0, onnx.size() - 1), "cut.onnx").format == ModelFormat::onnx);
  CHECK(of("", "empty.onnx").format == ModelFormat::onnx);
  CHECK(of("{", "cut.ubj").format == ModelFormat::xgboost_ubj);
  CHECK_THAT(refused(onnx.substr(0, onnx.size() - 1)), Contains("not known"));
}

TEST_CASE("anything else is refused with what it seems to be", "[interchange]") {
  CHECK_THAT(refused("hello", "model.bin"), Contains("format is not known") && Contains("XGBoost") && Contains("ONNX"));
  CHECK_THAT(refused(""), Contains("it is empty"));
  CHECK_THAT(refused("{\"weights\": [1, 2]}", "model.json"), Contains("JSON, but neither"));
  CHECK_THAT(refused("CBM1...."), Contains("CatBoost") && Contains("format=\"json\""));
  CHECK_THAT(refused("\x80\x04\x95"), Contains("pickle"));
  CHECK_THAT(refused(std::string("PK\x03\x04") + "archive/data.pkl"), Contains("torch.jit.save"));
  CHECK_THAT(refused("\x89HDF\r\n"), Contains("HDF5"));
}

TEST_CASE("no prefix and no flipped bit of a file makes it crash", "[interchange]") {
  for (const std::string& good : {onnx, saved_model, std::string("{L\0\0\0\0\0\0\0\x07learner{", 18)}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
        (void)test::code_of([&] { (void)of(bad); });
      }
      CHECK((test::code_of([&] { (void)of(good.substr(0, i)); }) == Errc::unsupported || i >= 10));
    }
  }
  // A length of 2^63, and a varint that does not end.
  CHECK_THAT(refused(std::string("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10)), Contains("not known"));
  CHECK_THAT(refused(std::string(20, '\xff')), Contains("not known"));
}
