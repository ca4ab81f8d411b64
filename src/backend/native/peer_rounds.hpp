#pragma once
/// PeerRounds: the rounds of a fit that peers share; all peers decide the same.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "backend/native/rows.hpp"
#include "scalar/backend/compiled_model.hpp"
#include "scalar/backend/rounds.hpp"
#include "scalar/backend/validation.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/bsp/task.hpp"
#include "scalar/core/tensor.hpp"

namespace scalar::inline v0::backend::native {

/// Follows the rounds of a fit at one of its peers. Each peer computes the margins of its share of the validation rows;
/// rank 0 has all of them, computes the metric, and tells its value. So the bits depend on no number of peers.
class PeerRounds {
 public:
  /// `options` and `validation` must outlive this.
  PeerRounds(bsp::Peer& peer, const FitOptions& options, const Validation& validation);

  /// True if rounds are compared by validation rows, so that the model is that of the best round.
  bool compares() const { return static_cast<bool>(validation_); }
  /// This peer's share of the validation rows.
  FloatMatrix rows() const { return rows_; }

  /// Takes note of a round; `margins` are those of `rows()`, `[rows, margins]`, without offsets; none if `!compares()`.
  /// Every peer must call it, unless there are no validation rows: then one may leave it to rank 0.
  bsp::Task<> report(FitProgress round, std::span<const double> margins);

  const Rounds& rounds() const { return rounds_; }

  /// For checkpoints: the rounds so far. Reading reports them again.
  void write(std::vector<std::byte>& out) const;
  void read(std::span<const std::byte>& in, std::string_view what);

 private:
  struct Round {
    std::int64_t done = 0, total = 0;
    double objective = 0, validation = 0;
  };
  void note(const FitProgress& round);

  bsp::Peer& peer_;
  const Validation& validation_;
  Rounds rounds_;
  FloatMatrix rows_{};
  bsp::Mailbox<double> box_;  // margins for rank 0
  std::vector<Round> history_{};
};

/// The margins of rows, `[rows, margins]`.
std::vector<double> margins_of(const CompiledModel& model, FloatMatrix rows, const ThreadTeam& team);

}  // namespace scalar::inline v0::backend::native
