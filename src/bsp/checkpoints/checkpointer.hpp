#pragma once
/// Checkpointer: writes the peers' state to checkpoints, and restores it.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "bsp/checkpoints/checkpoint_directory.hpp"
#include "bsp/checkpoints/checkpoint_file.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/bsp/engine_options.hpp"
#include "scalar/bsp/processes/placement.hpp"
#include "scalar/bsp/runs/checkpoint.hpp"

namespace scalar::inline v0::bsp::detail {

/// "1 shard", "2 shards"; "no shards" for 0, which stands for state that is not in shards.
std::string text_of_shards(std::uint64_t shards);

/// The checkpoints of one run. Every process writes one file for its peers. A checkpoint is good when the files of one
/// sequence number and one epoch hold all its parts, whichever processes wrote them. Each part is the state of one
/// peer, or of one shard; shards can be divided among any number of peers.
///
/// Peers serialize ("stage") their state as they arrive at the barrier. At the flip (the end of the superstep) a thread
/// of the checkpointer begins to write the staged bytes, while peers compute the next supersteps.
class Checkpointer {
 public:
  Checkpointer(const CheckpointOptions& options, const Placement& placement, std::uint64_t epoch);
  ~Checkpointer();

  /// As `CheckpointDirectory::claim` and `CheckpointDirectory::remove_claims`, for this run's epoch.
  void claim(std::chrono::milliseconds pause, const std::stop_token& stop) const {
    directory_.claim(epoch_, pause, stop);
  }
  void remove_old_claims() const noexcept { directory_.remove_claims(epoch_); }
  /// The `CheckpointName::order` of the newest good checkpoint in the directory; 0: there is none. Errors:
  /// `Errc::invalid_argument` for a checkpoint that this number of peers cannot continue, `Errc::unsupported` for one
  /// of another version, `Errc::io`.
  std::uint64_t newest();
  /// Which files `newest` found damaged, and how; empty when there were none.
  std::string damage() const;
  /// Has peers begin with the state of checkpoint `order`. Errors: `Errc::corrupt` when it is gone.
  void restore(std::uint64_t order);

  /// Registers a local peer's state; true when it now has the restored values.
  bool bind(int rank, std::unique_ptr<Persisted> state);
  /// Whether the next call of `checkpoint` writes state.
  bool is_due() const noexcept { return (sequence_ + 1) % every_ == 0 || is_forced_; }
  /// Stages a peer's state if a checkpoint is due. Returns what the peer contributes to the barrier.
  Save::Value stage(int rank);
  bool recovers() const noexcept { return recovers_; }
  /// All peers have arrived: begins to write what they staged. True: it has been written because processes wait to join
  /// or leave, and another set of processes can begin from it.
  bool commit(bool processes_wait);
  /// Waits for the writing thread. Errors: those of writing.
  void settle();
  /// Waits for the writing thread at the end of a run. When the run has succeeded, an unfinished file is dropped.
  void finish(bool has_failed) noexcept;
  /// Removes the checkpoints newer than the one that all processes begin with: parts of them are missing.
  void remove_newer(std::uint64_t order) const noexcept { directory_.remove_newer(order); }
  /// The run has succeeded: removes its checkpoints. Its claims stay, so that a part of the job that was dropped finds
  /// them even if it comes late.
  void remove_all() const noexcept { directory_.remove_all(); }

 private:
  /// The state of the local peers.
  struct States {
    bool in_shards = false;
    std::vector<std::byte> common{};  ///< state that is common to all peers
    std::vector<Pieces> parts{};      ///< of each local peer
  };
  /// The checkpoint from which peers are restored.
  struct Loaded {
    std::uint64_t order = 0;  ///< 0: nothing
    CheckpointHead head{};
    States states{};
  };

  std::size_t index(int rank) const noexcept {
    return static_cast<std::size_t>(rank - placement_.first(placement_.here()));
  }
  /// Which of all `parts` are the peer's.
  ShardRange parts_of(int rank, bool in_shards, std::uint64_t parts) const;
  bool load(std::uint64_t order, const std::vector<std::string>& files);
  /// Whether this run's number of peers can continue that checkpoint.
  bool can_share(const CheckpointHead& head) const noexcept;
  void read_parts(CheckpointReader& file, States& into) const;
  void write() const;
  void serve();

  CheckpointDirectory directory_;
  std::uint64_t every_;
  bool recovers_;
  Placement placement_;
  std::uint64_t epoch_;
  std::uint64_t sequence_ = 0;
  bool is_forced_ = false;
  std::vector<std::unique_ptr<Persisted>> states_;  // of the local peers
  States staged_;                                   // being filled
  Loaded loaded_;
  std::vector<std::string> damaged_;  // damaged files, and what is wrong with each

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_writing_ = false;
  std::uint64_t written_sequence_ = 0;  // of `writing_`
  States writing_;                      // is being written
  std::exception_ptr error_;
  bool closing_ = false;
  std::atomic<bool> is_needed_{true};  // whether `writing_` is
  std::thread writer_;
};

}  // namespace scalar::inline v0::bsp::detail
