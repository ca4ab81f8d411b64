#pragma once
/// Transport: how the processes of a distributed engine reach each other.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scalar::inline v0::bsp {
namespace detail {
class Network;
}

/// A buffer of bytes that begins on a cache line. Its contents are not initialized. Move-only.
class Buffer {
 public:
  static constexpr std::size_t alignment = 64;

  Buffer() = default;
  explicit Buffer(std::size_t bytes)
      : data_(static_cast<std::byte*>(::operator new(bytes == 0 ? 1 : bytes, std::align_val_t{alignment}))),
        size_(bytes),
        capacity_(bytes) {}
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_), std::swap(size_, other.size_), std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) ::operator delete(data_, std::align_val_t{alignment});
  }

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
  /// Sets the size, to at most the capacity.
  void set_size(std::size_t bytes) noexcept { size_ = bytes; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

/// The processes that take part in a run.
struct Membership {
  int process = 0;          ///< the number of this process, from 0
  int processes = 1;        ///< the number of processes
  std::uint64_t epoch = 0;  ///< changes whenever the membership does
  /// After a loss: how long this part of the job waits for other parts, which may be alive and cut off, to go on first.
  std::chrono::milliseconds claim_pause{0};
};

/// Carries frames, which are byte strings of any length, between the processes that run one program.
///
/// A program only makes a transport (`bsp::tcp(...)`, `bsp::mpi(...)`) and gives it to its Engine, which calls it.
/// Between two processes frames arrive whole and in the order sent. One run at a time uses a transport.
/// Thread safety: the engine calls `send` and `poll` under one lock; `wait` and `interrupt` may be called meanwhile.
class Transport {
 public:
  /// What the engine does with arriving frames. Called inside `poll`.
  class Sink {
   public:
    /// Memory for a frame of `bytes` bytes. Errors: `std::bad_alloc`.
    virtual Buffer allocate(std::size_t bytes) = 0;
    /// There was no memory for a frame from `process`, which is skipped. Errors: `std::bad_alloc` when the engine
    /// cannot do without the frame; then nothing more may be received from that process.
    virtual void exhausted(int process, std::size_t bytes) = 0;
    /// A frame from `process` has arrived completely.
    virtual void received(int process, Buffer frame) = 0;
    /// `process` will send nothing more; `reason` says why. Called once.
    virtual void lost(int process, const std::string& reason) = 0;

   protected:
    ~Sink() = default;
  };

  virtual ~Transport() = default;

  /// Meets the other processes, and returns the membership. Called at the start of every run; blocks the calling
  /// thread. Errors: `Errc::unavailable` when processes do not come, `Errc::unauthenticated`, `Errc::aborted` after a
  /// loss.
  virtual Membership meet() = 0;

  /// After a loss, or when newcomers wait: the processes that are left and those that wait agree on a membership with a
  /// new epoch. Blocks the calling thread. Errors: `Errc::unsupported` for a transport whose processes cannot change.
  virtual Membership regroup();
  /// Whether processes wait to join or to leave. May be called from any thread.
  virtual bool wants_regroup() const noexcept { return false; }

  /// This process leaves the job in an orderly way: at the next checkpoint of a run with `.recover` the others continue
  /// without it, and `Engine::run` in this process throws `Errc::canceled`. May be called from any thread, for example
  /// one that handles signals. Errors: `Errc::unsupported` for a transport whose processes cannot change.
  virtual void withdraw();

  /// Sends a frame made of `parts`, one after another. Returns at once. The caller must keep the bytes unchanged and in
  /// place until the frame has left; the transport holds `keeps` until then. `poll` reports what goes wrong.
  virtual void send(int process, std::span<const std::span<const std::byte>> parts,
                    std::shared_ptr<const void> keeps) = 0;

  /// Sends and receives what is possible without waiting.
  virtual void poll(Sink& sink) = 0;
  /// Blocks until `poll` has something to do, `interrupt` was called since the last `wait` returned, or `at_most` has
  /// passed.
  virtual void wait(std::chrono::milliseconds at_most) = 0;
  /// Makes the current or the next `wait` return. May be called from any thread.
  virtual void interrupt() noexcept = 0;
  /// Blocks until every frame has left or its receiver is lost.
  virtual void flush(Sink& sink) = 0;

 protected:
  Transport() = default;

 private:
  friend class detail::Network;
  // What the engine keeps from run to run: frames that arrived before their run began, and buffers to reuse.
  std::vector<std::pair<int, Buffer>> early_;
  std::vector<Buffer> spare_;
  std::uint64_t runs_ = 0;
};

}  // namespace scalar::inline v0::bsp
