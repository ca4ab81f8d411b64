#pragma once
/// Writes the peers' state down, and finds it again.
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

/// "1 shard", "2 shards"; "no shards" for 0, a state that is not in shards.
std::string text_of_shards(std::uint64_t shards);

/// The checkpoints of one run. Every process writes one file for its peers; a checkpoint is good when the files of one
/// sequence number and one epoch hold all its parts, whichever processes wrote them. The parts are the states of peers,
/// or those of shards, which any number of peers can share.
///
/// Peers stage their state while they arrive; at the flip the staged bytes go to a thread of their own that writes
/// them, so the next supersteps compute meanwhile.
class Checkpointer {
 public:
  Checkpointer(const CheckpointOptions& options, const Placement& placement, std::uint64_t epoch);
  ~Checkpointer();

  /// See `CheckpointDirectory`.
  void claim(std::chrono::milliseconds pause, const std::stop_token& stop) const {
    directory_.claim(epoch_, pause, stop);
  }
  void remove_old_claims() const noexcept { directory_.remove_claims(epoch_); }
  /// The newest good checkpoint in the directory, as a number that grows with time; 0: none. Errors:
  /// `Errc::invalid_argument` for a checkpoint that this number of peers cannot go on from, `Errc::io`.
  std::uint64_t newest();
  /// Why files were passed over by `newest`: which is damaged, and how. Empty: none was.
  std::string damage() const;
  /// Peers begin with the state of checkpoint `order`. Errors: `Errc::corrupt` when it is gone.
  void restore(std::uint64_t order);

  /// Registers a local peer's state; true when it now has the restored values.
  bool bind(int rank, std::unique_ptr<Persisted> state);
  /// At the call of `checkpoint` after those counted so far, state is written.
  bool is_due() const noexcept { return (sequence_ + 1) % every_ == 0 || is_forced_; }
  /// Writes a peer's state down when it is due; what its peer tells the others of it.
  Save::Value stage(int rank);
  bool recovers() const noexcept { return recovers_; }
  /// All peers have arrived. True: what has been written is where another set of processes can begin.
  bool commit(bool processes_wait);
  /// Waits for the writer. Errors: what it met.
  void settle();
  /// The same at the end of a run. One that has ended well does not need what is not yet safe on disk: it is given up.
  void finish(bool has_failed) noexcept;
  /// Removes what is newer than the checkpoint that all processes begin with: parts of it are missing.
  void remove_newer(std::uint64_t order) const noexcept { directory_.remove_newer(order); }
  /// The run has ended well: its checkpoints are of no more use. Not so its claims: a part of the job that has been
  /// given up may come late.
  void remove_all() const noexcept { directory_.remove_all(); }

 private:
  /// The state of the local peers.
  struct States {
    bool in_shards = false;
    std::vector<std::byte> common{};  ///< to all peers
    std::vector<Pieces> parts{};      ///< of each peer
  };
  /// What is restored.
  struct Loaded {
    std::uint64_t order = 0;  ///< 0: nothing
    CheckpointHead head{};
    States states{};
  };

  std::size_t index(int rank) const noexcept {
    return static_cast<std::size_t>(rank - placement_.first(placement_.here()));
  }
  /// Which parts of all `parts` are a peer's.
  ShardRange parts_of(int rank, bool in_shards, std::uint64_t parts) const;
  bool load(std::uint64_t order, const std::vector<std::string>& files);
  /// Whether this number of peers can go on from it.
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
  std::vector<std::string> damaged_;  // each file passed over, and why

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_writing_ = false;
  std::uint64_t written_sequence_ = 0;  // what is being written, and its number
  States writing_;
  std::exception_ptr error_;
  bool closing_ = false;
  std::atomic<bool> is_needed_{true};  // what is being written
  std::thread writer_;
};

}  // namespace scalar::inline v0::bsp::detail
