#pragma once
/// What a foreign model is made of.
#include <memory>

#include "scalar/model/detail/model_base.hpp"
#include "scalar/model/foreign_model.hpp"

namespace scalar::inline v0 {

namespace model::detail {
/// Takes the place of the name of a spec; no spec may have it.
constexpr std::string_view foreign_name = "foreign";
}  // namespace model::detail

struct ForeignModel::Data final : model::detail::Base {
  std::shared_ptr<const backend::ForeignFiles> files;
  ForeignOptions options;
  Executable executable;

  /// Opens the model. Errors: those of the constructor of ForeignModel.
  Data(std::shared_ptr<const backend::ForeignFiles> given, const ForeignOptions& wanted, Runtime resources);

  bool is_foreign() const noexcept override { return true; }
  /// The files as tensors of bytes, by path.
  std::vector<std::byte> parameter_bytes() const override;
  void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const override;
};

}  // namespace scalar::inline v0
