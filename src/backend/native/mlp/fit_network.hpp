#pragma once
/// fit_network: how a network is learned, whoever computes its steps.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "backend/native/rows.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/spec/multilayer_perceptron.hpp"

namespace scalar::inline v0::backend::native {

/// Computes the steps of a network's learning: a minibatch's loss and gradients, and what the optimizer makes of them.
class Step {
 public:
  virtual ~Step() = default;

  /// Computes loss and gradients of the rows `order` of `rows`. Returns their summed loss.
  virtual double propagate(const Rows& rows, std::span<const std::int64_t> order) = 0;
  /// The gradients summed over those rows, in an order of the class's own.
  virtual void sum_gradients(std::span<float> gradients) = 0;
  /// The optimizer's next step, for gradients summed over `rows` rows.
  virtual void apply(std::span<const float> gradients, std::int64_t rows) = 0;
  /// As `sum_gradients` and `apply`, without gradients in between.
  virtual void sum_and_apply(std::int64_t rows) = 0;

  /// The number of gradients.
  virtual std::size_t size() const = 0;
  /// Sets the values of `parameters` to the weights and biases as they are now.
  virtual void copy_to(MlpParameters& parameters) const = 0;
  /// The sum of the squares of all weights, without biases.
  virtual double squared_weights() const = 0;

  /// All that the next steps depend on, for going on elsewhere.
  virtual void write(std::vector<std::byte>& out) const = 0;
  virtual void read(std::span<const std::byte>& in) = 0;
};

/// Makes a Step for a network that begins with `start`, for up to `most_rows` rows at a time. `start` also has the
/// offset and scale that standardize the targets of the squared loss.
using MakeStep = std::function<std::unique_ptr<Step>(const MultilayerPerceptron& spec, const MlpParameters& start,
                                                     std::int64_t most_rows, const ThreadTeam& team)>;

/// Learns a network with steps that `make_step` makes, one for each peer. `backend` is the name of whose fit it is.
/// Errors: those of Trains.
MlpParameters fit_network(std::string_view backend, const MultilayerPerceptron& spec, const Dataset& data,
                          const FitOptions& options, const Runtime& runtime, const MakeStep& make_step);

}  // namespace scalar::inline v0::backend::native
