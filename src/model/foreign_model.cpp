#include "scalar/model/foreign_model.hpp"

#include <utility>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "model/foreign_data.hpp"
#include "scalar/core/json.hpp"
#include "scalar/data/check_inputs.hpp"
#include "scalar/data/tensor_numbers.hpp"
#include "scalar/model.hpp"
#include "scalar/spec/parameters.hpp"

namespace scalar::inline v0 {
namespace {

bool has_free_rows(const TensorInfo& tensor) { return !tensor.shape.empty() && tensor.shape[0] == -1; }

/// The signature as its runner gives it, with all tensors marked as batched, or none.
Signature with_batched(Signature signature, std::optional<bool> asked) {
  const TensorInfo* fixed = nullptr;
  for (const auto* tensors : {&signature.inputs, &signature.outputs})
    for (const TensorInfo& tensor : *tensors)
      if (!has_free_rows(tensor)) fixed = &tensor;
  if (asked.value_or(false) && fixed != nullptr)
    fail(Errc::invalid_argument, "foreign model",
         "it is to be batched, but {} has the shape {}, whose first dimension is not free", quoted(fixed->name),
         shape_text(fixed->shape));
  const bool batched = asked.value_or(fixed == nullptr && signature.is_batched());
  for (auto* tensors : {&signature.inputs, &signature.outputs})
    for (TensorInfo& tensor : *tensors) tensor.batched = batched;
  return signature;
}

/// Throws unless the model answered as its signature says; one that is batched, with a row for each row of its inputs.
void check_answer(const Signature& signature, std::span<const TensorView> inputs, const std::vector<Tensor>& outputs) {
  if (outputs.size() != signature.outputs.size())
    fail(Errc::failed, "foreign model", "it answered {} outputs, its signature has {}", outputs.size(),
         signature.outputs.size());
  const bool is_batched = signature.is_batched();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorInfo& expected = signature.outputs[i];
    const Tensor& output = outputs[i];
    const auto elements = static_cast<std::size_t>(output.elements());
    if (output.type != expected.type || output.data.size() != elements * size_bytes(output.type) ||
        output.texts.size() != (output.type == DataType::bytes ? elements : 0))
      fail(Errc::failed, "foreign model", "it answered output {} with {} bytes and {} texts of type {} {}, expected {}",
           quoted(expected.name), output.data.size(), output.texts.size(), name(output.type), shape_text(output.shape),
           name(expected.type));
    if (is_batched && (!data::fits(output.shape, expected.shape) || output.shape[0] != inputs[0].shape[0]))
      fail(Errc::failed, "foreign model",
           "it answered {} rows with output {} of the shape {}, expected {}; a model that mixes rows is opened with "
           "ForeignOptions{{.batched = false}}",
           inputs[0].shape[0], quoted(expected.name), shape_text(output.shape), shape_text(expected.shape));
  }
}

/// True for one FP32 input `[-1, features]` and one output of numbers, `[-1, outputs]` or `[-1]`.
bool takes_rows(const Signature& signature) {
  if (!signature.is_batched() || signature.inputs.size() != 1 || signature.outputs.size() != 1) return false;
  const TensorInfo &input = signature.inputs[0], &output = signature.outputs[0];
  return input.type == DataType::float32 && input.shape.size() == 2 && input.shape[1] > 0 &&
         output.type != DataType::bytes &&
         (output.shape.size() == 1 || (output.shape.size() == 2 && output.shape[1] > 0));
}

/// An executable that takes rows, as the predictor of a model.
class RowsOfExecutable final : public CompiledModel::Interface {
 public:
  explicit RowsOfExecutable(Executable executable) : executable_(std::move(executable)) {
    const Signature& signature = executable_.signature();
    features_ = signature.inputs[0].shape[1];
    outputs_ = signature.outputs[0].shape.size() == 1 ? 1 : signature.outputs[0].shape[1];
  }
  std::int64_t features() const noexcept override { return features_; }
  std::int64_t margins() const noexcept override { return outputs_; }
  std::int64_t outputs() const noexcept override { return outputs_; }
  void margins(FloatMatrix, BatchOut) const override {
    fail(Errc::unsupported, "foreign model", "its sums before the link are not known");
  }
  void predict(FloatMatrix features, BatchOut out) const override;

