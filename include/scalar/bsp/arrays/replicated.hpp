#pragma once
/// Replicated<T>: an array that every peer reads whole and writes a share of, and that changes only at barriers.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "scalar/bsp/detail/handle.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp {

namespace detail {

[[noreturn]] void throw_unlike_arrays(std::size_t expected, int rank, std::size_t size);
[[noreturn]] void throw_bad_share(int rank, Range share, std::size_t size);
[[noreturn]] void throw_share_gap(int rank, std::size_t expected, std::size_t begin);
[[noreturn]] void throw_bad_part(const Segment& segment);
[[noreturn]] void throw_half_published(std::string_view array, std::uint64_t published, int peers);

struct FreeZeroed {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
/// `size` elements of zero bytes. The thread that writes a page is the first to touch it, so the page is near to it.
template <class T>
std::unique_ptr<T[], FreeZeroed> zeroed(std::size_t size) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(std::max_align_t));
  if (size > (std::numeric_limits<std::size_t>::max)() / 2 / sizeof(T)) throw std::bad_array_new_length();
  void* memory = std::calloc(size + (size == 0), sizeof(T));
  if (memory == nullptr) throw std::bad_alloc();
  return std::unique_ptr<T[], FreeZeroed>(static_cast<T*>(memory));
}

/// The two versions of one array.
///
/// A version that local peers have published is sent to other processes from the array itself, which is written again
/// two supersteps later at the earliest. What other processes publish is copied into the array.
template <class T>
class ReplicatedChannel final : public ChannelBase {
 public:
  explicit ReplicatedChannel(World& world) : first_(world.first()), locals_(static_cast<std::size_t>(world.local())) {}
  static std::unique_ptr<ChannelBase> make(World& world) { return std::make_unique<ReplicatedChannel>(world); }

  void reset() noexcept override {
    is_open_ = false;
    size_ = 0;
    for (Local& local : locals_) local = {};
    for (int parity : {0, 1}) versions_[parity].reset(), published_[parity].store(0, std::memory_order_relaxed);
    current_.store(0, std::memory_order_relaxed);
  }
  void collect(std::uint64_t superstep, Outbox& out) override {
    const unsigned next = current_.load(std::memory_order_relaxed) ^ 1;
    for (std::size_t i = 0; i < locals_.size(); ++i) {
      const Local& local = locals_[i];
      if (!local.has_published || local.superstep != superstep) continue;
      const int source = first_ + static_cast<int>(i);
      const Range& share = local.share;
      out.add(source, everyone_else, 0, std::as_bytes(std::span(&share, 1)), alignof(Range));
      if (share.size() == 0) continue;
      const std::span<const T> values(versions_[next].get() + share.begin, share.size());
      out.add(source, everyone_else, values.size(), std::as_bytes(values), alignof(T));
    }
  }
  void deliver(std::uint64_t superstep, const Segment& segment) override {
    if (segment.count == 0) {  // where the next segment goes
      if (segment.bytes.size() != sizeof(Range)) throw_bad_part(segment);
      std::memcpy(&arriving_, segment.bytes.data(), sizeof(Range));
      if (arriving_.begin > arriving_.end || arriving_.end > size_) throw_bad_share(segment.source, arriving_, size_);
      published(superstep).fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (segment.count != arriving_.size() || segment.bytes.size() != arriving_.size() * sizeof(T))
      throw_bad_part(segment);
    T* const next = versions_[current_.load(std::memory_order_relaxed) ^ 1].get();
    std::memcpy(next + arriving_.begin, segment.bytes.data(), segment.bytes.size());
  }

  /// Errors: `Errc::shape_mismatch`, `Errc::out_of_range`.
  void open(int rank, std::size_t size, Range share) {
    const std::lock_guard lock(mutex_);
    if (is_open_ && size != size_) throw_unlike_arrays(size_, rank, size);
    if (share.begin > share.end || share.end > size) throw_bad_share(rank, share, size);
    const auto i = static_cast<std::size_t>(rank - first_);
    const auto follow = [&](std::size_t before, std::size_t after) {
      const Local &one = locals_[before], &other = locals_[after];
      if (one.is_known && other.is_known && one.share.end != other.share.begin)
        throw_share_gap(first_ + static_cast<int>(after), one.share.end, other.share.begin);
    };
    locals_[i] = {.share = share, .is_known = true};
    if (i > 0) follow(i - 1, i);
    if (i + 1 < locals_.size()) follow(i, i + 1);
    for (auto& version : versions_)
      if (!version) version = zeroed<T>(size);
    size_ = size, is_open_ = true;
  }
  T* version(unsigned parity) noexcept { return versions_[parity].get(); }
  void publish(int rank, std::uint64_t superstep) noexcept {
    Local& local = locals_[static_cast<std::size_t>(rank - first_)];
    if (local.has_published && local.superstep == superstep) return;
    local.superstep = superstep, local.has_published = true;
    published(superstep).fetch_add(1, std::memory_order_relaxed);
  }
  /// How many peers have published in all supersteps of the same parity. The count is not reset while in use: a reader
  /// compares it with the count of two supersteps before.
  std::atomic<std::uint64_t>& published(std::uint64_t superstep) noexcept { return published_[superstep & 1]; }
  /// Called by every local peer at the beginning of a superstep, with the same `parity`.
  void set_current(unsigned parity) noexcept { current_.store(parity, std::memory_order_relaxed); }

 private:
  struct Local {
    Range share{};
    std::uint64_t superstep = 0;  // of the last publication
    bool has_published = false, is_known = false;
  };
  static constexpr int everyone_else = -1;

  int first_;
  std::vector<Local> locals_;
  std::mutex mutex_;
  std::size_t size_ = 0;
  bool is_open_ = false;
  std::unique_ptr<T[], FreeZeroed> versions_[2];
  std::atomic<std::uint64_t> published_[2]{};
  std::atomic<unsigned> current_{0};
  Range arriving_{};
};

}  // namespace detail

