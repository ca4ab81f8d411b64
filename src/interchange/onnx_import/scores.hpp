#pragma once
/// Scores of models, and how affine functions of them become part of the model.
#include "interchange/onnx_import/budget.hpp"
#include "interchange/onnx_import/values.hpp"

namespace scalar::inline v0::interchange::onnx {

/// True if the columns are the scores 0, 1, ... as they are.
bool are_plain(const std::vector<ScoreColumn>& columns, const Core& core);
/// True if the margins are outputs of an activation.
bool ends_with_activation(const Core& core);
/// The model whose margins are `columns` of the margins of `core`.
std::shared_ptr<const Core> folded(const Node& node, const std::shared_ptr<const Core>& core,
                                   const std::vector<ScoreColumn>& columns, Budget& budget);
/// True if the scores are the probabilities of two or more classes, which sum to 1.
bool are_probabilities(const Scores& scores);
/// The scores of a model, as they are.
Scores scores_of(Core core, Link link = Link::identity);

}  // namespace scalar::inline v0::interchange::onnx
