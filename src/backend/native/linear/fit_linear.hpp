#pragma once
/// How linear models are learned from sums, whoever computes the sums.
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "backend/native/linear/moments.hpp"
#include "backend/native/rows.hpp"
#include "scalar/backend/backend.hpp"
#include "scalar/spec/linear_regression.hpp"
#include "scalar/spec/logistic_regression.hpp"

namespace scalar::inline v0::backend::native {

/// Sets `values` to the Gram matrix of `rows`, as Gram::sum.
using SumGram = std::function<void(const Gram& gram, const Rows& rows, std::span<const double> means,
                                   const ThreadTeam& team, std::span<double> values)>;

/// The loss and the gradient of logistic or softmax regression at `parameters`, as logistic_sums.
using SumLogistic =
    std::function<ShardSums(const Share& share, std::span<const double> parameters, const ThreadTeam& team)>;
/// Prepares sums for rows of `columns` features, and for one output (the logistic loss) or more (the softmax loss).
using MakeSumLogistic = std::function<SumLogistic(std::int64_t columns, std::int64_t outputs)>;

/// Learn from sums that the last argument computes. `backend` is the name of whose fit it is. Errors: those of Trains.
LinearParameters fit_linear(std::string_view backend, const LinearRegression& spec, const Dataset& data,
                            const FitOptions& options, const Runtime& runtime, const SumGram& sum);
LinearParameters fit_logistic(std::string_view backend, const LogisticRegression& spec, const Dataset& data,
                              const FitOptions& options, const Runtime& runtime, const MakeSumLogistic& make_sum);

}  // namespace scalar::inline v0::backend::native
