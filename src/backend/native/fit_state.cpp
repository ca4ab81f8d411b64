#include "backend/native/fit_state.hpp"

#include <utility>

#include "core/fail.hpp"
#include "scalar/bsp/collectives/shards.hpp"
#include "scalar/bsp/runs/checkpoint.hpp"

namespace scalar::inline v0::backend::native {

FitState::FitState(bsp::Peer& peer, std::string_view spec, const FitPrint& print, const FitOptions& options, int shards)
    : peer_(peer), spec_(spec), options_(options.checkpoint), print_(print) {
  if (options_.directory.empty()) return;
  shards_.resize(static_cast<std::size_t>(bsp::shards_of(shards, peer.rank(), peer.size()).count()));
  if (peer.persist(print_, state_, bsp::sharded(shards_, shards))) found_ = std::move(state_);
}

void FitState::check(const FitPrint& print) const {
  if (found_.empty()) return;
  const auto refuse = [&](std::string_view what) {
    fail(Errc::invalid_argument, spec_,
         "the checkpoint in {} is of a fit with {}; finish that fit, or name another directory", options_.directory,
         what);
  };
  if (print_.spec != print.spec) refuse("another spec");
  if (print_.rows != print.rows || print_.columns != print.columns)
    refuse(fmt::format("{} rows of {} features, here are {} of {}", print_.rows, print_.columns, print.rows,
                       print.columns));
  if (print_.data != print.data) refuse("other values or names in its data");
  if (print_.shards != print.shards) refuse(fmt::format("{} shards, here are {}", print_.shards, print.shards));
  if (print_.options != print.options) refuse("other options (validation or initial)");
}

bsp::Task<> FitState::save(std::vector<std::byte>& state) {
  state_ = std::move(state);
  co_await peer_.checkpoint();
}

}  // namespace scalar::inline v0::backend::native