/// An array of `size` elements that every peer can read whole, as last published.
///
/// The peers divide the array into contiguous shares. A peer writes its share of the next version, `next()`, in one
/// superstep or several, and calls `publish()`. All peers must publish in the same superstep; at its end the next
/// version becomes `values()`. Before the first publication all bytes are zero. Each process has both versions once,
/// whatever its number of peers, and nothing is copied within it: a read costs the same as in a local array.
///
/// Replicated arrays match across peers as mailboxes do, by order of creation among both.
/// Errors: `Errc::invalid_argument` from the barrier at which only some peers have published.
/// Thread safety: used only by the peer that made it. Memory: `2 * size * sizeof(T)` in each process.
template <class T>
class Replicated final : detail::Handle<detail::ReplicatedChannel<T>> {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T> && alignof(T) <= alignof(std::max_align_t),
                "the elements of a replicated array are numbers or plain structs");

 public:
  /// An array divided evenly. Errors: `Errc::shape_mismatch` when peers give different sizes.
  Replicated(Peer& peer, std::size_t size)
      : Replicated(peer, size,
                   even_part(size, static_cast<std::size_t>(peer.rank()), static_cast<std::size_t>(peer.size()))) {}
  /// An array of which this peer writes `share`. In rank order the shares cover the array.
  /// Errors: `Errc::shape_mismatch` for shares that do not follow each other, `Errc::out_of_range` for a share outside
  /// the array.
  Replicated(Peer& peer, std::size_t size, Range share)
      : Handle(peer, typeid(Replicated), &Channel::make), size_(size), share_(share) {
    channel_.open(peer.rank(), size, share);
    superstep_ = peer.superstep();
    point();
    this->attach();
  }

  std::size_t size() const noexcept { return size_; }
  /// The elements that this peer writes.
  Range share() const noexcept { return share_; }

  /// The last published version, valid until the next barrier.
  std::span<const T> values() const noexcept { return {values_, size_}; }
  const T& operator[](std::size_t index) const noexcept { return values_[index]; }
  /// This peer's share of the next version. It initially holds the share of the version before `values()`.
  std::span<T> next() noexcept { return {next_ + share_.begin, share_.size()}; }

  /// Marks this peer's share of the next version as complete; all peers see it after the next barrier. Idempotent.
  void publish() noexcept { channel_.publish(peer_.rank(), superstep_); }

 private:
  using Channel = detail::ReplicatedChannel<T>;
  using Handle = detail::Handle<Channel>;
  using Handle::channel_, Handle::peer_;

  void point() noexcept {
    values_ = channel_.version(current_);
    next_ = channel_.version(current_ ^ 1);
  }
  void turn(std::uint64_t superstep) override {
    const std::uint64_t count = channel_.published(superstep_).load(std::memory_order_relaxed);
    const std::uint64_t published = count - seen_[superstep_ & 1];
    seen_[superstep_ & 1] = count;
    superstep_ = superstep;
    if (published == 0) return;
    if (published != static_cast<std::uint64_t>(peer_.size()))
      detail::throw_half_published("replicated array", published, peer_.size());
    current_ ^= 1;
    channel_.set_current(current_);
    point();
  }

  const T* values_ = nullptr;
  T* next_ = nullptr;
  std::size_t size_;
  Range share_;
  std::uint64_t superstep_ = 0;
  std::uint64_t seen_[2]{};
  unsigned current_ = 0;
};

}  // namespace scalar::inline v0::bsp
