#pragma once
/// A data link: frames to and from one process.
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bsp/tcp/frame.hpp"
#include "bsp/tcp/stream.hpp"
#include "scalar/bsp/processes/transport.hpp"

namespace scalar::inline v0::bsp::sockets {

/// Counters shared by the workers, which move frames, and the service, which tells the other side how far they are.
struct LinkCounters {
  explicit LinkCounters(Descriptor descriptor) : socket(std::move(descriptor)) {}
  Descriptor socket;
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> acknowledged{0};  ///< of those sent, what the other side has read
  std::atomic<std::uint64_t> finished{0};      ///< the last run that has ended on the other side
  std::atomic<bool> starved{false};            ///< the window is full: more credit must wake a worker
};

/// Sends bytes from where they lie, and receives them where the sink wants them.
///
/// At most `window_bytes` are on their way: more are sent when the other side has said that it has read some. Each side
/// reads even in the middle of a frame, so a frame may be larger than the window. Thread safety: one thread at a time.
class Link {
 public:
  struct Limits {
    std::uint64_t epoch = 0;
    std::uint64_t window_bytes = 0;
    std::uint64_t max_frame_bytes = 0;
  };
  Link(int process, Stream stream, std::shared_ptr<LinkCounters> counters, const Limits& limits);

  int process() const noexcept { return process_; }
  LinkCounters& counters() const noexcept { return *counters_; }
  void send(std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> keeps);
  /// Tells the other side that run number `run` was the last.
  void goodbye(std::uint64_t run);
  /// Writes what can be written now.
  void push();
  /// Reads what has come, up to a few megabytes; true when a frame became complete.
  bool pull(Transport::Sink& sink);
  /// Ends writing. Reads and drops what has come, since the system would otherwise throw away what was written.
  void finish() noexcept;

  bool has_queue() const noexcept { return first_ != last_; }
  /// Whether there is more to write once the socket takes it.
  bool wants_write() const noexcept { return has_queue() && !is_starved_; }
  /// Whether nothing more comes; `cause` and `reason` say why.
  bool has_ended() const noexcept { return cause_ != End::none; }
  /// Whether nothing more can be sent; `mute_since` and `mute_reason` say since when and why. What comes may still be
  /// read.
  bool is_mute() const noexcept { return is_mute_; }
  std::chrono::steady_clock::time_point mute_since() const noexcept { return mute_since_; }
  const std::string& mute_reason() const noexcept { return mute_reason_; }
  End cause() const noexcept { return cause_; }
  const std::string& reason() const noexcept { return reason_; }
  std::chrono::steady_clock::time_point ended_at() const noexcept { return ended_at_; }
  /// Whether the other side has said that it leaves after run number `last_run`.
  bool has_left() const noexcept { return has_left_; }
  std::uint64_t last_run() const noexcept { return last_run_; }
  /// How many bytes have been read that the other side has not been told of.
  std::uint64_t owed() const noexcept { return received_ - announced_; }
  void announced() noexcept { announced_ = received_; }
  void drop_queue() noexcept;
  /// Copies what waits to be sent, so that the memory where it lies may be freed.
  void detach();

 private:
  struct Outgoing {
    std::array<std::byte, FrameHeader::size> header{};
    std::vector<iovec> parts{};
    std::size_t at = 0;  // the first part with bytes left
    std::shared_ptr<const void> keeps{};
  };
  Outgoing& enqueue(const FrameHeader& header);
  std::size_t gather(std::uint64_t credit);
  void advance(std::size_t bytes) noexcept;
  std::uint64_t credit() noexcept;
  void end(End cause, const std::string& reason);
  /// Takes frames from the staging area; true when one became complete.
  bool unpack(Transport::Sink& sink);
  bool begin_frame(Transport::Sink& sink);

  int process_;
  Stream stream_;
  std::shared_ptr<LinkCounters> counters_;
  Limits limits_;

  std::vector<Outgoing> queue_;  // [first_, last_) wait; the others are kept for their memory
  std::size_t first_ = 0, last_ = 0;
  std::array<iovec, 64> iov_;
  std::uint64_t sent_ = 0;
  bool is_starved_ = false, is_mute_ = false;
  std::string mute_reason_;
  std::chrono::steady_clock::time_point mute_since_{};

  Buffer staging_;  // headers, and the frames or parts of frames that came with them
  std::size_t begin_ = 0, end_ = 0;
  Buffer frame_;
  std::size_t filled_ = 0;
  bool in_frame_ = false;
  std::uint64_t passed_over_ = 0;  // bytes still to come of a frame for which there was no memory
  std::uint64_t received_ = 0, announced_ = 0;

  End cause_ = End::none;
  bool has_left_ = false;
  std::uint64_t last_run_ = 0;
  std::string reason_;
  std::chrono::steady_clock::time_point ended_at_{};
};

}  // namespace scalar::inline v0::bsp::sockets
