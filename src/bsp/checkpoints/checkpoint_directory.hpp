#pragma once
/// The directory of a run's checkpoints: what is called how, and what goes when.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace scalar::inline v0::bsp::detail {

/// What a file is called: `<run>.<sequence>.<epoch>.<first>.checkpoint`, with `.tmp` after that until it is whole.
struct CheckpointName {
  std::uint64_t sequence = 0, epoch = 0;
  std::uint64_t first = 0;  ///< the process's first peer
  bool is_temporary = false;

  /// A number that grows with time: later epochs may write a sequence number again.
  std::uint64_t order() const noexcept { return sequence << epoch_bits | (epoch & ((1ULL << epoch_bits) - 1)); }
  static constexpr int epoch_bits = 24;
};

class CheckpointDirectory {
 public:
  /// Makes it. Errors: `Errc::io`.
  CheckpointDirectory(std::string path, std::string run);

  const std::string& path() const noexcept { return path_; }
  std::string path_of(const CheckpointName& name) const;
  /// The files of each order, the newest first, in the order of their peers. Errors: `Errc::io`.
  std::map<std::uint64_t, std::vector<std::string>, std::greater<>> checkpoints() const;

  /// After a loss, once for all processes that are left: of the parts of a job that cannot hear each other, the first
  /// to come here goes on. A part that should let others go first waits for `pause`, as long as none comes.
  /// Errors: `Errc::aborted` when another part has come first, `Errc::canceled`, `Errc::io`.
  void claim(std::uint64_t epoch, std::chrono::milliseconds pause = {}, const std::stop_token& stop = {}) const;
  /// Removes those of jobs that are no more: they are of later epochs than a run that is no recovery begins in.
  void remove_claims(std::uint64_t epoch) const noexcept;
  /// Keeps the three newest files of a process in an epoch: when it writes a checkpoint, others may still be at the one
  /// before, and have finished the one before that.
  void prune(std::uint64_t epoch, std::uint64_t first) const noexcept;
  /// Removes what is newer, and what was never finished: nobody writes at that time.
  void remove_newer(std::uint64_t order) const noexcept;
  /// Removes what is whole; others may still be writing.
  void remove_all() const noexcept;

 private:
  void remove_if(const std::function<bool(const CheckpointName&)>& goes) const noexcept;

  std::string path_, run_;
};

}  // namespace scalar::inline v0::bsp::detail
