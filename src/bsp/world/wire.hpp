#pragma once
/// Wire: a world's barrier across processes.
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "bsp/world/network.hpp"
#include "scalar/bsp/detail/world.hpp"

namespace scalar::inline v0::bsp::detail {

/// The head of the frame that a process sends to each other process at the end of a superstep. After it come `local`
/// values, the names of collectives and the error's text, the table of segments, and the segments' bytes.
struct BarrierHead {
  Envelope envelope;
  std::uint64_t superstep = 0;
  std::uint64_t collective = 0;   ///< the collective's id; 0: a plain sync
  std::uint64_t segments = 0;     ///< entries in the table of segments
  std::uint64_t bytes = 0;        ///< length of the whole frame
  std::uint32_t peers = 0;        ///< peers of the world: all processes must agree
  std::uint32_t value_bytes = 0;  ///< bytes per value of a local peer
  std::uint32_t local = 0;        ///< peers of this world in the sender's process
  std::uint32_t gone = 0;         ///< how many of these have left for good
  std::uint32_t name_bytes = 0;
  std::uint32_t odd_name_bytes = 0;
  std::uint32_t error_bytes = 0;
  std::int32_t odd_rank = -1;  ///< the first local peer at another collective than the sender's first peer, or -1
  std::uint8_t first_gone = 0, odd_gone = 0;
  std::uint16_t reserved = 0;
  std::int32_t failed_rank = -1;  ///< the root rank of the peer that failed, or -1
  std::int32_t failed_code = 0;
};

/// A `Segment` in a frame: the messages of one channel from one peer to another.
struct SegmentEntry {
  std::int64_t channel = 0;
  std::uint64_t type = 0;  ///< hash of the name of the messages' type
  std::uint64_t count = 0, offset = 0, bytes = 0;
  std::int32_t source = 0, destination = 0;
};

/// A decoded frame; all its lengths have been checked.
struct BarrierFrame {
  BarrierHead head;
  std::span<const std::byte> values;
  std::string_view name, odd_name, error;
  std::span<const SegmentEntry> segments;
  std::span<std::byte> bytes;  ///< the whole frame; offsets of segments count from its begin

  /// `bytes` begins at a multiple of 64. Errors: `Errc::parse`, naming the wrong field.
  static BarrierFrame decode(std::span<std::byte> bytes);
};

/// A `Wire` extends the barrier of one world to the other processes that host some of its peers.
///
/// When all local peers have arrived, it sends one frame to each of these processes: which barrier the local peers are
/// at, what they contribute to the collective, and their messages, written from where they lie. The superstep is over
/// when a frame has arrived from each. So counts, errors, collectives and messages cost one frame in each direction,
/// and no process is ahead of another by more than one superstep. That is why messages sent in superstep s may be
/// overwritten in s + 2.
class Wire final : public Port, public std::enable_shared_from_this<Wire> {
 public:
  /// `owner` keeps the world and the driver alive while frames are on their way.
  Wire(Network& network, World& world, std::uint64_t id, Driver& driver, std::weak_ptr<const void> owner = {});
  ~Wire();
  /// From now on this wire receives frames. `open_locked` is called under the network's lock.
  void open();
  void open_locked() { network_.add(id_, *this); }
  void close() noexcept;
  std::uint64_t id() const noexcept { return id_; }

  /// All local peers have arrived: sends the frames. True: the frames of all other processes are here already, and the
  /// superstep is over.
  bool depart(const Meeting& meeting);
  /// What peer `rank`, of another process, contributes to the collective that is being completed.
  const void* value(int rank) const noexcept;
  /// Gives a channel that has just been made the messages that arrived for it before.
  void deliver_to(std::int64_t index, const std::type_info& message, ChannelBase& channel);
  /// Whether every peer, of all processes, has returned.
  bool all_gone() const noexcept { return gone_ == static_cast<std::uint64_t>(world_.size()); }

  /// The first process whose frame is missing at the barrier, or -1. Takes the network's lock.
  int awaited();

  void received(int process, Buffer frame) override;
  void cut() noexcept override;
  void proceed(unsigned worker) override { driver_.proceed(worker); }

 private:
  struct Outgoing;  // one frame that is being sent
  /// Another process with peers of this world.
  struct Link {
    int process = 0;
    bool leaving = false;        // all its peers have left; its next frame confirms that it has received ours
    bool gone = false;           // that frame has arrived; no more will come
    std::vector<Buffer> frames;  // arrived for this superstep, and perhaps for the next
    Buffer current;              // the frame of the last superstep: peers are reading its messages
    BarrierFrame frame;          // `current`, decoded
    std::unique_ptr<Outgoing> out[2];
  };

  /// Which barrier a peer is at. The peers after it, up to that of the next `Standing`, are at the same one.
  struct Standing {
    std::uint64_t collective = 0;
    bool is_odd = false;
    Whereabouts peer;
  };

  void encode(const Meeting& meeting);
  void send(Link& link);
  bool is_complete() const noexcept;
  void conclude() noexcept;
  void take_frames() noexcept;
  bool take_errors() noexcept;
  bool check_values() noexcept;
  bool check_collectives() noexcept;
  void note_error(const BarrierFrame& frame) noexcept;
  void deliver_segments() noexcept;
  static void collect(void* self, std::int64_t index, const std::type_info& message, ChannelBase& channel);
  static void deliver(void* self, std::int64_t index, const std::type_info& message, ChannelBase& channel);

  Network& network_;
  World& world_;
  std::uint64_t id_;
  Driver& driver_;
  std::weak_ptr<const void> owner_;
  std::vector<Link> links_;  // the other processes with peers of this world, ascending
  Meeting meeting_;
  BarrierHead own_head_;
  std::uint64_t value_bytes_ = 0;  // bytes of the values of all local peers, in the frame that is being written
  std::string_view own_name_, own_odd_name_;
  std::vector<Standing> standings_;  // of one barrier; at most two per process
  bool departed_ = false, failed_ = false;
  std::uint64_t gone_ = 0;
};

}  // namespace scalar::inline v0::bsp::detail
