#pragma once
/// How messages of one type travel between the peers of a process. Internal to the room; see `Mailbox`.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/world.hpp"

namespace scalar::inline v0::bsp {

/// The messages that one peer got from one source, in the order they were sent.
template <class T>
struct Run {
  int source = 0;
  std::span<T> values{};
};

namespace detail {

/// What one source has for one destination in one parity: half a cache line. Closed until first used in a superstep; a
/// closed block looks full (`next == limit`), so that sending needs one comparison.
template <class T>
struct alignas(32) Block {
  T* next = nullptr;
  T* limit = nullptr;
  T* begin = nullptr;
  std::uint64_t superstep = never;  ///< in which it was opened

  static constexpr std::uint64_t never = (std::numeric_limits<std::uint64_t>::max)();
};

/// The messages of one mailbox of every peer.
///
/// Supersteps alternate between two parities. In superstep s the source owns its blocks of parity s and writes them;
/// the destination reads them in s + 1; the source clears them when it starts s + 2. So a flip touches no message and
/// nothing is locked. The first message to a destination sets the source's bit in the destination's set of senders,
/// which gives the sources in rank order by scanning size/64 words. Blocks lie in pages of 16 destinations, made on
/// first use: memory follows the pairs that talk.
template <class T>
class Channel final : public ChannelBase {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>, "messages are values");
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a message type is moved and destroyed without throwing");

 public:
  static constexpr unsigned page_bits = 4, page_size = 1u << page_bits;
  using Page = Block<T>[page_size];
  using Directory = Block<T>**;  // one pointer per page

