#pragma once
/// Channel: carries messages of one type between peers. Internal to the room; see `Mailbox`.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

#include "scalar/bsp/detail/arrivals.hpp"
#include "scalar/bsp/detail/block.hpp"
#include "scalar/bsp/detail/block_storage.hpp"
#include "scalar/bsp/detail/message_bytes.hpp"
#include "scalar/bsp/detail/sparse_blocks.hpp"
#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp {

namespace detail {

/// The messages of one mailbox of every peer.
///
/// Supersteps alternate between two parities. In superstep s the source writes its blocks of parity s % 2; the
/// destination reads them in s + 1; the source clears them when it starts s + 2. So the flip (the end of a superstep)
/// touches no message, and nothing is locked. The first message to a destination sets the source's bit in the
/// destination's set of senders; scanning its size/64 words gives the sources in rank order. Blocks lie in pages of 16
/// destinations, made on first use, so memory is proportional to the pairs of peers that communicate.
///
/// With more than `most_paged` peers, a pointer per page and a bit per peer, at each peer, would take too much memory.
/// Then a source finds its blocks by a hash table, and a destination follows a chain of the sources that have sent to
/// it.
///
/// At the flip, blocks for peers of other processes are given to the transport, and messages from other processes are
/// read where they arrived. Messages that are not trivially copyable are serialized for that.
template <class T>
class Channel final : public ChannelBase {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>, "messages are values");
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a message type is moved and destroyed without throwing");

 public:
  static constexpr unsigned page_bits = Block<T>::page_bits, page_size = Block<T>::page_size;
  using Directory = Block<T>**;  // one pointer per page
  static constexpr unsigned most_paged = 4096;

