#pragma once
/// One run's use of a transport: hands each frame to what waits for it, and ends the run when a process is lost.
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

/// Every frame begins with an envelope. The byte order is the machine's: all processes of a run use the same.
struct Envelope {
  static constexpr std::uint64_t frame_of_port = 0, frame_of_abort = 1, frame_of_agreement = 2;
  std::uint64_t run = 0;  ///< which of the transport's runs
  std::uint64_t kind = 0;
  std::uint64_t port = 0;  ///< the id of the `Port` that the frame is for: a world's barrier, a clock, ...
};

/// A `Driver` continues what had to wait for other processes.
class Driver {
 public:
  /// The wait is over: continue. Called by a worker that holds no locks.
  virtual void proceed(unsigned worker) = 0;

 protected:
  ~Driver() = default;
};

/// A `Port` receives the frames with its id: a world's barrier and a clock are ports. When `received` or `cut` has
/// completed something, `Network` calls `proceed`.
class Port : public Driver {
 public:
  /// A whole frame has arrived from `process`. Called under the network's lock. Errors: `Error` for a bad frame.
  virtual void received(int process, Buffer frame) = 0;
  /// The run has failed: peers that wait here must be resumed so that they notice. Called under the network's lock.
  virtual void cut() noexcept = 0;

 protected:
  ~Port() = default;
};

/// Sends frames, and hands those that arrive to ports. Functions that change something are called under `lock()`,
/// except for those that say that they take it; `wait` and `interrupt` need no lock.
class Network final : public Transport::Sink {
 public:
  /// Meets the other processes, all of which run `peers` peers. `again`: after the set of processes has changed.
  Network(Transport& transport, int peers, bool again);
  ~Network();

  const Placement& placement() const noexcept { return placement_; }
  std::uint64_t epoch() const noexcept { return epoch_; }
  /// `Membership::claim_pause` of this run.
  std::chrono::milliseconds claim_pause() const noexcept { return claim_pause_; }
  bool wants_regroup() const noexcept { return transport_.wants_regroup(); }
  /// The least and the greatest `value` of all processes. All processes call it equally often. Called before any port
  /// is added. Takes the lock, and blocks the calling thread.
  std::pair<std::uint64_t, std::uint64_t> agree(std::uint64_t value);
  /// Whether the run has failed because a process was lost.
  bool has_lost() const noexcept { return has_lost_; }
  std::uint64_t run() const noexcept { return run_; }
  /// Failures are reported to `world` from now on. Takes the lock.
  void attach(World& world);

  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  /// From now on `port` receives the frames for `id`, beginning with those that have arrived already.
  void add(std::uint64_t id, Port& port);
  void remove(std::uint64_t id) noexcept;
  void send(int process, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> keeps);
  Buffer allocate(std::size_t bytes) override;
  void recycle(Buffer&& buffer) noexcept;
  /// Has `port.proceed` called at the end of the current `poll` or `fail`.
  void complete(Port& port) noexcept;
  bool has_failed() const noexcept { return failed_; }
  /// The context of errors: `bsp superstep 7`.
  std::string context() const;

  /// The run cannot continue: tells the other processes, and cuts all ports. `rank` is the peer that failed. Takes the
  /// lock, and calls `proceed` of the ports that were completed.
  void fail(int rank, std::exception_ptr error, unsigned worker);
  /// As `fail`, but is called under the lock, and leaves it to `poll` to call `proceed`.
  void spread(int rank, const std::exception_ptr& error) noexcept;
  /// Sends and receives frames; true when a port was completed, whose `proceed` has then been called. Takes the lock,
  /// and returns false when another thread has it.
  bool poll(unsigned worker);
  void wait(std::chrono::milliseconds at_most) { transport_.wait(at_most); }
  void interrupt() noexcept { transport_.interrupt(); }
  /// The run is over in this process: waits until all frames have left. Takes the lock.
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
  std::vector<std::pair<std::uint64_t, std::uint64_t>> given_;  // from others: number of the agreement, and value
  std::unordered_map<std::uint64_t, Port*> ports_;
  std::vector<std::pair<int, Buffer>> homeless_;  // frames for ports that have not been added yet
  std::vector<Port*> completed_;                  // `proceed` is due; has room for all ports
};

}  // namespace scalar::inline v0::bsp::detail
