#pragma once
/// A world's barrier across processes.
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

/// What one process tells each other at the end of a superstep; then follow `local` values, the names of collectives
/// and the error's text, the table of segments, and their bytes.
struct BarrierHead {
  Envelope envelope;
  std::uint64_t superstep = 0;
  std::uint64_t collective = 0;  ///< its id; 0: a plain sync
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;        ///< of the whole frame
  std::uint32_t peers = 0;        ///< of the world: all processes must agree
  std::uint32_t value_bytes = 0;  ///< of each local peer
  std::uint32_t local = 0;        ///< peers of the sender in this world
  std::uint32_t gone = 0;         ///< of them, those that come no more
  std::uint32_t name_bytes = 0;
  std::uint32_t odd_name_bytes = 0;
  std::uint32_t error_bytes = 0;
  std::int32_t odd_rank = -1;  ///< the first local peer that is not where the sender's first peer is, or -1
  std::uint8_t first_gone = 0, odd_gone = 0;
  std::uint16_t reserved = 0;
  std::int32_t failed_rank = -1;  ///< the root rank of the peer that failed, or -1
  std::int32_t failed_code = 0;
};

/// One run of bytes in a frame.
struct SegmentEntry {
  std::int64_t channel = 0;
  std::uint64_t type = 0;  ///< of the messages, as a hash of its name
  std::uint64_t count = 0, offset = 0, bytes = 0;
  std::int32_t source = 0, destination = 0;
};

/// A frame whose every length has been checked.
struct BarrierFrame {
  BarrierHead head;
  std::span<const std::byte> values;
  std::string_view name, odd_name, error;
  std::span<const SegmentEntry> segments;
  std::span<std::byte> bytes;  ///< all of it; segments count from its begin

  /// Errors: `Errc::parse`, saying which field of what is wrong. `bytes` begins at a multiple of 64.
  static BarrierFrame decode(std::span<std::byte> bytes);
};

/// Takes the barrier of one world to the other processes that host some of its peers.
///
/// When all local peers have arrived, one frame goes to each of them: where this process stands, what its peers
/// contribute to the collective, and their messages, written from where they lie. The superstep is over when a frame
/// has come from each. So counts, errors, collectives and messages cost one message each way, and no process is ahead
/// of another by more than one superstep; that is why what was sent in superstep s may be overwritten in s + 2.
class Wire final : public Port, public std::enable_shared_from_this<Wire> {
 public:
  /// `owner` keeps the world and the driver while frames are on their way.
  Wire(Network& network, World& world, std::uint64_t id, Driver& driver, std::weak_ptr<const void> owner = {});
  ~Wire();
  /// From now on frames come in.
  void open();
  void open_locked() { network_.add(id_, *this); }
  void close() noexcept;
  std::uint64_t id() const noexcept { return id_; }

  /// All local peers have arrived. True: all other processes had come before, and the superstep is over.
  bool depart(const Meeting& meeting);
  /// What the peer of another process contributes to the collective that is being completed.
  const void* value(int rank) const noexcept;
  /// Gives a channel that has just been made what had come for it.
  void deliver_to(std::int64_t index, const std::type_info& message, ChannelBase& channel);
  /// Whether every peer, of all processes, has returned.
  bool all_gone() const noexcept { return gone_ == static_cast<std::uint64_t>(world_.size()); }

  /// The first process that is waited for at the barrier, or -1. Takes the lock.
  int awaited();

  void received(int process, Buffer frame) override;
  void cut() noexcept override;
  void proceed(unsigned worker) override { driver_.proceed(worker); }

 private:
  struct Outgoing;  // one frame, while it is written
  struct Link {
    int process = 0;
    bool leaving = false;        // all its peers have left: one more frame says that it has got ours
    bool gone = false;           // ... and that has come: will send no more
    std::vector<Buffer> frames;  // of this superstep and perhaps the next
    Buffer current;              // of the last superstep: its messages are being read
    BarrierFrame frame;          // `current`, decoded
    std::unique_ptr<Outgoing> out[2];
  };

  /// Where a peer stands, which stands for those after it up to the next.
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
  std::vector<Link> links_;  // the other processes with peers, ascending
  Meeting meeting_;
  BarrierHead own_head_;
  std::uint64_t value_bytes_ = 0;  // of all local peers, in the collective that is being written
  std::string_view own_name_, own_odd_name_;
  std::vector<Standing> standings_;  // of one barrier; two of each process at most
  bool departed_ = false, failed_ = false;
  std::uint64_t gone_ = 0;
};

}  // namespace scalar::inline v0::bsp::detail