  explicit Channel(int peers)
      : peers_(static_cast<unsigned>(peers)),
        pages_((peers_ + page_size - 1) / page_size),
        words_((peers_ + 63) / 64),
        nothing_(pages_, untouched_page),
        sides_(new Side[peers_]) {
    for (unsigned rank = 0; rank < peers_; ++rank)
      for (Half& half : sides_[rank].half) {
        half.directory = nothing_.data();
        half.senders.reset(new std::atomic<std::uint64_t>[words_]());
      }
  }
  ~Channel() override {
    reset();
    for (unsigned rank = 0; rank < peers_; ++rank)
      for (Half& half : sides_[rank].half) {
        if (!half.own_directory) continue;
        for (unsigned p = 0; p < pages_; ++p)
          if (Block<T>* page = half.directory[p]; page != untouched_page) {
            for (unsigned b = 0; b < page_size; ++b) free_storage(page[b].begin);
            delete[] page;
          }
      }
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  static std::unique_ptr<ChannelBase> make(int peers) { return std::make_unique<Channel>(peers); }

  void reset() noexcept override {
    for (unsigned rank = 0; rank < peers_; ++rank) {
      for (Half& half : sides_[rank].half) {
        close(half);
        half.summary.store(0, std::memory_order_relaxed);
        for (unsigned w = 0; w < words_; ++w) half.senders[w].store(0, std::memory_order_relaxed);
      }
      sides_[rank].runs.clear();
    }
  }

  /// Source `rank` enters a superstep: its blocks of that parity have been read and become writable.
  Directory start(int rank, std::uint64_t superstep) noexcept {
    Half& half = side(rank).half[superstep & 1];
    close(half);
    return half.directory;
  }
  Directory directory(int rank, std::uint64_t superstep) noexcept { return side(rank).half[superstep & 1].directory; }

  /// The block for `destination` with room for `more` (at least 1) messages.
  Block<T>& reserve(int rank, int destination, std::uint64_t superstep, std::size_t more) {
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
    std::uint64_t summary = half.summary.load(std::memory_order_relaxed);
    if (summary == 0) return;
    half.summary.store(0, std::memory_order_relaxed);
    if (words_ <= 64) {
      for (; summary != 0; summary &= summary - 1)
        gather_word(me, half, rank, superstep - 1, static_cast<unsigned>(std::countr_zero(summary)));
    } else {
      for (unsigned w = 0; w < words_; ++w) gather_word(me, half, rank, superstep - 1, w);
    }
  }
  std::span<const Run<T>> runs(int rank) const noexcept { return sides_[static_cast<std::size_t>(rank)].runs; }

 private:
  struct Half {                     // one parity of one peer
    Directory directory = nullptr;  // as source: its blocks by destination
    std::unique_ptr<Block<T>*[]> own_directory;
    std::vector<int> touched;                               // as source: the destinations whose blocks are open
    std::unique_ptr<std::atomic<std::uint64_t>[]> senders;  // as destination: who has sent
    std::atomic<std::uint64_t> summary{0};                  // as destination: which words of `senders` are not 0
  };
  struct alignas(64) Side {
    Half half[2];
    std::vector<Run<T>> runs;
  };

  // Every directory starts with this page of closed blocks, so that sending needs no test for a missing one. Never
  // written.
  static inline constinit Block<T> untouched_page[page_size]{};
  static constexpr std::align_val_t alignment{(std::max)(alignof(T), std::size_t{64})};

  Side& side(int rank) noexcept { return sides_[static_cast<std::size_t>(rank)]; }

  static void free_storage(T* begin) noexcept {
    if (begin != nullptr) ::operator delete(static_cast<void*>(begin), alignment);
  }

  void close(Half& half) noexcept {
    for (const int destination : half.touched) {
      Block<T>& block = block_of(half, static_cast<unsigned>(destination));
      std::destroy(block.begin, block.next);
      block.next = block.limit;
      block.superstep = Block<T>::never;
    }
    half.touched.clear();
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
    if (page == untouched_page) page = new Block<T>[page_size];
    return page[destination & (page_size - 1)];
  }

  void open(Half& half, Block<T>& block, int rank, int destination, std::uint64_t superstep) {
    half.touched.push_back(destination);
    block.next = block.begin;
    block.superstep = superstep;
    const auto source = static_cast<unsigned>(rank);
    Half& to = side(destination).half[superstep & 1];
    const std::uint64_t before = to.senders[source / 64].fetch_or(1ull << source % 64, std::memory_order_relaxed);
    if (before == 0) to.summary.fetch_or(1ull << source / 64 % 64, std::memory_order_relaxed);
  }

  static void grow(Block<T>& block, std::size_t more) {
    const auto used = static_cast<std::size_t>(block.next - block.begin);
    const auto capacity = static_cast<std::size_t>(block.limit - block.begin);
    const std::size_t wanted = (std::max)({capacity * 2, used + more, 64 / sizeof(T), std::size_t{2}});
    if (wanted > (std::numeric_limits<std::size_t>::max)() / 2 / sizeof(T)) throw std::bad_array_new_length();
    T* fresh = static_cast<T*>(::operator new(wanted * sizeof(T), alignment));
    std::uninitialized_move(block.begin, block.next, fresh);
    std::destroy(block.begin, block.next);
    free_storage(block.begin);
    block.begin = fresh, block.next = fresh + used, block.limit = fresh + wanted;
  }

  void gather_word(Side& me, Half& half, int rank, std::uint64_t superstep, unsigned word) {
    std::uint64_t bits = half.senders[word].load(std::memory_order_relaxed);
    if (bits == 0) return;
    half.senders[word].store(0, std::memory_order_relaxed);
    for (; bits != 0; bits &= bits - 1) {
      const int source = static_cast<int>(word * 64) + std::countr_zero(bits);
      Block<T>& block = block_of(side(source).half[superstep & 1], static_cast<unsigned>(rank));
      // A bit may be older than the last superstep when this peer had no mailbox to read it.
      if (block.superstep != superstep || block.next == block.begin) continue;
      me.runs.push_back({source, {block.begin, block.next}});
    }
  }

  unsigned peers_, pages_, words_;
  std::vector<Block<T>*> nothing_;  // the directory of who has not sent yet
  std::unique_ptr<Side[]> sides_;
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
