#pragma once
/// The canonical parameters of tree ensembles, exact enough to give another library's margins bit for bit.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "scalar/core/tensor.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0 {

/// What a split does with a value that is missing. The numbers are frozen.
enum class Missing : std::uint8_t {
  none_right = 0,  ///< nothing is missing: NaN compares false and goes right
  nan_left = 1,
  nan_right = 2,
  zero_left = 3,  ///< NaN and zero go left
  zero_right = 4,
};

/// Trees whose leaves are summed.
///
/// `margin[k] = base[k] + (start[k] + leaf of the first tree of output k + leaf of the second ...)`. The sum in
/// brackets is taken in tree order, every addition in `width`; the base is added to it in double. So a forest gives
/// another library's margins bit for bit where that library's first margin is the start and the base is 0; and it keeps
/// the digits of large targets where their mean is the base and the leaves hold what is left. An inner node sends a row
/// left where `x < split` in `width`; what compares by `<=` elsewhere is rewritten with the next larger number. Node 0
/// of a tree is its root; children have larger numbers than their parents.
struct Forest {
  std::int64_t features = 0;
  std::int64_t outputs = 0;  ///< margins a row
  Link link = Link::identity;
  DataType width = DataType::float32;  ///< of splits, leaves and sums: float32 or float64
  std::vector<double> base{};          ///< `[outputs]`: added last, in double
  std::vector<double> start{};         ///< `[outputs]`: where a sum of leaves begins, in `width`

  std::vector<std::int64_t> tree_begin{};   ///< `[trees + 1]`: nodes of tree t are `[tree_begin[t], tree_begin[t + 1])`
  std::vector<std::int32_t> tree_output{};  ///< `[trees]`: the margin it adds to
  std::vector<std::int32_t> feature{};      ///< `[nodes]`: what an inner node asks; -1: a leaf
  std::vector<double> value{};              ///< `[nodes]`: the split of an inner node, the value of a leaf
  std::vector<std::int32_t> left{};         ///< `[nodes]`: left child, counted from the tree's root
  std::vector<std::int32_t> right{};        ///< `[nodes]`
  std::vector<std::uint8_t> missing{};      ///< `[nodes]`: a `Missing`

  std::int64_t trees() const { return static_cast<std::int64_t>(tree_output.size()); }

  friend bool operator==(const Forest&, const Forest&) = default;
};

/// Throws `Error{Errc::corrupt}` naming tree and node unless walking the forest is safe: lengths agree, children exist
/// and come after their one parent, features and outputs are in range, splits are not NaN.
void check(const Forest& forest);

/// Canonical bytes and back; `from_bytes` calls `check`. Errors of `from_bytes`: `Errc::corrupt`, and
/// `Errc::unsupported` for another version of the form.
std::vector<std::byte> to_bytes(const Forest& forest);
void from_bytes(std::span<const std::byte> bytes, Forest& forest);

}  // namespace scalar::inline v0
