#pragma once
/// Tree ensembles as ONNX writes them, and the Forest that they are.
#include <cstdint>
#include <vector>

#include "interchange/onnx_import/budget.hpp"
#include "scalar/spec/forest.hpp"

namespace scalar::inline v0::interchange::onnx {

/// How a node compares a feature; the numbers are those of `nodes_modes` of TreeEnsemble.
enum class SplitMode : std::uint8_t { leq = 0, lt, gte, gt, eq, neq, member, leaf };

struct EnsembleNode {
  SplitMode mode = SplitMode::leaf;
  bool missing_is_true = false;  ///< NaN goes where the comparison is true
  std::int64_t feature = 0;
  double value = 0;                        ///< what the feature is compared with
  std::int64_t if_true = 0, if_false = 0;  ///< numbers of nodes of the ensemble
  std::vector<double> members{};           ///< of SplitMode::member
};

/// What a leaf adds to an output.
struct LeafWeight {
  std::int64_t node = 0, output = 0;
  double value = 0;
};

struct Ensemble {
  std::vector<EnsembleNode> nodes{};
  std::vector<std::int64_t> roots{};
  std::vector<LeafWeight> weights{};
  std::int64_t outputs = 0;
  bool is_double = false;  ///< features are compared as doubles, else as floats
  double factor = 1;       ///< of all weights
  bool is_whole = false;   ///< every node must be below a root
};

/// The forest of an ensemble that `node` has, over `features` features. An ensemble whose leaves add to several outputs
/// becomes one tree for each of them; nodes that look for one number after the other become a set; what is the same for
/// all leaves below a node becomes one leaf. Sums are taken in double. Errors: `Errc::corrupt` naming a node of a tree
/// that does not make sense; `Errc::unsupported`.
Forest forest_of(const Node& node, Ensemble ensemble, std::int64_t features, Budget& budget);

}  // namespace scalar::inline v0::interchange::onnx
