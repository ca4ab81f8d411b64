#pragma once
/// Combining: a mailbox by key, in which all messages to a key are combined into one value.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "scalar/bsp/detail/combine_channel.hpp"
#include "scalar/bsp/detail/handle.hpp"
#include "scalar/bsp/messages/combine_options.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {

/// One peer's end of a mailbox whose messages go to keys rather than to peers.
///
/// `send(key, value)` sends to the peer that owns the key. In the next superstep that peer has one value for each of
/// its keys to which any peer has sent: each source's values are folded by `op` in the order sent, and these folds are
/// folded in rank order. So the bits depend neither on the policy nor on threads or processes.
///
/// Combinings match across peers as mailboxes do, by order of creation among both. They are local variables of the
/// body. All peers must give the same options, else `Errc::invalid_argument`. `Value` is trivially copyable. In a
/// steady program nothing is allocated.
/// Memory: a value for each of the peer's keys; the dense policy also keeps two arrays of all keys for every local
/// peer.
/// Thread safety: used only by the peer that made it.
///
/// For a loop over many messages pass it to a plain function: g++ 12 keeps a coroutine's locals in memory.
template <std::unsigned_integral Key, class Value, class Op = std::plus<>>
class Combining final : detail::Handle<detail::CombineChannel<Key, Value, Op>> {
  static_assert(std::is_trivially_copyable_v<Value> && std::is_default_constructible_v<Value>,
                "values that are combined are numbers or plain structs");

 public:
  /// Errors: `Errc::invalid_argument` for options that make no sense or differ from those of the other peers.
  Combining(Peer& peer, const CombineOptions& options, Op op = {})
      : Handle(peer, typeid(Combining), &Channel::make), op_(op), policy_(options.policy) {
    configure(options);
    turn(peer.superstep());
    this->attach();
  }

  /// Sends `value` to the owner of `key`. Errors: `Errc::out_of_range` for an invalid key.
  void send(Key key, const Value& value) {
    if (key < dense_keys_) [[likely]] {
      check_value(key, value);
      dense_->add(key, value, op_);
    } else {
      send_message(key, value);
    }
  }

  /// Sends `value` to each of `keys` in turn. `end` is the end of the array that contains `keys`; the keys after them
  /// are likely to be the next receivers, as in the adjacency lists of a graph. Much faster than one `send` per key
  /// when a cache does not hold all values, since their places are prefetched. Errors: `Errc::out_of_range` for an
  /// invalid key.
  void send(std::span<const Key> keys, const Value& value, const Key* end) {
    constexpr std::ptrdiff_t ahead = 64;
    const Key* const stop = keys.data() + keys.size();
    for (const Key* key = keys.data(); key != stop; ++key) {
      if (*key >= dense_keys_ || key == keys.data()) [[unlikely]] {
        send(*key, value);
        continue;
      }
      if (end - key > ahead && key[ahead] < dense_keys_) dense_->fetch(key[ahead]);
      dense_->add(*key, value, op_);
    }
  }

  /// Calls `use(key, value)` for each of the peer's keys that got a message in the last superstep, in ascending order.
  template <class F>
  void receive(F&& use) const {
    if (has_array_) {
      values_.each(0, values_.size(), [&](std::uint64_t at) { use(static_cast<Key>(own_.begin + at), values_[at]); });
    } else {
      for (const Entry& entry : list_) use(entry.key, entry.value);
    }
  }
  /// The value for `key`, which this peer owns; null when nothing was sent to it, and for another peer's key.
  const Value* find(Key key) const noexcept {
    if (has_array_) {
      const std::uint64_t at = key - own_.begin;
      return key >= own_.begin && at < values_.size() && values_.has(at) ? &values_[at] : nullptr;
    }
    const auto found = std::lower_bound(list_.begin(), list_.end(), key,
                                        [](const Entry& entry, Key seen) { return entry.key < seen; });
    return found != list_.end() && found->key == key ? &found->value : nullptr;
  }

