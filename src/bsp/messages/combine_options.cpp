#include "scalar/bsp/messages/combine_options.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp {

std::string_view name(CombinePolicy policy) noexcept {
  switch (policy) {
    case CombinePolicy::automatic:
      return "automatic";
    case CombinePolicy::dense:
      return "dense";
    case CombinePolicy::hash:
      return "hash";
    case CombinePolicy::sorted:
      return "sorted";
    case CombinePolicy::plain:
      return "plain";
  }
  return "unknown";
}

namespace detail {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(Errc::invalid_argument, message, "combining mailbox");
}

std::string place(int rank, std::uint64_t superstep) {
  return "bsp peer " + std::to_string(rank) + " superstep " + std::to_string(superstep);
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
      refuse(std::to_string(cuts_.size()) + " cuts are given for " + std::to_string(peers) + " peers, expected " +
             std::to_string(count + 1));
    if (cuts_.front() != 0) refuse("the first cut is " + std::to_string(cuts_.front()) + ", expected 0");
    for (std::size_t i = 1; i < cuts_.size(); ++i)
      if (cuts_[i] < cuts_[i - 1])
        refuse("cut " + std::to_string(i) + " is " + std::to_string(cuts_[i]) +
               ", which is less than the one before, " + std::to_string(cuts_[i - 1]));
    if (options.keys != 0 && cuts_.back() != options.keys)
      refuse("the last cut is " + std::to_string(cuts_.back()) + ", but there are " + std::to_string(options.keys) +
             " keys");
  }
  keys_ = cuts_.back();
  // About eight entries a peer: a step or two from the entry to the owner.
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
  throw Error(Errc::out_of_range,
              "combining mailbox: key is " + std::to_string(key) +
                  (keys == 0 ? ", but there are no keys" : ", expected 0 to " + std::to_string(keys - 1)),
              place(rank, superstep));
}

void throw_bad_owner(std::uint64_t key, int owner, int peers, int rank, std::uint64_t superstep) {
  throw Error(Errc::out_of_range,
              "combining mailbox: the owner of key " + std::to_string(key) + " is " + std::to_string(owner) +
                  ", expected 0 to " + std::to_string(peers - 1),
              place(rank, superstep));
}

void throw_vacant_value(std::uint64_t key, int rank, std::uint64_t superstep) {
  throw Error(Errc::invalid_argument,
              "combining mailbox: the value for key " + std::to_string(key) + " is the one that stands for no message",
              place(rank, superstep));
}

void throw_foreign_key(std::uint64_t key, int source, int rank, std::uint64_t superstep) {
  throw Error(Errc::parse,
              "combining mailbox: peer " + std::to_string(source) + " sent key " + std::to_string(key) +
                  ", which belongs to another peer",
              place(rank, superstep));
}

void throw_narrow_key(std::uint64_t keys, std::size_t key_bytes) {
  refuse(std::to_string(keys) + " keys are more than a key of " + std::to_string(key_bytes) + " bytes can tell apart");
}

void throw_unlike_rules(int rank) {
  throw Error(Errc::invalid_argument, "combining mailbox: the keys, cuts or policy differ from those of another peer",
              "bsp peer " + std::to_string(rank));
}

std::string explain_combining(CombinePolicy policy, bool dense, bool has_ranges, std::uint64_t keys,
                              std::uint64_t messages, std::uint64_t filled) {
  if (policy != CombinePolicy::automatic) return std::string(name(policy)) + ": asked for";
  const std::string all = std::to_string(keys) + " keys";
  if (!has_ranges) return "plain (hash to other processes): the owner of a key is a function";
  if (!dense) return "plain (hash to other processes): dense only above " + std::to_string(keys / 4) + " messages";
  if (messages != 0) return "dense: " + std::to_string(messages) + " messages to " + all + " in this superstep";
  return "dense: " + std::to_string(filled) + " of " + all + " got values in the last superstep";
}

}  // namespace detail
}  // namespace scalar::inline v0::bsp
