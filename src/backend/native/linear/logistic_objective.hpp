#pragma once
/// The loss of logistic and softmax regression on some rows.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/native/rows.hpp"

namespace scalar::inline v0::backend::native {

/// `[sum w loss, its gradient]` at `parameters`, both laid out as weights `[outputs, features]`, then intercepts
/// `[outputs]`: one output is the logistic loss, more are the softmax loss. No regularization.
ShardSums logistic_sums(const Share& share, std::int64_t outputs, std::span<const double> parameters,
                        const ThreadTeam& team);

}  // namespace scalar::inline v0::backend::native
