#include "backend/native/peer_rounds.hpp"

#include <algorithm>

#include "backend/native/fit_state.hpp"
#include "scalar/bsp/collectives.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::backend::native {

PeerRounds::PeerRounds(bsp::Peer& peer, const FitOptions& options, const Validation& validation)
    : peer_(peer), validation_(validation), rounds_(options, peer.rank() == 0), box_(peer.mailbox<double>()) {
  if (!validation_) return;
  const Range mine = even_part(static_cast<std::size_t>(validation_.data().rows()),
                               static_cast<std::size_t>(peer.rank()), static_cast<std::size_t>(peer.size()));
  rows_ = validation_.data().features().slice(static_cast<std::int64_t>(mine.begin),
                                              static_cast<std::int64_t>(mine.size()));
}

bsp::Task<> PeerRounds::report(FitProgress round, std::span<const double> margins) {
  if (compares()) {
    box_.send(0, margins);
    co_await peer_.sync();
    double value = 0;
    if (peer_.rank() == 0) {
      std::vector<double> all;
      for (const auto& run : box_.runs()) all.insert(all.end(), run.values.begin(), run.values.end());
      const std::int64_t rows = validation_.data().rows();
      value = validation_.value({all.data(), rows, static_cast<std::int64_t>(all.size()) / rows});
    }
    round.validation = co_await bsp::broadcast(peer_, value, 0);
  }
  note(round);
}

void PeerRounds::note(const FitProgress& round) {
  history_.push_back({round.done, round.total, round.objective, round.validation});
  rounds_.report(round);
}

void PeerRounds::write(std::vector<std::byte>& out) const { write_state(out, history_); }

void PeerRounds::read(std::span<const std::byte>& in, std::string_view what) {
  std::vector<Round> rounds;
  read_state(in, rounds);
  for (const Round& round : rounds) note({what, round.done, round.total, round.objective, round.validation});
}

std::vector<double> margins_of(const CompiledModel& model, FloatMatrix rows, const ThreadTeam& team) {
  constexpr std::int64_t piece = 64;  // up to here a compiled model uses no threads of its own
  std::vector<double> margins(static_cast<std::size_t>(rows.rows * model.margins()));
  const BatchOut out(margins.data(), rows.rows, model.margins());
  team.for_pieces(rows.rows, 1024, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; at += piece) {
      const std::int64_t count = (std::min)(piece, end - at);
      model.margins(rows.slice(at, count), out.slice(at, count));
    }
  });
  return margins;
}

}  // namespace scalar::inline v0::backend::native