 private:
  Executable executable_;
  std::int64_t features_ = 0, outputs_ = 0;
};

void RowsOfExecutable::predict(FloatMatrix features, BatchOut out) const {
  std::vector<float> packed;
  if (!features.is_packed()) {
    for (std::int64_t i = 0; i < features.rows; ++i)
      packed.insert(packed.end(), features.row(i).begin(), features.row(i).end());
    features = FloatMatrix(packed.data(), features.rows, features.columns);
  }
  const std::int64_t shape[] = {features.rows, features.columns};
  const std::span<const float> values(features.data, static_cast<std::size_t>(features.rows * features.columns));
  const TensorView input{.type = DataType::float32, .shape = shape, .data = std::as_bytes(values)};
  std::vector<Tensor> outputs;
  executable_.run({&input, 1}, outputs);
  const auto expected = static_cast<std::size_t>(out.rows * out.columns);
  if (outputs.size() != 1 || static_cast<std::size_t>(outputs[0].elements()) != expected)
    fail(Errc::failed, "foreign model", "it answered {} rows with {}", features.rows,
         outputs.empty() ? "nothing" : shape_text(outputs[0].shape));
  std::vector<double> numbers(expected);
  data::copy_numbers({.type = outputs[0].type, .shape = outputs[0].shape, .data = outputs[0].data}, numbers);
  for (std::int64_t i = 0; i < out.rows; ++i)
    std::copy_n(numbers.begin() + i * out.columns, out.columns, out.row(i).begin());
}

std::vector<std::string> names_of(std::int64_t features) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < features; ++i) names.push_back(fmt::format("f{}", i));
  return names;
}

std::string json_of(const backend::ForeignFiles& files, const ForeignOptions& options) {
  return json::Value(json::Object{{"batched", options.batched ? json::Value(*options.batched) : json::Value()},
                                  {"format", files.format}})
      .dump();
}

}  // namespace

ForeignModel::Data::Data(std::shared_ptr<const backend::ForeignFiles> given, const ForeignOptions& wanted,
                         Runtime resources)
    : Base(model::detail::foreign_name, json_of(*given, wanted), Encoder(), std::move(resources)),
      files(std::move(given)),
      options(wanted),
      executable(backend::open_foreign(*files, wanted.device, runtime)) {
  signature = with_batched(executable.signature(), wanted.batched);
  if (!takes_rows(signature)) return;
  encoder = Encoder::identity(names_of(signature.inputs[0].shape[1]), {});
  compiled = CompiledModel(std::make_shared<RowsOfExecutable>(executable));
}

std::vector<std::byte> ForeignModel::Data::parameter_bytes() const {
  TensorWriter writer;
  for (const auto& [path, bytes] : files->files)
    writer.add(path, DataType::uint8, {static_cast<std::int64_t>(bytes.size())}, std::span(bytes));
  return writer.finish();
}

void ForeignModel::Data::run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
  data::check_inputs(signature, inputs);
  executable.run(inputs, outputs);
  check_answer(signature, inputs, outputs);
}

ForeignModel::ForeignModel(backend::ForeignFiles files, const ForeignOptions& options, ModelInfo info, Runtime runtime)
    : data_(std::make_shared<const Data>(std::make_shared<const backend::ForeignFiles>(std::move(files)), options,
                                         std::move(runtime))),
      info_(std::make_shared<const ModelInfo>(std::move(info))) {}

ForeignModel::ForeignModel(std::string format, std::map<std::string, std::vector<std::byte>> files,
                           const ForeignOptions& options, ModelInfo info, Runtime runtime)
    : ForeignModel(backend::ForeignFiles{std::move(format), std::move(files)}, options, std::move(info),
                   std::move(runtime)) {}

const ForeignModel::Data& ForeignModel::data() const {
  if (!data_) model::detail::throw_empty(model::detail::foreign_name);
  return *data_;
}
const backend::ForeignFiles& ForeignModel::files() const { return *data().files; }
const ForeignOptions& ForeignModel::options() const { return data().options; }
const Signature& ForeignModel::signature() const { return data().signature; }
const ModelInfo& ForeignModel::info() const { return (void)data(), *info_; }
void ForeignModel::run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
  data().run(inputs, outputs);
}

AnyModel::AnyModel(ForeignModel model) : data_(std::move(model.data_)), info_(std::move(model.info_)) {}

ForeignModel AnyModel::foreign() const {
  if (!data().is_foreign()) model::detail::throw_other_spec(spec_name(), model::detail::foreign_name);
  return {std::static_pointer_cast<const ForeignModel::Data>(data_), info_};
}

AnyModel AnyModel::on(const Device& device) const {
  if (!data().is_foreign()) {
    require_cpu(device, spec_name());
    return *this;
  }
  const ForeignModel model = foreign();
  if (model.options().device == device) return *this;
  ForeignOptions options = model.options();
  options.device = device;
  return ForeignModel(std::make_shared<const ForeignModel::Data>(model.data().files, options, data().runtime), info_);
}

}  // namespace scalar::inline v0