  /// How many key-value pairs this peer has received for this superstep: one per source and key if the sender combines.
  std::uint64_t pairs() const noexcept { return pairs_; }
  /// The size of a pair as sent.
  static constexpr std::size_t pair_bytes = sizeof(KeyValue<Key, Value>);
  /// The first key of this peer, if owners have ranges of keys.
  std::uint64_t first_key() const noexcept { return own_.begin; }
  std::uint64_t last_key() const noexcept { return own_.end; }  ///< one past the last key
  /// How messages are combined in this superstep, and why, in one line.
  std::string explain() const {
    return detail::explain_combining(policy_, wants_dense_, owners_->has_ranges(), owners_->keys(), sent_, filled_);
  }

 private:
  using Channel = detail::CombineChannel<Key, Value, Op>;
  using Handle = detail::Handle<Channel>;
  using Handle::channel_, Handle::peer_;
  using Entry = typename Channel::Entry;
  using Dense = typename Channel::Dense;
  using Entries = detail::Channel<Entry>;
  static constexpr std::uint64_t largest_array = std::uint64_t{1} << 27;

  void configure(const CombineOptions& options) {
    owners_ = channel_.agree(peer_.rank(), options);
    if (owners_->keys() != 0 && owners_->keys() - 1 > (std::numeric_limits<Key>::max)() && options.keys != 0)
      detail::throw_narrow_key(owners_->keys(), sizeof(Key));
    if (owners_->has_ranges()) own_ = owners_->range(peer_.rank());
    has_array_ = owners_->has_ranges() && own_.size() <= largest_array;
    if (policy_ == CombinePolicy::automatic && owners_->has_ranges()) switch_at_ = owners_->keys() / 4;
    wants_dense_ = policy_ == CombinePolicy::dense;
  }
  void check_value(Key key, const Value& value) const {
    if constexpr (Dense::Empty::has_value)
      if (Dense::Empty::is(value)) [[unlikely]]
        detail::throw_vacant_value(key, peer_.rank(), superstep_);
  }

  // Sending.
  void send_message(Key key, const Value& value) {
    if (key >= owners_->keys()) detail::throw_bad_key(key, owners_->keys(), peer_.rank(), superstep_);
    if (wants_dense_) {
      open_dense();
      return send(key, value);
    }
    check_value(key, value);
    const int to = owners_->owner(key);
    if (static_cast<unsigned>(to) >= static_cast<unsigned>(peer_.size())) [[unlikely]]
      detail::throw_bad_owner(key, to, peer_.size(), peer_.rank(), superstep_);
    detail::Block<Entry>& block = block_for(to);
    ++sent_;
    if (is_hashed(to)) {
      const std::size_t index = table_.find_or_add(key, static_cast<std::size_t>(block.next - block.begin));
      if (index != table_.none) {
        block.begin[index].value = op_(block.begin[index].value, value);
        return;
      }
    }
    ::new (static_cast<void*>(block.next)) Entry{key, value};
    ++block.next;
    if (sent_ > switch_at_) wants_dense_ = true, open_dense();
  }
  bool is_hashed(int to) const noexcept {
    return policy_ == CombinePolicy::hash || (policy_ == CombinePolicy::automatic && !peer_.world().is_local(to));
  }
  detail::Block<Entry>& block_for(int rank) {
    const auto to = static_cast<unsigned>(rank);
    detail::Block<Entry>& block = directory_[to >> Entries::page_bits][to & (Entries::page_size - 1)];
    if (block.next != block.limit) [[likely]]
      return block;
    detail::Block<Entry>& larger = channel_.messages.reserve(peer_.rank(), rank, superstep_, 1);
    directory_ = channel_.messages.directory(peer_.rank(), superstep_);
    return larger;
  }
  /// Switches to the dense array in this superstep, and moves there what has been sent so far.
  void open_dense() {
    dense_ = &channel_.open(peer_.rank(), superstep_, owners_->keys());
    dense_keys_ = owners_->keys();
    if (sent_ == 0) return;
    channel_.messages.each_open(peer_.rank(), superstep_, [this](int, detail::Block<Entry>& block) {
      for (const Entry* entry = block.begin; entry != block.next; ++entry) dense_->add(entry->key, entry->value, op_);
      block.next = block.begin;
    });
  }

