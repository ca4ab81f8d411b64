#pragma once
/// How messages of one type travel between peers. Internal to the room; see `Mailbox`.
#include <algorithm>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/block.hpp"
#include "scalar/bsp/mailbox_memory.hpp"
#include "scalar/bsp/serialise.hpp"
#include "scalar/bsp/world.hpp"

namespace scalar::inline v0::bsp {

namespace detail {

[[noreturn]] void throw_bad_segment(const Segment& segment, std::size_t message_bytes);

/// The messages of one mailbox of every peer.
///
/// Supersteps alternate between two parities. In superstep s the source owns its blocks of parity s and writes them;
/// the destination reads them in s + 1; the source clears them when it starts s + 2. So a flip touches no message and
/// nothing is locked. The first message to a destination sets the source's bit in the destination's set of senders,
/// which gives the sources in rank order by scanning size/64 words. Blocks lie in pages of 16 destinations, made on
/// first use: memory follows the pairs that talk.
///
/// Blocks for peers of other processes are offered to the transport at the flip, and what it brings is read where it
/// arrived; messages that are not trivially copyable are serialised for that.
template <class T>
class Channel final : public ChannelBase {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>, "messages are values");
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a message type is moved and destroyed without throwing");

 public:
  static constexpr unsigned page_bits = Block<T>::page_bits, page_size = Block<T>::page_size;
  using Directory = Block<T>**;  // one pointer per page

