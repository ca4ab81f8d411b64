#pragma once
/// The sums that linear models are learned from, computed by ONNX Runtime in float64.
#include <cstdint>
#include <memory>
#include <span>

#include "backend/native/linear/moments.hpp"
#include "backend/native/rows.hpp"
#include "backend/onnxruntime/computation.hpp"

namespace scalar::inline v0::backend::onnxruntime {

/// The loss of logistic and softmax regression and its gradient: see native::logistic_sums. Thread safety: const
/// members may be called from any thread; the pieces of a share are summed by several threads at once.
class LogisticSums {
 public:
  LogisticSums(std::shared_ptr<const Library> library, std::int64_t columns, std::int64_t outputs,
               const Runtime& runtime);

  native::ShardSums operator()(const native::Share& share, std::span<const double> parameters,
                               const native::ThreadTeam& team) const;

 private:
  void add(const native::Rows& block, std::span<const double> parameters, double* sums) const;

  std::int64_t columns_, outputs_;
  Computation computation_;
};

/// The Gram matrix of rows: see native::Gram. Thread safety: const members may be called from any thread.
class GramSums {
 public:
  GramSums(std::shared_ptr<const Library> library, std::int64_t columns, int threads, const Runtime& runtime);

  /// Sets `values` to the matrix of `rows` in the form of `gram`.
  void operator()(const native::Gram& gram, const native::Rows& rows, std::span<const double> means,
                  std::span<double> values) const;

 private:
  std::int64_t columns_;
  Computation computation_;
};

}  // namespace scalar::inline v0::backend::onnxruntime
