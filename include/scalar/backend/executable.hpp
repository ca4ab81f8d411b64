#pragma once
/// Executable: a model that its own framework runs.
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "scalar/data/signature.hpp"
#include "scalar/data/tensor.hpp"

namespace scalar::inline v0 {

/// A function from named tensors to named tensors. Copies share the prepared model.
///
/// Thread safety: all members may be called from any thread.
class Executable {
 public:
  class Interface {
   public:
    virtual ~Interface() = default;
    virtual const Signature& signature() const noexcept = 0;
    virtual void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const = 0;
  };

  Executable() = default;
  explicit Executable(std::shared_ptr<const Interface> implementation) : implementation_(std::move(implementation)) {}

  explicit operator bool() const noexcept { return implementation_ != nullptr; }
  const Signature& signature() const noexcept { return implementation_->signature(); }

  /// Computes the outputs for `inputs`, both in the order of the signature. `outputs` keeps its memory from call to
  /// call. Errors: `Errc::shape_mismatch` and `Errc::type_mismatch` naming the input; `Errc::failed`, with what the
  /// framework reported.
  void run(std::span<const TensorView> inputs, std::vector<Tensor>& outputs) const {
    implementation_->run(inputs, outputs);
  }

 private:
  std::shared_ptr<const Interface> implementation_;
};

}  // namespace scalar::inline v0
