#pragma once
/// What the fuzzers of infer requests do with a body.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/core/error.hpp"
#include "serve/infer.hpp"
#include "serve/models.hpp"
#include "serve/outputs.hpp"
#include "serve/request_form.hpp"

namespace fuzz {

inline const scalar::serve::Limits& limits() {
  static const scalar::serve::Limits small{.elements = 1 << 16};
  return small;
}

/// A model, and the form of the requests for it.
struct Model {
  std::shared_ptr<const scalar::serve::Servable> servable;
  scalar::serve::RequestForm form;

  explicit Model(std::shared_ptr<const scalar::serve::Servable> made)
      : servable(std::move(made)), form(scalar::serve::request_form(*servable, "fuzz")) {}
};

/// Models of rows: dense, raw columns, one text.
inline std::span<const Model> row_models() {
  using serve_test::Sum;
  static const Model models[] = {
      Model(std::make_shared<const Sum>(serve_test::dense(2))), Model(std::make_shared<const Sum>(serve_test::mixed())),
      Model(std::make_shared<const Sum>(scalar::serve::RowSignature{.inputs = {{"t", true}}, .platform = "test"}))};
  return models;
}

/// Models of any tensors: all types batched, all types not batched, a few types and ranks alone.
inline std::span<const Model> tensor_models() {
  using scalar::DataType;
  using serve_test::echo_of;
  static const Model models[] = {Model(scalar::serve::make_servable(serve_test::every_type(), serve_test::echo)),
                                 Model(scalar::serve::make_servable(serve_test::every_type(false), serve_test::echo)),
                                 Model(echo_of(DataType::boolean, {-1, -1, 2})),
                                 Model(echo_of(DataType::int64, {-1, -1}, false)),
                                 Model(echo_of(DataType::float16, {2, -1, 3, -1}, false)),
                                 Model(echo_of(DataType::bytes, {}, false)),
                                 Model(echo_of(DataType::bytes, {-1, -1}))};
  return models;
}

/// Checks that the inputs are what the form says: the model reads all of them.
inline void check_inputs(const scalar::serve::RequestForm& form, std::span<const scalar::TensorView> inputs) {
  const bool is_dense = form.dense && inputs.size() == 1 && inputs[0].type == form.dense->type;
  if (!is_dense && inputs.size() != form.inputs.size()) std::abort();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const scalar::TensorInfo& info = is_dense ? *form.dense : form.inputs[i];
    const auto count = static_cast<std::size_t>(inputs[i].elements());
    if (inputs[i].type != info.type || inputs[i].shape.size() != info.shape.size()) std::abort();
    for (std::size_t d = 0; d < info.shape.size(); ++d)
      if (info.shape[d] != -1 && info.shape[d] != inputs[i].shape[d]) std::abort();
    if (inputs[i].data.size() != count * size_bytes(info.type)) std::abort();
    if (inputs[i].texts.size() != (info.type == scalar::DataType::bytes ? count : 0)) std::abort();
    if (!inputs[i].data.empty() && reinterpret_cast<std::uintptr_t>(inputs[i].data.data()) % size_bytes(info.type) != 0)
      std::abort();
  }
}

/// Decodes the body for each of `models`. Refusals must be the client's fault; what is accepted must be whole, and its
/// answer must be written, unless JSON cannot hold it.
inline void infer(std::span<const Model> models, std::string_view body, std::optional<std::uint64_t> json_bytes) {
  // Exactly the padding that is promised, so that a sanitizer sees every byte read beyond it.
  const auto storage = std::make_unique<char[]>(body.size() + 64);
  if (!body.empty()) std::memcpy(storage.get(), body.data(), body.size());
  for (const Model& model : models) {
    scalar::serve::InferRequest request;
    scalar::serve::Response response;
    std::vector<scalar::Tensor> outputs(model.form.outputs.size());
    try {
      request.decode(model.form, {storage.get(), body.size()}, json_bytes, limits());
      if (request.rows() < 1 || request.wanted().empty()) std::abort();
      check_inputs(model.form, request.inputs());
      model.servable->run(request.inputs(), outputs, {});
      check_outputs(model.form, request, outputs, limits());
      encode_answer(model.form, request, "m", "1", outputs, response);
    } catch (const scalar::Error& error) {
      if (scalar::http_status(error.code()) >= 500) std::abort();
      continue;
    }
    if (response.body.empty()) std::abort();
    if (response.body.size() > answer_bytes(model.form, request, outputs) + 6 * request.id().size()) std::abort();
  }
}

}  // namespace fuzz
