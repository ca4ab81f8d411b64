// Runs models that are in ONNX's format.
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "backend/onnxruntime/external_data.hpp"
#include "backend/onnxruntime/session.hpp"
#include "backend/onnxruntime/tensors.hpp"
#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/backend/onnxruntime/onnxruntime.hpp"

namespace scalar::inline v0::backend {
namespace onnxruntime {
namespace {

std::string of_input(const TensorInfo& input) { return "input " + quoted(input.name); }

std::string shape_text(std::span<const std::int64_t> shape) { return scalar::shape_text({shape.begin(), shape.end()}); }

/// The number of elements of a shape. Errors: `Errc::shape_mismatch` for one that is negative or too large.
std::int64_t elements_of(const TensorInfo& input, std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape)
    if (size < 0 || (size > 0 && count > (std::numeric_limits<std::int64_t>::max)() / 16 / size))
      fail(Errc::shape_mismatch, of_input(input), "the shape is {}, expected sizes of a tensor that fits memory",
           shape_text(shape));
    else
      count *= size;
  return count;
}

void check_shape(const TensorInfo& input, std::span<const std::int64_t> shape) {
  // A model that gives no shape has rank 0 in its signature: then ONNX Runtime alone knows what it takes.
  bool fits = input.shape.empty() || shape.size() == input.shape.size();
  for (std::size_t i = 0; fits && i < input.shape.size(); ++i)
    fits = input.shape[i] == -1 || input.shape[i] == shape[i];
  if (!fits)
    fail(Errc::shape_mismatch, of_input(input), "the shape is {}, expected {}", shape_text(shape),
         shape_text(input.shape));
}

void check(const TensorInfo& input, const TensorView& tensor) {
  if (tensor.type != input.type)
    fail(Errc::type_mismatch, of_input(input), "the elements are {}, expected {}", name(tensor.type), name(input.type));
  const auto count = static_cast<std::size_t>(elements_of(input, tensor.shape));
  check_shape(input, tensor.shape);
  if (tensor.type == DataType::bytes) {
    if (tensor.texts.size() != count)
      fail(Errc::shape_mismatch, of_input(input), "there are {} texts, expected {} for the shape {}",
           tensor.texts.size(), count, shape_text(tensor.shape));
  } else if (const std::size_t bytes = count * size_bytes(tensor.type); tensor.data.size() != bytes) {
    fail(Errc::shape_mismatch, of_input(input), "there are {} bytes, expected {} for the shape {}", tensor.data.size(),
         bytes, shape_text(tensor.shape));
  }
}

// A call with so few rows of so small a model is over before other threads would be awake (benchmarks/onnxruntime.cpp).
constexpr std::int64_t few_rows = 16;
constexpr std::size_t small_model = std::size_t{1} << 20;

class OnnxExecutable final : public Executable::Interface {
 public:
  OnnxExecutable(std::shared_ptr<const Library> library, std::span<const std::byte> model, const std::string& place,
                 const Runtime& runtime)
      : session_(library, model, runtime.threads(), place, runtime) {
    if (runtime.threads() > 1 && model.size() < small_model && signature().is_batched())
      alone_ = std::make_unique<const OrtSession>(std::move(library), model, 1, place, runtime);
  }

  const Signature& signature() const noexcept override { return session_.signature(); }

  void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const override {
    const Signature& signature = session_.signature();
    if (inputs.size() != signature.inputs.size())
      fail(Errc::shape_mismatch, "onnxruntime", "there are {} inputs, expected {}", inputs.size(),
           signature.inputs.size());
    std::vector<Owned<Value>> given;
    std::vector<const Value*> values;
    given.reserve(inputs.size());
    values.reserve(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      check(signature.inputs[i], inputs[i]);
      given.push_back(wrap(session_.library(), inputs[i], signature.inputs[i].name));
      values.push_back(given.back().get());
    }
    const bool has_few_rows = alone_ != nullptr && inputs.front().shape.front() <= few_rows;
    const Results results(has_few_rows ? *alone_ : session_, values);
    outputs.resize(signature.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) results.copy_to(i, outputs[i]);
  }

 private:
  /// The values of the outputs, released at the end.
  class Results {
   public:
    Results(const OrtSession& session, std::span<const Value* const> inputs)
        : session_(session), values_(session.signature().outputs.size()) {
      session.run(inputs, values_);
    }
    Results(const Results&) = delete;
    Results& operator=(const Results&) = delete;
    ~Results() {
      for (Value* value : values_) session_.library().api().release_value(value);
    }
    void copy_to(std::size_t output, Tensor& tensor) const {
      const std::string& name = session_.signature().outputs[output].name;
      const auto copy_value = session_.form(output) == OutputForm::maps ? copy_maps : copy;
      copy_value(session_.library(), values_[output], name, tensor);
    }

   private:
    const OrtSession& session_;
    std::vector<Value*> values_;
  };

  OrtSession session_;
  std::unique_ptr<const OrtSession> alone_{};  // the same with one thread, if that is faster for few rows
};

/// The file that has the graph: the only one, or the only one with that ending.
const std::pair<const std::string, std::vector<std::byte>>& graph_of(const ForeignFiles& model) {
  const std::pair<const std::string, std::vector<std::byte>>* graph = nullptr;
  for (const auto& file : model.files) {
    if (model.files.size() > 1 && !file.first.ends_with(".onnx")) continue;
    if (graph != nullptr)
      fail(Errc::invalid_argument, "onnxruntime", "the model has the graphs {} and {}, expected one .onnx file",
           quoted(graph->first), quoted(file.first));
    graph = &file;
  }
  if (graph == nullptr) fail(Errc::invalid_argument, "onnxruntime", "the model has no .onnx file");
  return *graph;
}

}  // namespace
}  // namespace onnxruntime

Executable OnnxRuntime::open(const ForeignFiles& model, const Device& device, const Runtime& runtime) const {
  require_cpu(device, "onnxruntime");
  const auto& [name, bytes] = onnxruntime::graph_of(model);
  if (const std::optional<std::string> whole = onnxruntime::with_external_data(model, name); whole)
    return Executable(
        std::make_shared<onnxruntime::OnnxExecutable>(library_, std::as_bytes(std::span(*whole)), name, runtime));
  return Executable(std::make_shared<onnxruntime::OnnxExecutable>(library_, bytes, name, runtime));
}

Executable open_onnx(const ForeignFiles& model, const Device& device, const Runtime& runtime) {
  return OnnxRuntime().open(model, device, runtime);
}

}  // namespace scalar::inline v0::backend
