#include <algorithm>

#include "backend/native/trees/histogram.hpp"

namespace scalar::inline v0::backend::trees {
namespace {

constexpr int lanes = 4;
using Doubles = double __attribute__((vector_size(sizeof(double) * lanes)));
using Mask = std::int64_t __attribute__((vector_size(sizeof(double) * lanes)));

/// For a stretch of a feature's bins: the sums left of the cut after each bin, and the score of the cut.
constexpr int stretch = 256;
struct Prefix {
  alignas(32) double g[stretch];
  alignas(32) double h[stretch];
  alignas(32) double score[stretch];
};

/// Scores of `count` cuts, and the largest. A cut that breaks a rule scores -1.
/// Source: Chen, Guestrin 2016, equation 7; both fractions are brought to one denominator to divide once.
[[gnu::always_inline]] inline double score(Prefix& prefix, int count, double g, double h, const SplitRules& rules) {
  const double least = (std::max)(rules.min_child_weight, 1e-12 * h);
  Doubles largest = {-1, -1, -1, -1};
  for (int i = 0; i < count; i += lanes) {
    const Doubles left_g = *reinterpret_cast<const Doubles*>(prefix.g + i);
    const Doubles left_h = *reinterpret_cast<const Doubles*>(prefix.h + i);
    const Doubles right_g = g - left_g, right_h = h - left_h;
    const Doubles left = left_h + rules.l2, right = right_h + rules.l2;
    Doubles gain = (left_g * left_g * right + right_g * right_g * left) / (left * right);
    const Mask valid = (left_h >= least) & (right_h >= least) & (left_h > 0) & (right_h > 0);
    gain = valid ? gain : Doubles{-1, -1, -1, -1};
    *reinterpret_cast<Doubles*>(prefix.score + i) = gain;
    largest = gain > largest ? gain : largest;
  }
  return (std::max)((std::max)(largest[0], largest[1]), (std::max)(largest[2], largest[3]));
}

double score_portable(Prefix& prefix, int count, double g, double h, const SplitRules& rules) {
  return score(prefix, count, g, h, rules);
}
#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] double score_avx2(Prefix& prefix, int count, double g, double h, const SplitRules& rules) {
  return score(prefix, count, g, h, rules);
}
#endif

using Score = double (*)(Prefix&, int, double, double, const SplitRules&);
Score best_score() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return score_avx2;
#endif
  return score_portable;
}

template <class Sum>
void search(const Sum* histogram, int cuts, Sum left, bool missing_left, int feature, const Sum& total,
            const Units& units, const SplitRules& rules, Candidate<Sum>& best) {
  static const Score score_of = best_score();
  Prefix prefix;
  const double g = first(total, units), h = second(total, units);
  for (int begin = 0; begin < cuts; begin += stretch) {
    const int count = (std::min)(stretch, cuts - begin);
    Sum running = left;
    for (int i = 0; i < count; ++i) {
      running += histogram[begin + i];
      prefix.g[i] = first(running, units);
      prefix.h[i] = second(running, units);
    }
    for (int i = count; i % lanes != 0; ++i) prefix.g[i] = prefix.h[i] = 0;
    const double largest = score_of(prefix, count, g, h, rules);
    if (largest > best.score) {
      const int at = static_cast<int>(std::find(prefix.score, prefix.score + count, largest) - prefix.score);
      best = {largest, feature, begin + at, missing_left, left};
      for (int i = 0; i <= at; ++i) best.left += histogram[begin + i];
    }
    left = running;
  }
}

}  // namespace

template <class Sum>
void search_feature(const Sum* histogram, const Cuts& cuts, int feature, const Sum& total, const Units& units,
                    const SplitRules& rules, Candidate<Sum>& best) {
  const int bins = cuts.bins();
  const Sum missing = cuts.missing ? histogram[bins] : Sum{};
  // The cut after the last bin separates missing values, which go right, from all others.
  const bool some_missing = !(missing == Sum{});
  search(histogram, bins - (some_missing && !cuts.infinite ? 0 : 1), Sum{}, false, feature, total, units, rules, best);
  if (some_missing)
    search(histogram, bins - 1, missing, true, feature, total, units, rules, best);
  else if (best.feature == feature)
    best.missing_left = 2 * second(best.left, units) >= second(total, units);  // no row decides: the side of most
}

template void search_feature(const Packed*, const Cuts&, int, const Packed&, const Units&, const SplitRules&,
                             Candidate<Packed>&);
template void search_feature(const Wide*, const Cuts&, int, const Wide&, const Units&, const SplitRules&,
                             Candidate<Wide>&);

}  // namespace scalar::inline v0::backend::trees
