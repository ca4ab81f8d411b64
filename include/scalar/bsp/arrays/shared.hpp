#pragma once
/// Shared<T>: arrays that other peers write to and read from at barriers (one-sided communication).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp {

struct SharedOptions {
  bool check_conflicts = false;  ///< look for overlapping operations of different peers; the same for all peers
};

namespace detail {

/// A put or a get as it is sent. The values of a put are sent through another mailbox.
struct SharedOperation {
  std::uint64_t offset = 0, count = 0;
  std::uint32_t line = 0;
  std::uint32_t is_get = 0;
};
/// An operation at its target.
struct SharedAccess {
  SharedOperation operation;
  int source = 0;
  const std::string* site = nullptr;  // file and line; null when conflicts are not checked
};

/// Errors: `Errc::out_of_range`, naming the peer, the operation and its source line.
void check_shared_bounds(const Peer& target, const SharedAccess& access, std::size_t size);
/// Errors: `Errc::invalid_argument`, naming two operations of different peers that overlap, at least one of them a put.
void check_shared_conflicts(const Peer& target, std::vector<SharedAccess>& accesses);
[[noreturn]] void throw_shared_garbage(const Peer& target, int source);
[[noreturn]] void throw_shared_barrier(const Peer& peer, std::uint64_t superstep);
std::string shared_site(const std::source_location& where);

}  // namespace detail

/// One array per peer, each of any length, that all peers may put to and get from.
///
/// The semantics are those of BSPlib (Hill et al., BSPlib: the BSP programming library, Parallel Computing 24, 1998,
/// sections 3.2 and 3.4; `bsp_put` and `bsp_get`): at `sync()`, first all gets see the arrays as they are at the end of
/// the superstep, then all puts are written, in the order of their source ranks and, from one source, in the order of
/// its calls. A put copies its values when it is called. A peer may read and write its own array directly at any time.
///
/// `co_await shared.sync()` is a barrier for everything, like `peer.sync()`. It takes one superstep, or two if any peer
/// called `get`. Do not send mailbox messages in the same superstep: after two supersteps they are gone. Another
/// barrier between a put or get and its `sync()` is an error.
///
/// With `.check_conflicts`, overlapping puts of different peers, and a put that overlaps another peer's get, end the
/// run with `Errc::invalid_argument`, naming elements, ranks and source lines. The check costs a string for every
/// operation.
///
/// Shared arrays match across peers as mailboxes do. Errors: `Errc::out_of_range` for an invalid rank, and from `sync`
/// at the target for elements outside its array, naming the source rank and its line.
/// Thread safety: used only by the peer that made it.
template <class T>
class Shared {
  static_assert(!std::is_const_v<T> && std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
                "the elements of a shared array are numbers or plain structs");

 public:
  /// This peer's array has `size` elements, initially `T{}`.
  Shared(Peer& peer, std::size_t size, const SharedOptions& options = {})
      : peer_(peer), values_(size), operations_(peer), payload_(peer), replies_(peer) {
    if (options.check_conflicts) sites_.emplace(peer);
  }

  /// This peer's array.
  std::span<T> local() noexcept { return values_; }
  std::span<const T> local() const noexcept { return values_; }
  T& operator[](std::size_t index) noexcept { return values_[index]; }
  const T& operator[](std::size_t index) const noexcept { return values_[index]; }

  /// Writes `values` to the elements of peer `rank` from `offset` on, at `sync`.
  void put(int rank, std::size_t offset, std::span<const T> values,
           const std::source_location& where = std::source_location::current()) {
    say(rank, {offset, values.size(), where.line(), 0}, where);
    payload_.send(rank, values);
  }
  void put(int rank, std::size_t offset, const T& value,
           const std::source_location& where = std::source_location::current()) {
    put(rank, offset, std::span(&value, 1), where);
  }
  /// Reads the elements of peer `rank` from `offset` on into `out`, which must stay in place until `sync` has returned.
  void get(int rank, std::size_t offset, std::span<T> out,
           const std::source_location& where = std::source_location::current()) {
    say(rank, {offset, out.size(), where.line(), 1}, where);
    pending_.push_back({rank, out});
  }
  void get(int rank, std::size_t offset, T& out, const std::source_location& where = std::source_location::current()) {
    get(rank, offset, std::span(&out, 1), where);
  }

  /// Carries out the puts and gets that all peers have called since the last `sync`.
  Task<> sync() {
    check_superstep();
    const bool any_gets = co_await bsp::all_reduce(peer_, !pending_.empty(), std::logical_or{});
    has_said_ = false;
    carry_out();
    if (!any_gets) co_return;
    co_await peer_.sync();
    take_replies();
  }

 private:
  struct Pending {
    int rank;
    std::span<T> out;
  };

  void say(int rank, const detail::SharedOperation& operation, const std::source_location& where) {
    check_superstep();
    operations_.send(rank, operation);
    if (sites_) sites_->send(rank, detail::shared_site(where));
    said_in_ = peer_.superstep();
    has_said_ = true;
  }
  void check_superstep() const {
    if (has_said_ && said_in_ != peer_.superstep()) detail::throw_shared_barrier(peer_, said_in_);
  }

  /// Carries out the operations on this peer's array: gets, then puts.
  void carry_out() {
    accesses_.clear();
    for (const Run<detail::SharedOperation>& run : operations_.runs()) {
      const std::span<std::string> sites = sites_ ? sites_->received(run.source) : std::span<std::string>();
      if (sites_ && sites.size() != run.values.size()) detail::throw_shared_garbage(peer_, run.source);
      for (std::size_t i = 0; i < run.values.size(); ++i) {
        accesses_.push_back({run.values[i], run.source, sites_ ? &sites[i] : nullptr});
        detail::check_shared_bounds(peer_, accesses_.back(), values_.size());
      }
    }
    for (const detail::SharedAccess& access : accesses_)
      if (access.operation.is_get != 0) replies_.send(access.source, elements_of(access.operation));
    int source = -1;
    std::span<const T> left;
    for (const detail::SharedAccess& access : accesses_) {
      if (access.operation.is_get != 0) continue;
      if (access.source != source) source = access.source, left = payload_.received(source);
      if (left.size() < access.operation.count) detail::throw_shared_garbage(peer_, source);
      std::copy_n(left.data(), access.operation.count, elements_of(access.operation).data());
      left = left.subspan(access.operation.count);
    }
    if (sites_) detail::check_shared_conflicts(peer_, accesses_);
  }
  std::span<T> elements_of(const detail::SharedOperation& operation) noexcept {
    return std::span(values_).subspan(operation.offset, operation.count);
  }
  void take_replies() {
    taken_.assign(static_cast<std::size_t>(peer_.size()), 0);
    for (const Pending& get : pending_) {
      const std::span<const T> all = replies_.received(get.rank);
      std::size_t& taken = taken_[static_cast<std::size_t>(get.rank)];
      if (all.size() - taken < get.out.size()) detail::throw_shared_garbage(peer_, get.rank);
      std::copy_n(all.data() + taken, get.out.size(), get.out.data());
      taken += get.out.size();
    }
    pending_.clear();
  }

  Peer& peer_;
  std::vector<T> values_;
  Mailbox<detail::SharedOperation> operations_;
  Mailbox<T> payload_, replies_;
  std::optional<Mailbox<std::string>> sites_;  // only when conflicts are checked
  std::vector<Pending> pending_;               // gets, in the order of the calls
  std::vector<detail::SharedAccess> accesses_;
  std::vector<std::size_t> taken_;
  std::uint64_t said_in_ = 0;
  bool has_said_ = false;
};

}  // namespace scalar::inline v0::bsp