  explicit Channel(World& world)
      : world_(world),
        peers_(static_cast<unsigned>(world.size())),
        first_(world.first()),
        local_(static_cast<unsigned>(world.local())),
        pages_((peers_ + page_size - 1) / page_size),
        words_((peers_ + 63) / 64),
        storage_(world.memory()),
        nothing_(pages_, untouched_page) {
    if (world.is_distributed()) arrivals_.reset(new Arrivals<T>[std::size_t{local_} * 2]);
    if (peers_ > most_paged) {
      sparse_.reset(new SparseSide<T>[local_]);
      return;
    }
    sides_.reset(new Side[local_]);
    for (auto& words : dense_) words.reset(new std::atomic<std::uint64_t>[words_]());
    for (unsigned i = 0; i < local_; ++i)
      for (Half& half : sides_[i].half) {
        half.directory = nothing_.data();
        half.senders.reset(new std::atomic<std::uint64_t>[words_]());
      }
  }
  ~Channel() override {
    reset();
    for (unsigned i = 0; i < local_ && sparse_ != nullptr; ++i)
      sparse_[i].each_block([this](Block<T>& block) { storage_.free(block); });
    for (unsigned i = 0; i < local_ && sides_ != nullptr; ++i)
      for (Half& half : sides_[i].half) {
        if (!half.own_directory) continue;
        for (unsigned p = 0; p < pages_; ++p)
          if (Block<T>* page = half.directory[p]; page != untouched_page) {
            for (unsigned b = 0; b < page_size; ++b) storage_.free(page[b]);
            delete[] page;
          }
      }
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  static std::unique_ptr<ChannelBase> make(World& world) { return std::make_unique<Channel>(world); }
  /// For the elements of messages that another channel carries, and that only that channel counts.
  static std::unique_ptr<ChannelBase> make_for_elements(World& world) {
    auto channel = std::make_unique<Channel>(world);
    channel->are_elements_ = true;
    return channel;
  }

  void reset() noexcept override {
    for (std::size_t i = 0; i < std::size_t{local_} * 2 && arrivals_ != nullptr; ++i) arrivals_[i].clear();
    for (unsigned i = 0; i < local_ && sparse_ != nullptr; ++i) sparse_[i].clear();
    for (unsigned i = 0; i < local_ && sides_ != nullptr; ++i) {
      for (unsigned parity = 0; parity < 2; ++parity) {
        Half& half = sides_[i].half[parity];
        set_dense(half, first_ + static_cast<int>(i), parity, false);
        clear(half, BlockHead<T>::never);
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
      each_open(source, superstep, [&](int destination, const Block<T>& block) {
        if (is_local(destination) || block.next == block.begin) return;
        const std::span<const T> values(block.begin, block.next);
        if constexpr (Plain<T>) {
          out.add(source, destination, values.size(), std::as_bytes(values), alignof(T));
        } else {
          if (used == texts.size()) texts.emplace_back();
          std::vector<std::byte>& text = texts[used++];
          text.clear();
          for (const T& value : values) Serializer<T>::write(value, text);
          out.add(source, destination, values.size(), text, 1);
        }
      });
  }
  void tally(int source, std::uint64_t superstep, Tally& tally) override {
    std::uint64_t messages = 0, all_bytes = 0;
    each_open(source, superstep, [&](int destination, const Block<T>& block) {
      const std::uint64_t bytes = message_bytes(std::span<const T>(block.begin, block.next));
      tally.received[static_cast<std::size_t>(destination)] += bytes;
      messages += static_cast<std::uint64_t>(block.next - block.begin), all_bytes += bytes;
    });
    tally.messages += are_elements_ ? 0 : messages, tally.bytes += all_bytes;
  }
  void deliver(std::uint64_t superstep, const Segment& segment) override {
    if (!is_local(segment.destination) || segment.count == 0) throw_bad_segment(segment, sizeof(T));
    arrivals(segment.destination, superstep).take(superstep, segment);
  }

  /// Source `rank` enters a superstep: its blocks of that parity have been read and become writable. Returns the
  /// directory of its blocks.
  Directory start(int rank, std::uint64_t superstep) noexcept {
    if (sparse_ != nullptr) {
      sparse_side(rank).blocks[superstep & 1].clear();
      return nothing_.data();
    }
    Half& half = side(rank).half[superstep & 1];
    const std::size_t used = clear(half, superstep);
    const bool was_dense = half.dense;
    set_dense(half, rank, superstep & 1, used >= 2 && used >= peers_ / 4);
    if (was_dense && !half.dense) clear(half, superstep);
    return half.directory;
  }
  Directory directory(int rank, std::uint64_t superstep) noexcept {
    return sparse_ != nullptr ? nothing_.data() : side(rank).half[superstep & 1].directory;
  }

  /// The block for `destination`, with room for `more` (at least 1) messages.
  /// Throws `Aborted` after the run has failed, since its last frames may still be read from the blocks.
  /// Not inlined, since loops that send need the registers.
  [[gnu::noinline]] Block<T>& reserve(int rank, int destination, std::uint64_t superstep, std::size_t more) {
    if (world_.is_aborted()) [[unlikely]]
      world_.throw_aborted(world_.fiber(rank));
    Block<T>& block =
        sparse_ != nullptr ? open_sparse(rank, destination, superstep) : open_paged(rank, destination, superstep);
    if (static_cast<std::size_t>(block.limit - block.next) < more) storage_.grow(block, more, rank, destination);
    return block;
  }

  /// Collects what was sent to `rank` in the superstep before this one.
  void gather(int rank, std::uint64_t superstep) {
    std::vector<Run<T>>& runs = sparse_ != nullptr ? sparse_side(rank).runs : side(rank).runs;
    runs.clear();
    if (superstep == 0) return;
    // Sources in other processes with lower ranks come before the local sources, those with higher ranks after them.
    std::span<const Run<T>> arrived;
    if (arrivals_ != nullptr) [[unlikely]] {
      arrived = arrivals(rank, superstep - 1).runs(superstep - 1);
      for (; !arrived.empty() && arrived.front().source < first_; arrived = arrived.subspan(1))
        runs.push_back(arrived.front());
    }
    if (sparse_ != nullptr) {
      gather_chain(std::span(sparse_.get(), local_), first_, rank, superstep - 1);
    } else {
      gather_local(side(rank), rank, superstep - 1);
    }
    if (!arrived.empty()) [[unlikely]]
      runs.insert(runs.end(), arrived.begin(), arrived.end());
  }
  std::span<const Run<T>> runs(int rank) const noexcept {
    const auto local = static_cast<std::size_t>(rank - first_);
    return sparse_ != nullptr ? sparse_[local].runs : sides_[local].runs;
  }
  /// Calls `use(destination, block)` for the blocks that local peer `source` has opened in `superstep`. Some may be
  /// empty.
  template <class Use>
  void each_open(int source, std::uint64_t superstep, Use use) {
    if (sparse_ != nullptr) {
      for (const auto& block : sparse_side(source).blocks[superstep & 1].used())
        if (block->superstep == superstep) use(block->destination, static_cast<Block<T>&>(*block));
      return;
    }
    Half& half = side(source).half[superstep & 1];
    for (const int destination : half.touched)
      if (Block<T>& block = block_of(half, static_cast<unsigned>(destination)); block.superstep == superstep)
        use(destination, block);
  }

 private:
  /// A peer's data of one parity: as a source, and as a destination.
  struct Half {
    Directory directory = nullptr;  // as source: its blocks by destination
    std::unique_ptr<Block<T>*[]> own_directory;
    std::vector<int> touched;                               // as source: the destinations whose blocks are open
    bool dense = false;                                     // as source: blocks stay open
    std::unique_ptr<std::atomic<std::uint64_t>[]> senders;  // as destination: a bit per source that has sent
    std::atomic<std::uint64_t> summary{0};                  // as destination: which words of `senders` are not 0
  };
  /// One peer of the channel.
  struct alignas(64) Side {
    Half half[2];
    std::vector<Run<T>> runs;
  };

  // Every directory is initially filled with this page of closed blocks, so that sending need not check for a missing
  // page. Never written.
  static inline constinit Block<T> untouched_page[page_size]{};

  Side& side(int rank) noexcept { return sides_[static_cast<std::size_t>(rank - first_)]; }
  SparseSide<T>& sparse_side(int rank) noexcept { return sparse_[static_cast<std::size_t>(rank - first_)]; }
  Arrivals<T>& arrivals(int rank, std::uint64_t superstep) noexcept {
    return arrivals_[static_cast<std::size_t>(rank - first_) * 2 + (superstep & 1)];
  }
  bool is_local(int rank) const noexcept { return static_cast<unsigned>(rank - first_) < local_; }

  /// Destroys the messages of a parity; returns how many blocks had some. A dense source, which has sent to many, will
  /// probably do so again: its blocks are opened for `superstep` here, one after another, where they can be prefetched.
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
  /// Marks a source as dense or not. Readers look at all blocks of a dense source.
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
  Block<T>& open_sparse(int rank, int destination, std::uint64_t superstep) {
    SparseBlock<T>& block = sparse_side(rank).blocks[superstep & 1].find_or_add(destination);
    if (block.superstep == superstep) return block;
    block.next = block.begin;
    block.superstep = superstep;
    if (is_local(destination)) sparse_side(destination).senders[superstep & 1].push(rank, superstep, block.next_sender);
    return block;
  }
  Block<T>& open_paged(int rank, int destination, std::uint64_t superstep) {
    Half& half = side(rank).half[superstep & 1];
    Block<T>& block = own_block(half, static_cast<unsigned>(destination));
    if (block.superstep != superstep) open(half, block, rank, destination, superstep);
    return block;
  }
  void open(Half& half, Block<T>& block, int rank, int destination, std::uint64_t superstep) {
    half.touched.push_back(destination);
    block.next = block.begin;
    block.superstep = superstep;
    const auto source = static_cast<unsigned>(rank);
    if (!is_local(destination)) return;
    Half& to = side(destination).half[superstep & 1];
    std::atomic<std::uint64_t>& word = to.senders[source / 64];
    // Loaded first, since a `fetch_or` whose result is used compiles to a loop.
    if (word.load(std::memory_order_relaxed) == 0)
      to.summary.fetch_or(1ull << source / 64 % 64, std::memory_order_relaxed);
    word.fetch_or(1ull << source % 64, std::memory_order_relaxed);
  }

  void gather_local(Side& me, int rank, std::uint64_t superstep) {
    Half& half = me.half[superstep & 1];
    std::uint64_t summary = half.summary.load(std::memory_order_relaxed);
    if (summary != 0) half.summary.store(0, std::memory_order_relaxed);
    if (dense_sources_[superstep & 1].load(std::memory_order_relaxed) != 0) {
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
      // A bit may be older than the last superstep if this peer had no mailbox then to read it.
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
  BlockStorage<T> storage_;
  bool are_elements_ = false;
  std::vector<Block<T>*> nothing_;                          // the directory of a source that has not sent yet
  std::unique_ptr<Side[]> sides_;                           // with at most `most_paged` peers
  std::unique_ptr<SparseSide<T>[]> sparse_;                 // with more peers
  std::unique_ptr<Arrivals<T>[]> arrivals_;                 // two per local peer, by parity; null in a single process
  std::unique_ptr<std::atomic<std::uint64_t>[]> dense_[2];  // a bit per dense source, by parity
  std::atomic<int> dense_sources_[2]{};                     // how many sources are dense, by parity
  std::vector<std::vector<std::byte>> texts_[2];            // serialized messages on their way, by parity
};

}  // namespace detail
}  // namespace scalar::inline v0::bsp
