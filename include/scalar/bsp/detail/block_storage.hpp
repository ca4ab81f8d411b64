#pragma once
/// Memory for the messages of blocks. Internal to the room.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>

#include "scalar/bsp/detail/block.hpp"
#include "scalar/bsp/detail/mailbox_memory.hpp"
#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp::detail {

[[noreturn]] void throw_no_room_for_messages(std::uint64_t bytes, int source, int destination);

/// Memory for the messages of one channel that do not fit into the blocks themselves.
template <class T>
class BlockStorage {
 public:
  explicit BlockStorage(MailboxMemory* memory) noexcept : memory_(memory) {}

  /// Makes room for at least `more` messages. Errors: `Errc::resource_exhausted`, naming the bytes and the two peers.
  void grow(Block<T>& block, std::size_t more, int source, int destination) {
    const auto used = static_cast<std::size_t>(block.next - block.begin);
    const auto capacity = static_cast<std::size_t>(block.limit - block.begin);
    const std::size_t wanted = (std::max)({capacity * 2, used + more, 64 / sizeof(T), std::size_t{2}});
    T* fresh = nullptr;
    try {
      if (wanted > (std::numeric_limits<std::size_t>::max)() / 2 / sizeof(T)) throw std::bad_array_new_length();
      fresh = make(wanted);
    } catch (const std::bad_alloc&) {
      throw_no_room_for_messages(std::uint64_t{wanted} * sizeof(T), source, destination);
    }
    std::uninitialized_move(block.begin, block.next, fresh);
    std::destroy(block.begin, block.next);
    free(block);
    block.begin = fresh, block.next = fresh + used, block.limit = fresh + wanted;
  }
  /// Frees a block's memory. Its messages have been destroyed already.
  void free(Block<T>& block) noexcept {
    if (block.begin == block.own_storage()) return;
    if (memory_ == nullptr) return ::operator delete(static_cast<void*>(block.begin), alignment);
    memory_->release(block.begin, static_cast<std::size_t>(block.limit - block.begin) * sizeof(T), alignment);
  }

 private:
  static constexpr std::align_val_t alignment{(std::max)(alignof(T), std::size_t{64})};

  T* make(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    return static_cast<T*>(memory_ == nullptr ? ::operator new(bytes, alignment)
                                              : memory_->allocate(bytes, alignment, Plain<T>));
  }

  MailboxMemory* memory_;  // null: the heap
};

}  // namespace scalar::inline v0::bsp::detail
