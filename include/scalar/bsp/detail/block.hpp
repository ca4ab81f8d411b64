#pragma once
/// Block: the messages from one peer to another. Internal to the room.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace scalar::inline v0::bsp {

/// The messages that one peer got from one source, in the order they were sent.
template <class T>
struct Run {
  int source = 0;
  std::span<T> values{};
};

namespace detail {

/// The messages of one source for one destination in one parity. A block is closed until its first use in a superstep;
/// a closed block looks full (`next == limit`), so that sending needs one comparison. The first few small messages lie
/// in the block itself: among a thousand peers that send each other little, every cache line that need not be fetched
/// counts.
template <class T>
struct BlockHead {
  T* next = nullptr;
  T* limit = nullptr;
  T* begin = nullptr;
  std::uint64_t superstep = never;  ///< in which the block was opened

  static constexpr std::uint64_t never = (std::numeric_limits<std::uint64_t>::max)();
  static constexpr unsigned page_bits = 4, page_size = 1u << page_bits;
  static constexpr std::size_t room =
      sizeof(T) <= 48 && alignof(T) <= 32 ? 160 / sizeof(T) : 0;  ///< messages in the block itself
};
template <class T, std::size_t Room = BlockHead<T>::room>
struct alignas(64) Block : BlockHead<T> {
  alignas(T) std::byte first[Room * sizeof(T)]{};

  T* own_storage() noexcept { return reinterpret_cast<T*>(first); }
};
template <class T>
struct alignas(32) Block<T, 0> : BlockHead<T> {
  T* own_storage() noexcept { return nullptr; }
};

/// Closes a block that has just been made.
template <class T>
void prepare(Block<T>& block) noexcept {
  block.begin = block.own_storage();
  block.next = block.limit = block.begin + Block<T>::room;
}
/// Makes a page: the closed blocks of one source for `page_size` destinations.
template <class T>
Block<T>* make_page() {
  auto* page = new Block<T>[Block<T>::page_size];
  for (unsigned b = 0; b < Block<T>::page_size; ++b) prepare(page[b]);
  return page;
}

/// Prefetches a block's head and first messages.
template <class T>
void prefetch(const Block<T>& block) noexcept {
  for (std::size_t at = 0; at < (std::min)(sizeof block, std::size_t{128}); at += 64)
    __builtin_prefetch(reinterpret_cast<const std::byte*>(&block) + at);
}

}  // namespace detail
}  // namespace scalar::inline v0::bsp
