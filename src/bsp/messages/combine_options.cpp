#include "scalar/bsp/messages/combine_options.hpp"

#include <fmt/core.h>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp {

std::string_view name(CombinePolicy policy) noexcept {
  switch (policy) {
    case CombinePolicy::automatic:
      return "automatic";
    case CombinePolicy::dense:
      return "dense";
    case CombinePolicy::hash:
      return "hash";
    case CombinePolicy::plain:
      return "plain";
  }
  return "unknown";
}

namespace detail {
namespace {

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::invalid_argument, "combining mailbox", format, std::forward<Arguments>(arguments)...);
}

std::string place(int rank, std::uint64_t superstep) {
  return fmt::format("bsp peer {} superstep {}", rank, superstep);
}

}  // namespace

KeyOwners::KeyOwners(const CombineOptions& options, int peers) : function_(options.owner), peers_(peers) {
  if (function_ != nullptr) {
    if (!options.cuts.empty()) refuse("both cuts and an owner function are given, expected one of them");
    if (options.policy == CombinePolicy::dense)
      refuse("a dense combiner needs keys in ranges: give cuts instead of an owner function");
    keys_ = options.keys != 0 ? options.keys : (std::numeric_limits<std::uint64_t>::max)();
    return;
  }
  if (options.keys == 0 && options.cuts.empty()) refuse("keys is 0; give the number of keys, or an owner function");
  const auto count = static_cast<std::size_t>(peers);
  even_ = options.cuts.empty();
  if (even_) {
    const std::uint64_t each = options.keys / count, more = options.keys % count;
    for (std::uint64_t rank = 0; rank <= count; ++rank) cuts_.push_back(each * rank + (std::min)(rank, more));
  } else {
    cuts_.assign(options.cuts.begin(), options.cuts.end());
    if (cuts_.size() != count + 1)
      refuse("{} cuts are given for {} peers, expected {}", cuts_.size(), peers, count + 1);
    if (cuts_.front() != 0) refuse("the first cut is {}, expected 0", cuts_.front());
    for (std::size_t i = 1; i < cuts_.size(); ++i)
      if (cuts_[i] < cuts_[i - 1])
        refuse("cut {} is {}, which is less than the one before, {}", i, cuts_[i], cuts_[i - 1]);
    if (options.keys != 0 && cuts_.back() != options.keys)
      refuse("the last cut is {}, but there are {} keys", cuts_.back(), options.keys);
  }
  keys_ = cuts_.back();
  // About eight entries per peer, so that the owner is a step or two from the entry.
  const auto wanted = static_cast<std::uint64_t>(std::bit_ceil((std::min)(count * 8, std::size_t{1} << 16)));
  while ((keys_ >> shift_) > wanted) ++shift_;
  std::size_t rank = 0;
  for (std::uint64_t entry = 0; entry <= (keys_ >> shift_); ++entry) {
    while (rank + 1 < count && (entry << shift_) >= cuts_[rank + 1]) ++rank;
    first_.push_back(static_cast<int>(rank));
  }
}

bool KeyOwners::is_made_of(const CombineOptions& options) const noexcept {
  if (function_ != options.owner || (function_ == nullptr && even_ != options.cuts.empty())) return false;
  if (!options.cuts.empty()) return std::equal(cuts_.begin(), cuts_.end(), options.cuts.begin(), options.cuts.end());
  return options.keys == keys_ || (function_ != nullptr && options.keys == 0);
}

void throw_bad_key(std::uint64_t key, std::uint64_t keys, int rank, std::uint64_t superstep) {
  if (keys == 0)
    fail(Errc::out_of_range, place(rank, superstep), "combining mailbox: key is {}, but there are no keys", key);
  fail(Errc::out_of_range, place(rank, superstep), "combining mailbox: key is {}, expected 0 to {}", key, keys - 1);
}

void throw_bad_owner(std::uint64_t key, int owner, int peers, int rank, std::uint64_t superstep) {
  fail(Errc::out_of_range, place(rank, superstep), "combining mailbox: the owner of key {} is {}, expected 0 to {}",
       key, owner, peers - 1);
}

void throw_vacant_value(std::uint64_t key, int rank, std::uint64_t superstep) {
  fail(Errc::invalid_argument, place(rank, superstep),
       "combining mailbox: the value for key {} is the one that stands for no message", key);
}

void throw_foreign_key(std::uint64_t key, int source, int rank, std::uint64_t superstep) {
  fail(Errc::parse, place(rank, superstep), "combining mailbox: peer {} sent key {}, which belongs to another peer",
       source, key);
}

void throw_narrow_key(std::uint64_t keys, std::size_t key_bytes) {
  refuse("{} keys are more than a key of {} bytes can tell apart", keys, key_bytes);
}

void throw_unlike_rules(int rank) {
  fail(Errc::invalid_argument, fmt::format("bsp peer {}", rank),
       "combining mailbox: the keys, cuts or policy differ from those of another peer");
}

std::string explain_combining(CombinePolicy policy, bool dense, bool has_ranges, std::uint64_t keys,
                              std::uint64_t messages, std::uint64_t filled) {
  if (policy != CombinePolicy::automatic) return fmt::format("{}: asked for", name(policy));
  if (!has_ranges) return "plain (hash to other processes): the owner of a key is a function";
  if (!dense) return fmt::format("plain (hash to other processes): dense only above {} messages", keys / 4);
  if (messages != 0) return fmt::format("dense: {} messages to {} keys in this superstep", messages, keys);
  return fmt::format("dense: {} of {} keys got values in the last superstep", filled, keys);
}

}  // namespace detail
}  // namespace scalar::inline v0::bsp
