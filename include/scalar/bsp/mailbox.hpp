#pragma once
/// Mailbox<T>: typed messages from one superstep to the next.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "scalar/bsp/detail/channel.hpp"
#include "scalar/bsp/detail/copy.hpp"
#include "scalar/bsp/detail/handle.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// Mark a mailbox that carries the elements of variable-length messages rather than whole messages.
template <class T>
struct ElementsOf {};
struct Elements {};

/// Whether `T` refers to elements stored elsewhere. Such a message carries a copy of them: see view_mailbox.hpp.
template <class T>
inline constexpr bool is_view = false;
template <class Char>
inline constexpr bool is_view<std::basic_string_view<Char>> = true;
template <class T>
inline constexpr bool is_view<std::span<const T>> = std::is_trivially_copyable_v<T>;

}  // namespace detail

/// The messages that a peer has received, by source rank, then in the order sent: a forward range of `T&`.
template <class T>
class Received {
 public:
  explicit Received(std::span<const Run<T>> runs) noexcept : runs_(runs) {}

  class Iterator {
   public:
    using value_type = T;
    using reference = T&;
    using pointer = T*;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;

    Iterator() = default;
    Iterator(const Run<T>* run, const Run<T>* last) noexcept : run_(run), last_(last) { enter(); }
    T& operator*() const noexcept { return *at_; }
    T* operator->() const noexcept { return at_; }
    Iterator& operator++() noexcept {
      if (++at_ == stop_) ++run_, enter();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) noexcept { return a.at_ == nullptr; }

   private:
    void enter() noexcept {  // runs are never empty
      const bool over = run_ == last_;
      at_ = over ? nullptr : run_->values.data();
      stop_ = over ? nullptr : at_ + run_->values.size();
    }
    T* at_ = nullptr;
    T* stop_ = nullptr;
    const Run<T>* run_ = nullptr;
    const Run<T>* last_ = nullptr;
  };

  Iterator begin() const noexcept { return {runs_.data(), runs_.data() + runs_.size()}; }
  std::default_sentinel_t end() const noexcept { return {}; }
  bool empty() const noexcept { return runs_.empty(); }
  /// Complexity: one addition per source.
  std::size_t size() const noexcept {
    std::size_t count = 0;
    for (const Run<T>& run : runs_) count += run.values.size();
    return count;
  }

 private:
  std::span<const Run<T>> runs_;
};

/// One peer's end of a channel that carries messages of type `T` between all peers.
///
/// Messages sent in one superstep are received in the next, and only then. Mailboxes match by order of creation: the
/// n-th mailboxes of all peers form one channel. A message to a peer that has returned, or that has no such mailbox in
/// the next superstep, is dropped. A message outlives the mailbox it was sent with.
///
/// `T` is any type that is moved and destroyed without throwing. Within a process messages are moved, never serialized;
/// to another process they travel as bytes, for which `Serializer<T>` must be available. Received messages belong to
/// the receiver until its next barrier: it may change them or move from them. Complexity: nothing is sorted or locked;
/// once blocks have grown to a steady size, nothing is allocated. Memory grows with the number of pairs of peers that
/// communicate. Thread safety: used only by the peer that made it.
///
/// For a loop over many messages pass the mailbox to a plain function: g++ 12 keeps a coroutine's locals in memory.
template <class T>
class Mailbox final : detail::Handle<detail::Channel<T>> {
  static_assert(!detail::is_view<T>, "messages of variable length: include scalar/bsp/messages/view_mailbox.hpp");

 public:
  /// Internal: use `peer.mailbox<T>()`.
  explicit Mailbox(Peer& peer) : Mailbox(peer, typeid(T), &Channel::make) {}
  Mailbox(Peer& peer, detail::Elements) : Mailbox(peer, typeid(detail::ElementsOf<T>), &Channel::make_for_elements) {}

  /// Sends a message constructed from `arguments` to peer `rank`. Errors: `Errc::out_of_range` for an invalid rank.
  template <class... Arguments>
  void emplace(int rank, Arguments&&... arguments) {
    detail::Block<T>& block = block_for(rank, 1);
    ::new (static_cast<void*>(block.next)) T(std::forward<Arguments>(arguments)...);
    ++block.next;
  }
  /// Sends one message to peer `rank`, which may be this peer. Errors: `Errc::out_of_range` for an invalid rank.
  void send(int rank, const T& value) { emplace(rank, value); }
  void send(int rank, T&& value)
    requires(!std::is_trivially_copyable_v<T>)
  {
    emplace(rank, std::move(value));
  }
  /// Sends a copy of each value, in order.
  void send(int rank, std::span<const T> values) {
    if (values.empty()) return check(rank);
    detail::Block<T>& block = block_for(rank, values.size());
    if constexpr (std::is_trivially_copyable_v<T>) {
      block.next = detail::copy_values(values, block.next);
    } else {
      block.next = std::uninitialized_copy(values.begin(), values.end(), block.next);
    }
  }

  /// All messages of the last superstep, by source rank, then in the order sent.
  Received<T> received() const noexcept { return Received<T>(runs()); }
  /// The messages from one source, contiguous. Errors: `Errc::out_of_range` for an invalid rank.
  std::span<T> received(int source) const {
    check(source);
    const std::span<const Run<T>> all = runs();
    const auto found =
        std::lower_bound(all.begin(), all.end(), source, [](const Run<T>& run, int rank) { return run.source < rank; });
    return found != all.end() && found->source == source ? found->values : std::span<T>();
  }
  /// One `Run{source, values}` per source that has sent, by rank: the fastest way to read.
  std::span<const Run<T>> runs() const noexcept { return channel_.runs(rank_); }

 private:
  using Channel = detail::Channel<T>;
  using Handle = detail::Handle<Channel>;
  using Handle::channel_, Handle::peer_;

  Mailbox(Peer& peer, const std::type_info& messages, detail::MakeChannel make)
      : Handle(peer, messages, make), rank_(peer.rank()), size_(peer.size()) {
    turn(peer.superstep());
    this->attach();
  }
  void check(int rank) const {
    if (static_cast<unsigned>(rank) >= static_cast<unsigned>(size_)) [[unlikely]]
      peer_.throw_bad_rank(rank, "mailbox");
  }
  detail::Block<T>& block_for(int rank, std::size_t count) {
    check(rank);
    const auto to = static_cast<unsigned>(rank);
    detail::Block<T>& block = directory_[to >> Channel::page_bits][to & (Channel::page_size - 1)];
    if (static_cast<std::size_t>(block.limit - block.next) >= count) [[likely]]
      return block;
    detail::Block<T>& larger = channel_.reserve(rank_, rank, superstep_, count);
    directory_ = channel_.directory(rank_, superstep_);
    return larger;
  }
  void turn(std::uint64_t superstep) override {
    superstep_ = superstep;
    directory_ = channel_.start(rank_, superstep);
    channel_.gather(rank_, superstep);
  }

  typename Channel::Directory directory_ = nullptr;
  std::uint64_t superstep_ = 0;
  int rank_, size_;
};

template <class T>
Mailbox<T> Peer::mailbox() {
  return Mailbox<T>(*this);
}

}  // namespace scalar::inline v0::bsp
