#include "backend/native/peers.hpp"

#include <fmt/core.h>

#include "core/fail.hpp"

namespace scalar::inline v0::backend::native {
namespace {

void add(Hasher& hasher, std::span<const double> numbers) { hasher.add(numbers.size()).add(std::as_bytes(numbers)); }
void add(Hasher& hasher, const std::vector<std::string>& names) {
  hasher.add(names.size());
  for (const std::string& name : names) hasher.add(name.size()).add(std::string_view(name));
}

Hash128 hash_of(const Dataset& contiguous) {
  Hasher hasher;
  if (contiguous.empty()) return hasher.digest();
  const FloatMatrix features = contiguous.features();
  for (std::int64_t i = 0; i < features.rows; ++i) hasher.add(std::as_bytes(features.row(i)));
  add(hasher, contiguous.targets());
  add(hasher, contiguous.weights());
  add(hasher, contiguous.offsets());
  add(hasher, contiguous.feature_names());
  add(hasher, contiguous.classes());
  return hasher.digest();
}

/// The options that what is learned depends on, besides peers and shards.
Hash128 hash_of(const FitOptions& options) {
  const ValidationOptions& validation = options.validation;
  const double numbers[] = {static_cast<double>(validation.metric), static_cast<double>(validation.patience),
                            validation.least_gain};
  Hasher hasher;
  add(hasher, numbers);
  const Hash128 rows = hash_of(validation.data.contiguous());
  hasher.add(std::as_bytes(std::span(&rows, 1))).add(options.initial.size()).add(options.initial);
  return hasher.digest();
}

}  // namespace

Problem::Problem(std::string_view name, std::string spec, const Dataset& contiguous, int shards,
                 const FitOptions& options)
    : name_(name),
      spec_(std::move(spec)),
      print_{Hasher().add(name_).add("\n").add(spec_).digest(),
             hash_of(contiguous),
             hash_of(options),
             contiguous.rows(),
             contiguous.columns(),
             shards} {}

bsp::Task<> Problem::check(bsp::Peer& peer) const {
  const FitPrint first = co_await broadcast(peer, print_, 0);
  const auto refuse = [&](const std::string& what) {
    fail(Errc::invalid_argument, name_, "process {} and process 0 share a fit, but {}", peer.placement().here(), what);
  };
  const auto differ = [&](std::string_view what, std::int64_t here, std::int64_t there) {
    if (here != there) refuse(fmt::format("the one has {} {} and the other {}", here, what, there));
  };
  if (first.spec != print_.spec) refuse(fmt::format("not the same spec; here it is {}", spec_));
  differ("shards", print_.shards, first.shards);
  differ("rows", print_.rows, first.rows);
  differ("features", print_.columns, first.columns);
  if (first.data != print_.data) refuse("their data have other values or names");
  if (first.options != print_.options) refuse("their options differ (validation or initial)");
}

bsp::Task<> hand_out(bsp::Peer& peer, std::vector<std::byte>& bytes) {
  auto box = peer.mailbox<std::byte>();
  const bsp::Placement& placement = peer.placement();
  if (peer.rank() == 0)
    for (int process = 1; process < placement.processes(); ++process)
      box.send(placement.first(process), std::span<const std::byte>(bytes));
  co_await peer.sync();
  const std::span<const std::byte> got = box.received(0);
  bytes.assign(got.begin(), got.end());
}

}  // namespace scalar::inline v0::backend::native
