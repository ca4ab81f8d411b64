#pragma once
/// Whether the numbers of a column are still told apart once they are float32.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace scalar::inline v0::data {

/// The distinct values of a column, all of them up to `capacity`, else a uniform sample of so many: those whose hashes
/// are least (Bar-Yossef and others, "Counting distinct elements in a data stream", RANDOM 2002, algorithm 1). What is
/// kept depends neither on the order of the values nor on how they are cut into pieces.
template <class Number>
class DistinctSample {
 public:
  static constexpr std::size_t capacity = 65536;

  void add(Number value) {
    if constexpr (std::is_floating_point_v<Number>) value += 0;  // minus zero is zero
    add_hash(mixed(std::bit_cast<std::uint64_t>(value)));
  }
  void merge(const DistinctSample& other) {
    for (const std::uint64_t hash : other.hashes_) add_hash(hash);
  }
  /// In order of value.
  std::vector<Number> sorted() const {
    std::vector<std::uint64_t> kept(hashes_.begin(), hashes_.end());
    if (kept.size() > capacity) {
      std::nth_element(kept.begin(), kept.begin() + capacity, kept.end());
      kept.resize(capacity);
    }
    std::vector<Number> values;
    values.reserve(kept.size());
    for (const std::uint64_t hash : kept) values.push_back(std::bit_cast<Number>(unmixed(hash)));
    std::sort(values.begin(), values.end());
    return values;
  }

 private:
  static_assert(sizeof(Number) == sizeof(std::uint64_t));

  /// The finaliser of splitmix64 (Steele, Lea, Flood, 2014): a hash that can be undone, so values need not be stored.
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

  void add_hash(std::uint64_t hash) {
    if (hash > most_) return;
    std::uint64_t& recent = recent_[hash % recent_.size()];
    if (recent == hash && hash != 0) return;  // columns of few values end here
    recent = hash;
    if (hashes_.insert(hash).second && hashes_.size() >= 2 * capacity) shrink();
  }
  void shrink() {
    std::vector<std::uint64_t> kept(hashes_.begin(), hashes_.end());
    std::nth_element(kept.begin(), kept.begin() + (capacity - 1), kept.end());
    most_ = kept[capacity - 1];
    std::erase_if(hashes_, [this](std::uint64_t hash) { return hash > most_; });
  }

  std::unordered_set<std::uint64_t> hashes_{};
  std::array<std::uint64_t, 1024> recent_{};
  std::uint64_t most_ = ~std::uint64_t{0};
};

/// What becomes of the distinct values of a column.
template <class Number>
struct Collisions {
  std::size_t values = 0, lost = 0;  ///< `lost`: values that became equal to the one before them
  Number first{}, second{};          ///< two of them
};

/// Counts the neighbours among `sorted` that `feature(value)`, which rises with the value, makes equal.
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

/// True where every value is a whole number that a float64 holds exactly: a count, a date, a time, a key.
inline bool are_whole(const std::vector<double>& values) {
  constexpr double exact = 9007199254740992.0;  // 2^53
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::abs(value) <= exact && value == std::floor(value); });
}
inline bool are_whole(const std::vector<std::int64_t>&) { return true; }

}  // namespace scalar::inline v0::data
