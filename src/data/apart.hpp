#pragma once
/// Whether the numbers of a column can still be told apart as float32.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <vector>

namespace scalar::inline v0::data {

/// The distinct values of a column: all of them up to `capacity`, else a uniform sample of that size, the values with
/// the smallest hashes (Bar-Yossef and others, "Counting distinct elements in a data stream", RANDOM 2002, algorithm
/// 1). The sample depends neither on the order of the values nor on how they are cut into pieces.
template <class Number>
class DistinctSample {
 public:
  static constexpr std::size_t capacity = 65536;

  void add(Number value) {
    if constexpr (std::is_floating_point_v<Number>) value += 0;  // minus zero is zero
    add_hash(mixed(std::bit_cast<std::uint64_t>(value)));
  }
  void merge(const DistinctSample& other) {
    for (const std::uint64_t hash : other.kept()) add_hash(hash);
  }
  /// The values in ascending order.
  std::vector<Number> sorted() const {
    std::vector<std::uint64_t> hashes = kept();
    if (hashes.size() > capacity) {
      std::nth_element(hashes.begin(), hashes.begin() + capacity, hashes.end());
      hashes.resize(capacity);
    }
    std::vector<Number> values;
    values.reserve(hashes.size());
    for (const std::uint64_t hash : hashes) values.push_back(std::bit_cast<Number>(unmixed(hash)));
    std::sort(values.begin(), values.end());
    return values;
  }

 private:
  static_assert(sizeof(Number) == sizeof(std::uint64_t));

  /// The finalizer of splitmix64 (Steele, Lea, Flood, 2014): a hash that can be inverted, so values need not be stored.
  static std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    return bits ^ bits >> 31;
  }
  static std::uint64_t unmixed(std::uint64_t bits) {
    bits = (bits ^ bits >> 31 ^ bits >> 62) * 0x319642b2d24d8ec3;
    bits = (bits ^ bits >> 27 ^ bits >> 54) * 0x96de1b173f119089;
    return bits ^ bits >> 30 ^ bits >> 60;
  }

  std::vector<std::uint64_t> kept() const {
    std::vector<std::uint64_t> hashes(has_zero_ ? 1 : 0);
    std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(hashes),
                 [](std::uint64_t hash) { return hash != 0; });
    return hashes;
  }
  void add_hash(std::uint64_t hash) {
    if (hash > most_) return;
    if (hash == 0) {
      has_zero_ = true;
      return;
    }
    if (!insert(hash)) return;
    if (++count_ == 2 * capacity) shrink();
    if (2 * count_ > slots_.size()) rebuild(kept(), 2 * slots_.size());
  }
  /// Inserts by linear probing; false if the hash is there already.
  bool insert(std::uint64_t hash) {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at] == hash) return false;
    slots_[at] = hash;
    return true;
  }
  void rebuild(const std::vector<std::uint64_t>& hashes, std::size_t size) {
    slots_.assign(size, 0);
    count_ = 0;
    for (const std::uint64_t hash : hashes)
      if (hash != 0 && insert(hash)) ++count_;
  }
  /// Drops the larger half of the hashes, and ignores such hashes from now on.
  void shrink() {
    std::vector<std::uint64_t> hashes = kept();
    std::nth_element(hashes.begin(), hashes.begin() + (capacity - 1), hashes.end());
    most_ = hashes[capacity - 1];
    hashes.resize(capacity);
    rebuild(hashes, slots_.size());
  }

  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(64);  // a power of two, 0 where empty
  std::size_t count_ = 0;
  bool has_zero_ = false;
  std::uint64_t most_ = ~std::uint64_t{0};
};

/// How many distinct values of a column become equal as features.
template <class Number>
struct Collisions {
  std::size_t values = 0, lost = 0;  ///< `lost`: values that became equal to the one before them
  Number first{}, second{};          ///< two values that became equal
};

/// Counts the neighbors in `sorted` that the feature makes equal; `feature(value)` must not fall as the value rises.
template <class Number, class Feature>
Collisions<Number> collisions(const std::vector<Number>& sorted, Feature feature) {
  Collisions<Number> found{sorted.size()};
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const float before = feature(sorted[i - 1]), after = feature(sorted[i]);
    if (before != after || std::isinf(after)) continue;
    if (found.lost++ == 0) found.first = sorted[i - 1], found.second = sorted[i];
  }
  return found;
}

/// True if every value is a whole number that a float64 holds exactly: a count, a date, a time, a key.
inline bool are_whole(const std::vector<double>& values) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::abs(value) <= exact && value == std::floor(value); });
}
inline bool are_whole(const std::vector<std::int64_t>&) { return true; }

/// How many values minus `shift` a float32 cannot hold exactly.
template <class Number>
std::size_t rounded(const std::vector<Number>& values, double shift) {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [shift](Number value) {
    const double moved = static_cast<double>(value) - shift;
    return static_cast<double>(static_cast<float>(moved)) != moved;
  }));
}

}  // namespace scalar::inline v0::data
