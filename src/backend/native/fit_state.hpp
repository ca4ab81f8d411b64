#pragma once
/// FitState: what a fit needs to go on after its processes were killed, in the checkpoints of its BSP run.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/backend/backend.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/bsp/serialize.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::backend::native {

/// What tells one fit from another.
struct FitPrint {
  Hash128 spec{}, data{}, options{};
  std::int64_t rows = 0, columns = 0, shards = 0;
};

/// The state of a fit at one peer. It is the same at all peers, so it is written once, and another number of peers, up
/// to the number of shards, can go on from it.
class FitState {
 public:
  /// Made before the first barrier of the run. Reads what an earlier run has left.
  FitState(bsp::Peer& peer, std::string_view spec, const FitPrint& print, const FitOptions& options, int shards);
  FitState(const FitState&) = delete;
  FitState& operator=(const FitState&) = delete;

  /// Throws `Errc::invalid_argument`, naming what differs, if what was read is of another fit than `print`.
  void check(const FitPrint& print) const;
  /// The state that an earlier run has left; empty if there is none.
  std::span<const std::byte> found() const { return found_; }

  /// True if a checkpoint is to be written after round `round`.
  bool is_due(std::int64_t round) const { return !options_.directory.empty() && round % options_.rounds == 0; }
  /// Writes a checkpoint of `state`, and takes its bytes.
  bsp::Task<> save(std::vector<std::byte>& state);

 private:
  bsp::Peer& peer_;
  std::string_view spec_;
  const FitCheckpointOptions& options_;
  FitPrint print_;
  std::vector<std::byte> state_{}, found_{};
  std::vector<std::uint8_t> shards_{};  // no shard has state of its own
};

/// Appends the bytes of `values` to `out`.
template <class... T>
[[gnu::noinline]]  // g++ 12 warns falsely about an insertion into a vector that it knows is empty
void write_state(std::vector<std::byte>& out, const T&... values) {
  (bsp::Serializer<T>::write(values, out), ...);
}
/// Reads what `write_state` has written, and advances `in`.
template <class... T>
void read_state(std::span<const std::byte>& in, T&... values) {
  (bsp::Serializer<T>::read(in, values), ...);
}

}  // namespace scalar::inline v0::backend::native