  /// Begins the next superstep densely if enough keys got values in the last one.
  void stay_dense() noexcept {
    filled_ = dense_keys_ != 0 ? dense_->filled() : 0;
    wants_dense_ = filled_ > owners_->keys() / 8;
  }

  // Receiving.
  void turn(std::uint64_t superstep) override {
    if (policy_ == CombinePolicy::automatic) stay_dense();
    superstep_ = superstep;
    sent_ = 0, pairs_ = 0, dense_keys_ = 0;
    table_.start();
    channel_.start(peer_.rank(), superstep);
    directory_ = channel_.messages.start(peer_.rank(), superstep);
    channel_.messages.gather(peer_.rank(), superstep);
    if (values_.size() != 0) values_.clear();
    list_.clear();
    if (superstep != 0) take_all();
  }
  void take_all() {
    bool first = true;
    std::span<const Run<Entry>> runs = channel_.messages.runs(peer_.rank());
    const auto take_below = [&](int source) {
      for (; !runs.empty() && runs.front().source < source; runs = runs.subspan(1), first = false)
        take_run(runs.front(), first);
    };
    if (own_.size() != 0)
      channel_.each_dense(superstep_ - 1, [&](int source, Dense& sent) {
        take_below(source);
        sent.each(own_.begin, own_.end, [&](std::uint64_t key) {
          take({static_cast<Key>(key), sent[key]});
          ++pairs_;
        });
        first = false;
      });
    take_below((std::numeric_limits<int>::max)());
    if (has_array_ || list_.empty()) return;
    detail::radix_sort(list_, scratch_);
    list_.resize(
        static_cast<std::size_t>(detail::fold_equal(list_.data(), list_.data() + list_.size(), op_) - list_.data()));
  }
  void take(const Entry& entry) {
    if (has_array_) {
      if (values_.size() == 0) values_.resize(own_.size());
      values_.add(entry.key - own_.begin, entry.value, op_);
    } else {
      list_.push_back(entry);
    }
  }
  /// Folds one source's messages into the result: first with each other, if the grouping affects the result.
  void take_run(const Run<Entry>& run, bool first) {
    if (owners_->has_ranges())
      for (const Entry& entry : run.values)
        if (entry.key < own_.begin || entry.key >= own_.end) [[unlikely]]
          detail::throw_foreign_key(entry.key, run.source, peer_.rank(), superstep_);
    const bool is_unique =
        policy_ == CombinePolicy::hash || (policy_ == CombinePolicy::automatic && !peer_.world().is_local(run.source));
    pairs_ += run.values.size();
    if (!(is_unique || first || detail::is_exact<Op, Value>)) {
      sorted_.assign(run.values.begin(), run.values.end());
      detail::radix_sort(sorted_, scratch_);
      const auto count = static_cast<std::size_t>(
          detail::fold_equal(sorted_.data(), sorted_.data() + sorted_.size(), op_) - sorted_.data());
      for (std::size_t i = 0; i < count; ++i) take(sorted_[i]);
    } else {
      for (const Entry& entry : run.values) take(entry);
    }
  }

  Dense* dense_ = nullptr;
  std::uint64_t dense_keys_ = 0;  // 0 while this superstep is not dense
  std::uint64_t sent_ = 0;        // messages sent without the dense array in this superstep
  std::uint64_t filled_ = 0;      // keys in the dense array of the last superstep
  std::uint64_t pairs_ = 0, superstep_ = 0;
  std::uint64_t switch_at_ = (std::numeric_limits<std::uint64_t>::max)();
  [[no_unique_address]] Op op_;
  CombinePolicy policy_;
  bool wants_dense_ = false, has_array_ = false;
  typename Entries::Directory directory_ = nullptr;
  std::shared_ptr<const detail::KeyOwners> owners_;
  detail::KeyRange own_;
  detail::KeyTable<Key> table_;
  Dense values_;  // by key of this peer; without an array, `list_`
  std::vector<Entry> list_, sorted_, scratch_;
};

}  // namespace scalar::inline v0::bsp
