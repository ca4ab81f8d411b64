#pragma once
/// Writes the peers' state down, and finds it again.
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "scalar/bsp/checkpoint.hpp"
#include "scalar/bsp/engine_options.hpp"
#include "scalar/bsp/hosts.hpp"

namespace scalar::inline v0::bsp::detail {

/// The checkpoints of one run. Every process writes one file for its peers; a checkpoint is good when the files of one
/// sequence number and one epoch cover all peers, whichever processes wrote them.
///
/// Peers stage their state while they arrive; at the flip the staged bytes go to a thread of their own that writes
/// them, so the next supersteps compute meanwhile.
class Checkpointer {
 public:
  Checkpointer(const Checkpoints& options, const Hosts& hosts, std::uint64_t epoch);
  ~Checkpointer();

  /// After a loss, once for all processes that are left: of two parts of a job that cannot hear each other, the first
  /// to come here goes on. Errors: `Errc::aborted` for the other, `Errc::io`.
  void claim() const;
  /// A job begins: nobody goes on from one before.
  void remove_claims() const noexcept;
  /// The newest good checkpoint in the directory, as a number that grows with time; 0: none. Errors:
  /// `Errc::invalid_argument` for a checkpoint of another number of peers, `Errc::io`.
  std::uint64_t newest();
  /// Peers begin with the state of checkpoint `sequence`. Errors: `Errc::corrupt` when it is gone.
  void restore(std::uint64_t sequence);

  /// Registers a local peer's state; true when it now has the restored values.
  bool bind(int rank, std::unique_ptr<Persisted> state);
  /// At the call of `checkpoint` after those counted so far, state is written.
  bool is_due() const noexcept { return (sequence_ + 1) % every_ == 0 || is_forced_; }
  void stage(int rank);
  bool recovers() const noexcept { return recovers_; }
  /// All peers have arrived. True: what has been written is where another set of processes can begin.
  bool commit(bool processes_wait);
  /// Waits for the writer. Errors: what it met.
  void settle();
  /// The same at the end of a run, which does not need any more what was being written.
  void finish() noexcept;
  /// Removes what is newer than the checkpoint that all processes begin with: parts of it are missing.
  void remove_newer(std::uint64_t order) noexcept;
  /// The run has ended well: its checkpoints are of no more use.
  void remove_all() noexcept;

 private:
  struct Job;
  struct Found;

  std::vector<Found> find() const;
  void write(const Job& job) const;
  void prune() const noexcept;
  void serve();

  std::string directory_, name_;
  std::uint64_t every_;
  bool recovers_;
  Hosts hosts_;
  std::uint64_t epoch_;
  std::uint64_t sequence_ = 0;
  bool is_forced_ = false;
  std::vector<std::unique_ptr<Persisted>> states_;  // of the local peers
  std::vector<std::vector<std::byte>> staged_;      // being filled
  std::vector<std::vector<std::byte>> restored_;    // empty: a fresh start

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Job> job_;  // null: the writer is idle
  std::vector<std::vector<std::byte>> writing_;
  std::exception_ptr error_;
  bool closing_ = false;
  std::thread writer_;
};

/// What ends a run that goes on with another set of processes.
class ProcessesChange : public Error {
 public:
  ProcessesChange() : Error(Errc::aborted, "the set of processes changes", "bsp") {}
};

/// Whether a failure is that.
bool changes_processes(const std::exception_ptr& error) noexcept;

}  // namespace scalar::inline v0::bsp::detail
