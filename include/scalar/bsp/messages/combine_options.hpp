#pragma once
/// The options of a combining mailbox: which keys there are, which peers own them, and how to combine.
#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace scalar::inline v0::bsp {

/// How the sender combines messages with equal keys. All policies give the same result, to the bit.
enum class CombinePolicy {
  automatic,  ///< plain, or dense above keys / 4 messages in a superstep; hash for keys of other processes
  dense,      ///< an array of all keys per sender: the fastest when most keys get messages
  hash,       ///< a hash table over the messages sent so far: little memory for few of very many keys
  plain,      ///< every message is sent; the receiver combines
};
std::string_view name(CombinePolicy policy) noexcept;

struct CombineOptions {
  std::uint64_t keys = 0;                                ///< keys are 0 to keys - 1; 0: any key, which needs `owner`
  std::span<const std::uint64_t> cuts = {};              ///< peer r owns [cuts[r], cuts[r + 1]); empty: even blocks
  int (*owner)(std::uint64_t key, int peers) = nullptr;  ///< the rank of the owner, instead of `cuts`
  CombinePolicy policy = CombinePolicy::automatic;
};

/// The smaller of two.
struct Minimum {
  static constexpr bool exact = true;
  template <class T>
  constexpr T operator()(const T& a, const T& b) const {
    return b < a ? b : a;
  }
};
/// The larger of two.
struct Maximum {
  static constexpr bool exact = true;
  template <class T>
  constexpr T operator()(const T& a, const T& b) const {
    return a < b ? b : a;
  }
};

namespace detail {

/// Whether the grouping of operands does not affect the result. An operation says so by `static constexpr bool exact`.
template <class Op, class Value>
inline constexpr bool is_exact = [] {
  if constexpr (requires { Op::exact; }) return static_cast<bool>(Op::exact);
  return std::integral<Value> && (std::same_as<Op, std::plus<>> || std::same_as<Op, std::plus<Value>> ||
                                  std::same_as<Op, std::multiplies<>> || std::same_as<Op, std::multiplies<Value>>);
}();

/// The value that marks keys without a message and is never sent: `Op::vacant`, or for floating-point numbers a NaN
/// with an unusual payload. Types without such a value need a separate mark.
template <class Op, class Value>
struct Vacancy {
  static constexpr bool has_value = false;
};
template <class Op, class Value>
  requires requires {
    { Op::vacant } -> std::convertible_to<Value>;
  }
struct Vacancy<Op, Value> {
  static constexpr bool has_value = true;
  static constexpr Value value = Op::vacant;
  static constexpr bool is(const Value& seen) { return seen == value; }
};
template <class Op>
  requires(!requires { Op::vacant; })
struct Vacancy<Op, double> {
  static constexpr bool has_value = true;
  static constexpr std::uint64_t bits = 0x7ffd'5ca1'a400'0001;
  static constexpr double value = std::bit_cast<double>(bits);
  static constexpr bool is(const double& seen) { return std::bit_cast<std::uint64_t>(seen) == bits; }
};
template <class Op>
  requires(!requires { Op::vacant; })
struct Vacancy<Op, float> {
  static constexpr bool has_value = true;
  static constexpr std::uint32_t bits = 0x7fe5'ca1a;
  static constexpr float value = std::bit_cast<float>(bits);
  static constexpr bool is(const float& seen) { return std::bit_cast<std::uint32_t>(seen) == bits; }
};

struct KeyRange {
  std::uint64_t begin = 0, end = 0;
  std::uint64_t size() const noexcept { return end - begin; }
};

/// Finds the owner of a key. A table over the high bits of the key says where to begin searching the cuts.
class KeyOwners {
 public:
  /// Errors: `Errc::invalid_argument` for options that are missing or contradict each other.
  KeyOwners(const CombineOptions& options, int peers);

  int owner(std::uint64_t key) const {
    if (function_ != nullptr) [[unlikely]]
      return function_(key, peers_);
    auto rank = static_cast<std::size_t>(first_[key >> shift_]);
    while (key >= cuts_[rank + 1]) ++rank;
    return static_cast<int>(rank);
  }
  bool has_ranges() const noexcept { return function_ == nullptr; }
  KeyRange range(int rank) const noexcept {
    const auto at = static_cast<std::size_t>(rank);
    return {cuts_[at], cuts_[at + 1]};
  }
  /// One past the largest key.
  std::uint64_t keys() const noexcept { return keys_; }
  /// Whether `options` give the same owners.
  bool is_made_of(const CombineOptions& options) const noexcept;

 private:
  int (*function_)(std::uint64_t, int) = nullptr;
  int peers_ = 0;
  unsigned shift_ = 0;
  bool even_ = false;
  std::uint64_t keys_ = 0;
  std::vector<std::uint64_t> cuts_;
  std::vector<int> first_;
};

[[noreturn]] void throw_bad_key(std::uint64_t key, std::uint64_t keys, int rank, std::uint64_t superstep);
[[noreturn]] void throw_bad_owner(std::uint64_t key, int owner, int peers, int rank, std::uint64_t superstep);
[[noreturn]] void throw_vacant_value(std::uint64_t key, int rank, std::uint64_t superstep);
[[noreturn]] void throw_foreign_key(std::uint64_t key, int source, int rank, std::uint64_t superstep);
[[noreturn]] void throw_unlike_rules(int rank);
[[noreturn]] void throw_narrow_key(std::uint64_t keys, std::size_t key_bytes);
/// `messages`: sent plainly in this superstep; `filled`: keys that got values in the last superstep, if it was dense.
std::string explain_combining(CombinePolicy policy, bool dense, bool has_ranges, std::uint64_t keys,
                              std::uint64_t messages, std::uint64_t filled);

}  // namespace detail
}  // namespace scalar::inline v0::bsp
