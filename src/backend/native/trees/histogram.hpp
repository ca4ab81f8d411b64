#pragma once
/// Sums of gradients per bin, and the best split that they allow.
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "backend/native/trees/bins.hpp"

namespace scalar::inline v0::backend::trees {

/// First and second derivative of the loss of a row.
struct Gradient {
  float g = 0;
  float h = 0;
};

/// A sum of derivatives as two integers of 63 bits: for gradients whose sizes differ too much for `Packed`.
struct Wide {
  std::int64_t g = 0;
  std::int64_t h = 0;

  Wide& operator+=(const Wide& other) { return g += other.g, h += other.h, *this; }
  Wide& operator-=(const Wide& other) { return g -= other.g, h -= other.h, *this; }
  friend bool operator==(const Wide&, const Wide&) = default;
};

/// A sum of derivatives as two integers in one: `g` in the upper 32 bits, signed, `h` in the lower, not negative. One
/// addition adds both, exactly, so the sum does not depend on its order. (Compare Shi et al., "Quantized training of
/// gradient boosting decision trees", NeurIPS 2022, which uses 2 to 5 bits; here it is 15 bits or more.)
struct Packed {
  std::int64_t bits = 0;

  Packed& operator+=(Packed other) { return bits += other.bits, *this; }
  Packed& operator-=(Packed other) { return bits -= other.bits, *this; }
  friend bool operator==(Packed, Packed) = default;
};

/// The values of one unit of a sum; powers of two.
struct Units {
  double g = 1;
  double h = 1;
};

inline double first(const Wide& sum, const Units& units) { return static_cast<double>(sum.g) * units.g; }
inline double second(const Wide& sum, const Units& units) { return static_cast<double>(sum.h) * units.h; }
inline double first(Packed sum, const Units& units) { return static_cast<double>(sum.bits >> 32) * units.g; }
inline double second(Packed sum, const Units& units) {
  return static_cast<double>(static_cast<std::uint32_t>(sum.bits)) * units.h;
}

/// The conditions that a split must meet.
struct SplitRules {
  double l2 = 1;
  double min_child_weight = 1;
  double min_split_gain = 0;
};

/// A split that was found; `feature < 0`: none.
template <class Sum>
struct Candidate {
  double score = 0;  ///< `G_L^2 / (H_L + l2) + G_R^2 / (H_R + l2)`
  int feature = -1;
  int bin = 0;  ///< the last one that goes left
  bool missing_left = false;
  Sum left{};
};

/// Adds the rows `index[0 .. count)` of a block to `histogram`, `[width, stride]`.
template <class Code, class Sum>
void add_rows(const Code* codes, int width, int stride, const std::uint32_t* index, std::int64_t count,
              const Sum* gradients, Sum* histogram);

/// Puts the best split of one feature into `best` if it is better. `histogram` holds the feature's slots.
template <class Sum>
void search_feature(const Sum* histogram, const Cuts& cuts, int feature, const Sum& total, const Units& units,
                    const SplitRules& rules, Candidate<Sum>& best);

}  // namespace scalar::inline v0::backend::trees