  explicit Channel(World& world)
      : world_(world),
        peers_(static_cast<unsigned>(world.size())),
        first_(world.first()),
        local_(static_cast<unsigned>(world.local())),
        pages_((peers_ + page_size - 1) / page_size),
        words_((peers_ + 63) / 64),
        memory_(world.memory()),
        nothing_(pages_, untouched_page),
        sides_(new Side[local_]) {
    for (auto& words : dense_) words.reset(new std::atomic<std::uint64_t>[words_]());
    for (unsigned i = 0; i < local_; ++i)
      for (Half& half : sides_[i].half) {
        half.directory = nothing_.data();
        half.senders.reset(new std::atomic<std::uint64_t>[words_]());
      }
  }
  ~Channel() override {
    reset();
    for (unsigned i = 0; i < local_; ++i)
      for (Half& half : sides_[i].half) {
        if (!half.own_directory) continue;
        for (unsigned p = 0; p < pages_; ++p)
          if (Block<T>* page = half.directory[p]; page != untouched_page) {
            for (unsigned b = 0; b < page_size; ++b) free_storage(page[b]);
            delete[] page;
          }
      }
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  static std::unique_ptr<ChannelBase> make(World& world) { return std::make_unique<Channel>(world); }

  void reset() noexcept override {
    for (unsigned i = 0; i < local_; ++i) {
      for (unsigned parity = 0; parity < 2; ++parity) {
        Half& half = sides_[i].half[parity];
        set_dense(half, first_ + static_cast<int>(i), parity, false);
        clear(half, BlockHead<T>::never);
        half.arrived.clear();
        half.summary.store(0, std::memory_order_relaxed);
        for (unsigned w = 0; w < words_; ++w) half.senders[w].store(0, std::memory_order_relaxed);
      }
      sides_[i].runs.clear();
    }
  }

  void collect(std::uint64_t superstep, Outbox& out) override {
    std::vector<std::vector<std::byte>>& texts = texts_[superstep & 1];
    std::size_t used = 0;
    for (int source = first_; source < first_ + static_cast<int>(local_); ++source)
      each_block_of(source, superstep, [&](int destination, std::span<const T> values) {
        if (is_local(destination)) return;
        if constexpr (Plain<T>) {
          out.add(source, destination, values.size(), std::as_bytes(values), alignof(T));
        } else {
          if (used == texts.size()) texts.emplace_back();
          std::vector<std::byte>& text = texts[used++];
          text.clear();
          for (const T& value : values) Serialiser<T>::write(value, text);
          out.add(source, destination, values.size(), text, 1);
        }
      });
  }
  void tally(int source, std::uint64_t superstep, Tally& tally) override {
    std::uint64_t messages = 0;
    each_block_of(source, superstep, [&](int destination, std::span<const T> values) {
      tally.received[static_cast<std::size_t>(destination)] += values.size_bytes();
      messages += values.size();
    });
    tally.messages += messages, tally.bytes += messages * sizeof(T);
  }
  void deliver(std::uint64_t superstep, const Segment& segment) override {
    if (!is_local(segment.destination) || segment.count == 0) throw_bad_segment(segment, sizeof(T));
    Half& half = side(segment.destination).half[superstep & 1];
    if (half.arrival != superstep) half.arrived.clear(), half.read = 0, half.arrival = superstep;
    if constexpr (Plain<T>) {
      if (segment.bytes.size() / sizeof(T) != segment.count || segment.bytes.size() % sizeof(T) != 0 ||
          reinterpret_cast<std::uintptr_t>(segment.bytes.data()) % alignof(T) != 0)
        throw_bad_segment(segment, sizeof(T));
      half.arrived.push_back({segment.source, {reinterpret_cast<T*>(segment.bytes.data()), segment.count}});
    } else {
      if (half.read == half.objects.size()) half.objects.emplace_back();
      std::vector<T>& objects = half.objects[half.read++];
      read_objects(segment, objects);
      half.arrived.push_back({segment.source, objects});
    }
  }

  /// Source `rank` enters a superstep: its blocks of that parity have been read and become writable.
  Directory start(int rank, std::uint64_t superstep) noexcept {
    Half& half = side(rank).half[superstep & 1];
    const std::size_t used = clear(half, superstep);
    const bool was_dense = half.dense;
    set_dense(half, rank, superstep & 1, used >= 2 && used >= peers_ / 4);
    if (was_dense && !half.dense) clear(half, superstep);
    return half.directory;
  }
  Directory directory(int rank, std::uint64_t superstep) noexcept { return side(rank).half[superstep & 1].directory; }

  /// The block for `destination` with room for `more` (at least 1) messages.
  /// Throws `Aborted` after the run has failed: its last frames may still be written from the blocks as they lie.
  Block<T>& reserve(int rank, int destination, std::uint64_t superstep, std::size_t more) {
    if (world_.is_aborted()) [[unlikely]]
      world_.throw_aborted(world_.fiber(rank));
    Half& half = side(rank).half[superstep & 1];
    Block<T>& block = own_block(half, static_cast<unsigned>(destination));
    if (block.superstep != superstep) open(half, block, rank, destination, superstep);
    if (static_cast<std::size_t>(block.limit - block.next) < more) grow(block, more);
    return block;
  }

  /// Collects what was sent to `rank` in the superstep before this one.
  void gather(int rank, std::uint64_t superstep) {
    Side& me = side(rank);
    me.runs.clear();
    if (superstep == 0) return;
    Half& half = me.half[(superstep - 1) & 1];
    // From other processes: those with lower ranks come before the local sources, those with higher ones after.
    std::size_t taken = 0;
    const bool has_arrived = !half.arrived.empty() && half.arrival == superstep - 1;
    if (has_arrived) [[unlikely]]
      for (; taken < half.arrived.size() && half.arrived[taken].source < first_; ++taken)
        me.runs.push_back(half.arrived[taken]);
    gather_local(me, half, rank, superstep - 1);
    if (has_arrived) [[unlikely]]
      me.runs.insert(me.runs.end(), half.arrived.begin() + static_cast<std::ptrdiff_t>(taken), half.arrived.end());
  }
  std::span<const Run<T>> runs(int rank) const noexcept { return sides_[static_cast<std::size_t>(rank - first_)].runs; }

 private:
  struct Half {                     // one parity of one peer
    Directory directory = nullptr;  // as source: its blocks by destination
    std::unique_ptr<Block<T>*[]> own_directory;
    std::vector<int> touched;                               // as source: the destinations whose blocks are open
    bool dense = false;                                     // as source: blocks stay open
    std::unique_ptr<std::atomic<std::uint64_t>[]> senders;  // as destination: who has sent
    std::atomic<std::uint64_t> summary{0};                  // as destination: which words of `senders` are not 0
    std::vector<Run<T>> arrived;                            // as destination: from other processes ...
    std::uint64_t arrival = 0;                              // ... in this superstep
    std::vector<std::vector<T>> objects;                    // ... deserialised; the first `read` are in use
    std::size_t read = 0;
  };
  struct alignas(64) Side {
    Half half[2];
    std::vector<Run<T>> runs;
  };

  // Every directory starts with this page of closed blocks, so that sending needs no test for a missing one. Never
  // written.
  static inline constinit Block<T> untouched_page[page_size]{};
  static constexpr std::align_val_t alignment{(std::max)(alignof(T), std::size_t{64})};

  Side& side(int rank) noexcept { return sides_[static_cast<std::size_t>(rank - first_)]; }
  bool is_local(int rank) const noexcept { return static_cast<unsigned>(rank - first_) < local_; }

  T* make_storage(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    return static_cast<T*>(memory_ == nullptr ? ::operator new(bytes, alignment)
                                              : memory_->allocate(bytes, alignment, Plain<T>));
  }
  void free_storage(Block<T>& block) noexcept {
    if (block.begin == block.own_storage()) return;
    if (memory_ == nullptr) return ::operator delete(static_cast<void*>(block.begin), alignment);
    memory_->release(block.begin, static_cast<std::size_t>(block.limit - block.begin) * sizeof(T), alignment);
  }

  /// Forgets the messages of a parity; returns how many blocks had some. Who has sent to many will do so again: its
  /// blocks are opened for `superstep` here, one after the other, where memory can be fetched ahead.
  std::size_t clear(Half& half, std::uint64_t superstep) noexcept {
    constexpr std::size_t ahead = 8;
    const std::span<const int> touched = half.touched;
    std::size_t used = 0;
    for (std::size_t i = 0; i < touched.size(); ++i) {
      if (i + ahead < touched.size()) prefetch(block_of(half, static_cast<unsigned>(touched[i + ahead])));
      Block<T>& block = block_of(half, static_cast<unsigned>(touched[i]));
      used += block.next != block.begin;
      std::destroy(block.begin, block.next);
      block.next = half.dense ? block.begin : block.limit;
      block.superstep = half.dense ? superstep : BlockHead<T>::never;
    }
    if (!half.dense) half.touched.clear();
    return used;
  }
  /// Readers look at all blocks of a dense source.
  void set_dense(Half& half, int rank, std::uint64_t parity, bool dense) noexcept {
    if (half.dense == dense) return;
    half.dense = dense;
    const auto source = static_cast<unsigned>(rank);
    dense_[parity][source / 64].fetch_xor(1ull << source % 64, std::memory_order_relaxed);
    dense_sources_[parity].fetch_add(dense ? 1 : -1, std::memory_order_relaxed);
  }

  static Block<T>& block_of(Half& half, unsigned destination) noexcept {
    return half.directory[destination >> page_bits][destination & (page_size - 1)];
  }
  Block<T>& own_block(Half& half, unsigned destination) {
    if (!half.own_directory) {
      half.own_directory.reset(new Block<T>*[pages_]);
      std::copy(nothing_.begin(), nothing_.end(), half.own_directory.get());
      half.directory = half.own_directory.get();
    }
    Block<T>*& page = half.directory[destination >> page_bits];
    if (page == untouched_page) page = make_page<T>();
    return page[destination & (page_size - 1)];
  }
  void open(Half& half, Block<T>& block, int rank, int destination, std::uint64_t superstep) {
    half.touched.push_back(destination);
    block.next = block.begin;
    block.superstep = superstep;
    const auto source = static_cast<unsigned>(rank);
    if (!is_local(destination)) return;
    Half& to = side(destination).half[superstep & 1];
    std::atomic<std::uint64_t>& word = to.senders[source / 64];
    // Looked at first, as `fetch_or` with its result used is a loop.
    if (word.load(std::memory_order_relaxed) == 0)
      to.summary.fetch_or(1ull << source / 64 % 64, std::memory_order_relaxed);
    word.fetch_or(1ull << source % 64, std::memory_order_relaxed);
  }

  void grow(Block<T>& block, std::size_t more) {
    const auto used = static_cast<std::size_t>(block.next - block.begin);
    const auto capacity = static_cast<std::size_t>(block.limit - block.begin);
    const std::size_t wanted = (std::max)({capacity * 2, used + more, 64 / sizeof(T), std::size_t{2}});
    if (wanted > (std::numeric_limits<std::size_t>::max)() / 2 / sizeof(T)) throw std::bad_array_new_length();
    T* fresh = make_storage(wanted);
    std::uninitialized_move(block.begin, block.next, fresh);
    std::destroy(block.begin, block.next);
    free_storage(block);
    block.begin = fresh, block.next = fresh + used, block.limit = fresh + wanted;
  }

  /// What local peer `source` has sent in `superstep`.
  template <class Use>
  void each_block_of(int source, std::uint64_t superstep, Use use) {
    Half& half = side(source).half[superstep & 1];
    for (const int destination : half.touched) {
      const Block<T>& block = block_of(half, static_cast<unsigned>(destination));
      if (block.superstep == superstep && block.next != block.begin)
        use(destination, std::span<const T>(block.begin, block.next));
    }
  }

  static void read_objects(const Segment& segment, std::vector<T>& objects) {
    objects.clear();
    if constexpr (std::default_initializable<T>) {
      std::span<const std::byte> left = segment.bytes;
      for (std::uint64_t i = 0; i < segment.count; ++i) {  // not resized first: the count may be a lie
        T object{};
        Serialiser<T>::read(left, object);
        objects.push_back(std::move(object));
      }
      if (!left.empty()) throw_bad_segment(segment, 0);
    } else {
      throw_not_serialisable(typeid(T));
    }
  }

  void gather_local(Side& me, Half& half, int rank, std::uint64_t superstep) {
    std::uint64_t summary = half.summary.load(std::memory_order_relaxed);
    if (summary != 0) half.summary.store(0, std::memory_order_relaxed);
    if (words_ > 64 || dense_sources_[superstep & 1].load(std::memory_order_relaxed) != 0) {
      for (unsigned w = 0; w < words_; ++w) gather_word(me, half, rank, superstep, w);
    } else {
      for (; summary != 0; summary &= summary - 1)
        gather_word(me, half, rank, superstep, static_cast<unsigned>(std::countr_zero(summary)));
    }
  }
  void gather_word(Side& me, Half& half, int rank, std::uint64_t superstep, unsigned word) {
    const auto block_from = [&](std::uint64_t bits) -> Block<T>& {
      const int source = static_cast<int>(word * 64) + std::countr_zero(bits);
      return block_of(side(source).half[superstep & 1], static_cast<unsigned>(rank));
    };
    std::uint64_t bits = half.senders[word].load(std::memory_order_relaxed);
    if (bits != 0) half.senders[word].store(0, std::memory_order_relaxed);
    bits |= dense_[superstep & 1][word].load(std::memory_order_relaxed);
    std::uint64_t ahead = bits;
    for (int k = 0; k < 16; ++k) ahead &= ahead - 1;
    for (; bits != 0; bits &= bits - 1) {
      if (ahead != 0) prefetch(block_from(ahead)), ahead &= ahead - 1;
      Block<T>& block = block_from(bits);
      // A bit may be older than the last superstep when this peer had no mailbox to read it.
      if (block.superstep != superstep || block.next == block.begin) continue;
      __builtin_prefetch(block.begin);
      const int source = static_cast<int>(word * 64) + std::countr_zero(bits);
      me.runs.push_back({source, {block.begin, block.next}});
    }
  }

  World& world_;
  unsigned peers_;
  int first_;
  unsigned local_, pages_, words_;
  MailboxMemory* memory_;           // null: the heap
  std::vector<Block<T>*> nothing_;  // the directory of who has not sent yet
  std::unique_ptr<Side[]> sides_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> dense_[2];  // the local sources that are, by parity
  std::atomic<int> dense_sources_[2]{};                     // how many
  std::vector<std::vector<std::byte>> texts_[2];            // serialised messages on their way, by parity
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
