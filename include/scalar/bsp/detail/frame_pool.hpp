#pragma once
/// Memory for coroutine frames, recycled per peer.
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace scalar::inline v0::bsp::detail {

[[noreturn]] void throw_no_frame(std::size_t bytes);

/// The free coroutine frames of one peer, by size class.
///
/// The memory of coroutines that a peer awaits returns here, so a program in steady state allocates nothing. There are
/// no locks, since a peer runs on one thread at a time. A size class never takes back more frames than this peer has
/// handed out, so frames that one peer makes and another destroys do not accumulate.
class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    for (Bin& bin : bins_)
      while (bin.free != nullptr) ::operator delete(std::exchange(bin.free, bin.free->next));
  }

  /// The pool of the peer that this thread is running; null outside of peers.
  static FramePool*& current() noexcept {
    constinit thread_local static FramePool* pool = nullptr;
    return pool;
  }

  static void* allocate(std::size_t bytes) {
    FramePool* pool = current();
    return pool != nullptr && recycles(bytes) ? pool->take(bytes) : make(class_bytes(bytes));
  }
  static void release(void* frame, std::size_t bytes) noexcept {
    FramePool* pool = current();
    if (pool != nullptr && recycles(bytes)) return pool->give(frame, bytes);
    ::operator delete(frame);
  }

 private:
  struct Node {
    Node* next;
  };
  struct Bin {
    Node* free = nullptr;
    std::size_t lent = 0;
  };
  static constexpr std::size_t granule = 128, classes = 32;

  static constexpr std::size_t class_bytes(std::size_t bytes) noexcept {
    return (bytes + granule - 1) / granule * granule;
  }
  static constexpr bool recycles(std::size_t bytes) noexcept {
#if defined(__SANITIZE_ADDRESS__)
    return bytes == 0;  // so that the sanitizer sees the use of a dead frame
#else
    return bytes <= granule * classes;
#endif
  }
  /// Errors: `Errc::resource_exhausted`, naming the bytes.
  static void* make(std::size_t bytes) {
    try {
      return ::operator new(bytes);
    } catch (const std::bad_alloc&) {
      throw_no_frame(bytes);
    }
  }
  Bin& bin(std::size_t bytes) noexcept { return bins_[(bytes - 1) / granule]; }

  void* take(std::size_t bytes) {
    Bin& from = bin(bytes);
    void* frame = from.free != nullptr ? std::exchange(from.free, from.free->next) : make(class_bytes(bytes));
    ++from.lent;
    return frame;
  }
  void give(void* frame, std::size_t bytes) noexcept {
    Bin& to = bin(bytes);
    if (to.lent == 0) return ::operator delete(frame);
    --to.lent;
    to.free = ::new (frame) Node{to.free};
  }

  Bin bins_[classes];
};

}  // namespace scalar::inline v0::bsp::detail
