#pragma once
/// One run's use of a transport: whose frame is whose, and what happens when a process is lost.
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scalar/bsp/detail/world.hpp"
#include "scalar/bsp/processes/placement.hpp"
#include "scalar/bsp/processes/transport.hpp"

namespace scalar::inline v0::bsp::detail {

/// What every frame begins with. The byte order is the machine's: all processes of a run are of one kind.
struct Envelope {
  static constexpr std::uint64_t frame_of_port = 0, frame_of_abort = 1, frame_of_agreement = 2;
  std::uint64_t run = 0;  ///< which of the transport's runs
  std::uint64_t kind = 0;
  std::uint64_t port = 0;  ///< which world's barrier, clock, ... it is for
};

/// Goes on when other processes have come.
class Driver {
 public:
  /// Called without locks, by a worker.
  virtual void proceed(unsigned worker) = 0;

 protected:
  ~Driver() = default;
};

/// Something that waits for frames: a world's barrier, for example. What `received` or `cut` completes is set going by
/// `proceed`.
class Port : public Driver {
 public:
  /// A frame has come, whole. Called under the network's lock. Errors: whatever is wrong with the frame.
  virtual void received(int process, Buffer frame) = 0;
  /// The run has failed: what waits must go on and find that out. Called under the network's lock.
  virtual void cut() noexcept = 0;

 protected:
  ~Port() = default;
};

/// Hands frames to ports. All but `poll`, `wait` and `interrupt` is called under `lock()`.
class Network final : public Transport::Sink {
 public:
  /// Meets the other processes, which all run as many peers as this one; `again` after a change of the processes.
  Network(Transport& transport, int peers, bool again);
  ~Network();

  const Placement& placement() const noexcept { return placement_; }
  std::uint64_t epoch() const noexcept { return epoch_; }
  /// See `Membership`.
  std::chrono::milliseconds claim_pause() const noexcept { return claim_pause_; }
  bool wants_regroup() const noexcept { return transport_.wants_regroup(); }
  /// The least and the most of what all processes give. Blocks the calling thread; before any port is added. All
  /// processes call it equally often.
  std::pair<std::uint64_t, std::uint64_t> agree(std::uint64_t value);
  /// What has failed is that a process was lost.
  bool has_lost() const noexcept { return has_lost_; }
  std::uint64_t run() const noexcept { return run_; }
  /// The failures of ports are told to `world`.
  void attach(World& world);

  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  /// From now on `port` gets the frames for `id`, those first that have come already.
  void add(std::uint64_t id, Port& port);
  void remove(std::uint64_t id) noexcept;
  void send(int process, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> keeps);
  Buffer allocate(std::size_t bytes) override;
  void recycle(Buffer&& buffer) noexcept;
  /// `port.proceed` will be called at the end of this `poll` or `fail`.
  void complete(Port& port) noexcept;
  bool has_failed() const noexcept { return failed_; }
  /// For errors: `bsp superstep 7`.
  std::string context() const;

  /// The same where only this process knows, under the lock.
  void spread(int rank, const std::exception_ptr& error) noexcept;
  /// The run cannot go on: tells the other processes, and cuts all ports. `rank` is the peer to blame.
  void fail(int rank, std::exception_ptr error, unsigned worker);
  /// Moves frames; true when something was completed.
  bool poll(unsigned worker);
  void wait(std::chrono::milliseconds at_most) { transport_.wait(at_most); }
  void interrupt() noexcept { transport_.interrupt(); }
  /// The run is over here: what was sent leaves.
  void finish();

 private:
  struct Abort;

  void exhausted(int process, std::size_t bytes) override;
  void received(int process, Buffer frame) override;
  void lost(int process, const std::string& reason) override;
  void dispatch(int process, Buffer frame);
  void cut(int rank, std::exception_ptr error) noexcept;
  std::uint64_t superstep() const noexcept;  // of the run; 0 before it
  void tell_abort(int rank, const std::exception_ptr& error) noexcept;
  void tell_late() noexcept;
  void send_abort(int rank, std::int32_t code, std::string_view text);
  void take_abort(std::span<const std::byte> frame);
  void proceed(unsigned worker, std::unique_lock<std::mutex> lock);

  Transport& transport_;
  Placement placement_;
  std::uint64_t run_;
  World* world_ = nullptr;
  int early_rank_ = 0;
  std::exception_ptr early_error_;  // what failed before there was a world
  std::mutex mutex_;
  bool failed_ = false, has_lost_ = false, is_over_ = false;
  int untold_ = -1;  // the peer that failed, while there is no memory to tell the others
  std::uint64_t epoch_ = 0;
  std::chrono::milliseconds claim_pause_{0};
  std::uint64_t agreements_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> given_;  // by others: for which agreement, and what
  std::unordered_map<std::uint64_t, Port*> ports_;
  std::vector<std::pair<int, Buffer>> homeless_;  // for ports that are not there yet
  std::vector<Port*> completed_;                  // with room for all ports
};

}  // namespace scalar::inline v0::bsp::detail
