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

/// Bytes that begin on a cache line; contents are not initialized. Move-only.
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
  /// At most the capacity.
  void set_size(std::size_t bytes) noexcept { size_ = bytes; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

/// Who takes part in a run.
struct Membership {
  int process = 0;          ///< this process's number, from 0
  int processes = 1;        ///< how many there are
  std::uint64_t epoch = 0;  ///< moves whenever the membership changes
  /// After a loss: for how long this part of the job lets others, from which it may only be cut off, go on first.
  std::chrono::milliseconds claim_pause{0};
};

/// Carries frames, which are byte strings of any length, between the processes that run one program.
///
/// The engine calls it; a program only makes one (`bsp::tcp(...)`, `bsp::mpi(...)`) and gives it to its Engine. Between
/// two processes frames arrive whole and in the order sent. One run uses a transport at a time.
/// Thread safety: the engine calls `send` and `poll` under one lock; `wait` and `interrupt` may be called meanwhile.
class Transport {
 public:
  /// What the engine does with what arrives. Called inside `poll`.
  class Sink {
   public:
    /// Memory for a frame of `bytes` bytes. Errors: `std::bad_alloc`.
    virtual Buffer allocate(std::size_t bytes) = 0;
    /// There was no memory for a frame from `process`, which is passed over. Errors: `std::bad_alloc` when a frame that
    /// is missing cannot be made good; nothing more may then come from that process.
    virtual void exhausted(int process, std::size_t bytes) = 0;
    /// A frame from `process` is complete.
    virtual void received(int process, Buffer frame) = 0;
    /// `process` will send no more; `reason` says why. Called once.
    virtual void lost(int process, const std::string& reason) = 0;

   protected:
    ~Sink() = default;
  };

  virtual ~Transport() = default;

  /// Meets the other processes and says who they are. Called at the start of every run; blocks the calling thread.
  /// Errors: `Errc::unavailable` when they do not come, `Errc::unauthenticated`, `Errc::aborted` after a loss.
  virtual Membership meet() = 0;

  /// After a loss, or when newcomers wait: who is left and who waits agree on a membership with a new epoch. Blocks the
  /// calling thread. Errors: `Errc::unsupported` for a transport whose processes cannot change.
  virtual Membership regroup();
  /// Processes wait to be let in. From any thread.
  virtual bool wants_regroup() const noexcept { return false; }

  /// This process leaves the job in good order: at the next checkpoint of a run with `.recover` the others go on
  /// without it, and `Engine::run` here throws `Errc::canceled`. From any thread, a signal's handler thread for
  /// example. Errors: `Errc::unsupported` for a transport whose processes cannot change.
  virtual void withdraw();

  /// Sends a frame made of `parts`, one after another. Returns at once; the bytes stay as they are and where they are
  /// until the frame has left, and the transport holds `keeps` so long. What goes wrong is told by `poll`.
  virtual void send(int process, std::span<const std::span<const std::byte>> parts,
                    std::shared_ptr<const void> keeps) = 0;

  /// Moves what can be moved without waiting.
  virtual void poll(Sink& sink) = 0;
  /// Blocks until `poll` has something to do, `interrupt` was called since the last `wait` returned, or the time is
  /// over.
  virtual void wait(std::chrono::milliseconds at_most) = 0;
  /// Makes the present or the next `wait` return. From any thread.
  virtual void interrupt() noexcept = 0;
  /// Blocks until every frame has left or its receiver is lost.
  virtual void flush(Sink& sink) = 0;

 protected:
  Transport() = default;

 private:
  friend class detail::Network;
  // What the engine keeps from run to run: frames that came before their run began, and memory to use again.
  std::vector<std::pair<int, Buffer>> early_;
  std::vector<Buffer> spare_;
  std::uint64_t runs_ = 0;
};

}  // namespace scalar::inline v0::bsp
