#pragma once
/// CheckpointDirectory: names the files of a run's checkpoints, lists them and removes them.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace scalar::inline v0::bsp::detail {

/// The name of a file: `<run>.<sequence>.<epoch>.<first>.checkpoint`, followed by `.tmp` until the file is whole.
struct CheckpointName {
  std::uint64_t sequence = 0, epoch = 0;
  std::uint64_t first = 0;  ///< the process's first peer
  bool is_temporary = false;

  /// A number that grows with time; a later epoch may write the same sequence number again.
  std::uint64_t order() const noexcept { return sequence << epoch_bits | (epoch & ((1ULL << epoch_bits) - 1)); }
  static constexpr int epoch_bits = 24;
};

class CheckpointDirectory {
 public:
  /// Makes the directory if it does not exist. Errors: `Errc::io`.
  CheckpointDirectory(std::string path, std::string run);

  const std::string& path() const noexcept { return path_; }
  std::string path_of(const CheckpointName& name) const;
  /// The files of each checkpoint by `CheckpointName::order`, the newest first; each checkpoint's files are in the
  /// order of their peers. Errors: `Errc::io`.
  std::map<std::uint64_t, std::vector<std::string>, std::greater<>> checkpoints() const;

  /// Claims the checkpoints for this part of the job. When a job has fallen into parts that cannot hear each other,
  /// only the first part to claim them goes on. Called after a loss, by one process for all that are left. A part that
  /// should let others go first waits for `pause`, or until another has claimed the checkpoints. Errors:
  /// `Errc::aborted` when another part was first, `Errc::canceled`, `Errc::io`.
  void claim(std::uint64_t epoch, std::chrono::milliseconds pause = {}, const std::stop_token& stop = {}) const;
  /// Removes the claims of earlier jobs, called when a run begins that is no recovery: such claims are of later epochs
  /// than `epoch`.
  void remove_claims(std::uint64_t epoch) const noexcept;
  /// Removes the files of a process in an epoch except for the three newest: while it writes one checkpoint, other
  /// processes may still be writing the previous one, and all have finished the one before that.
  void prune(std::uint64_t epoch, std::uint64_t first) const noexcept;
  /// Removes newer checkpoints and unfinished files. Called while no process writes.
  void remove_newer(std::uint64_t order) const noexcept;
  /// Removes all whole files; other processes may still be writing others.
  void remove_all() const noexcept;

 private:
  void remove_if(const std::function<bool(const CheckpointName&)>& goes) const noexcept;

  std::string path_, run_;
};

}  // namespace scalar::inline v0::bsp::detail
