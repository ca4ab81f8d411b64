#pragma once
/// From the columns that a model reads to the features of an Encoder.
#include <string>
#include <vector>

#include "interchange/onnx_import/budget.hpp"
#include "interchange/onnx_import/values.hpp"
#include "scalar/data/encoder.hpp"

namespace scalar::inline v0::interchange::onnx {

/// A model whose inputs are the features of an encoder.
struct Laid {
  Encoder encoder{};
  std::variant<Layers, Forest> parameters{};
  std::vector<std::string> notes{};
};

/// Gives each raw column the encoding that the model reads, and rewrites the model's splits or first weights
/// accordingly: in a linear or dense model any function of a category becomes weights of its categories; in a forest, a
/// function that numbers the categories becomes their rank. `node` made the model. Errors: `Errc::unsupported` naming
/// the column that an Encoder cannot hold.
Laid lay_out(const Node& node, Core core, const std::vector<RawColumn>& columns, std::vector<std::string> classes,
             Budget& budget);

}  // namespace scalar::inline v0::interchange::onnx
