// Learns linear models and networks with sums and steps that ONNX Runtime computes.
#include <algorithm>
#include <memory>

#include "backend/native/linear/fit_linear.hpp"
#include "backend/native/mlp/fit_network.hpp"
#include "backend/onnxruntime/network.hpp"
#include "backend/onnxruntime/sums.hpp"
#include "scalar/backend/onnxruntime/onnxruntime.hpp"

namespace scalar::inline v0::backend {

using namespace onnxruntime;

Support OnnxRuntime::supports(const LinearRegression&, int) const { return {}; }
Support OnnxRuntime::supports(const LogisticRegression&, int) const { return {}; }
Support OnnxRuntime::supports(const MultilayerPerceptron&, int) const { return {}; }

LinearParameters OnnxRuntime::fit(const LinearRegression& spec, const Dataset& data, const FitOptions& options,
                                  const Runtime& runtime) const {
  require_cpu(options.device, name());
  const int threads = native::ThreadTeam(runtime, options.peers).threads();
  const GramSums sums(library_, (std::max)(data.columns(), std::int64_t{1}), threads, runtime);
  return native::fit_linear(
      name(), spec, data, options, runtime,
      [&](const native::Gram& gram, const native::Rows& rows, std::span<const double> means, const native::ThreadTeam&,
          std::span<double> values) { sums(gram, rows, means, values); });
}

LinearParameters OnnxRuntime::fit(const LogisticRegression& spec, const Dataset& data, const FitOptions& options,
                                  const Runtime& runtime) const {
  require_cpu(options.device, name());
  return native::fit_logistic(name(), spec, data, options, runtime, [&](std::int64_t columns, std::int64_t outputs) {
    return LogisticSums(library_, columns, outputs, runtime);
  });
}

MlpParameters OnnxRuntime::fit(const MultilayerPerceptron& spec, const Dataset& data, const FitOptions& options,
                               const Runtime& runtime) const {
  require_cpu(options.device, name());
  return native::fit_network(name(), spec, data, options, runtime,
                             [&](const MultilayerPerceptron& of, const MlpParameters& start, std::int64_t most_rows,
                                 const native::ThreadTeam& team) {
                               return std::make_unique<NetworkStep>(library_, of, start, most_rows, team, runtime);
                             });
}

}  // namespace scalar::inline v0::backend
