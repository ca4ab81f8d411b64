#pragma once
/// scan and exclusive_scan: folds over the lower ranks.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "scalar/bsp/detail/exchange.hpp"
#include "scalar/bsp/detail/tree_fold.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

template <class T>
struct Scanned {
  T value;
  T initial;
};

/// Folds one value per peer when the last peer arrives, and gives each peer its own result.
template <class T, class Op, bool inclusive>
class [[nodiscard]] FusedScan final : public Contribution<Scanned<T>> {
 public:
  using Value = Scanned<T>;
  FusedScan(Peer& peer, const Collective& collective, T value, T initial, Op op)
      : Contribution<Value>(peer, collective, {value, initial}), op_(op), result_(initial) {}
  T await_resume() const {
    this->peer().resume();
    return result_;
  }

  static void complete(World& world, std::string_view) {
    Op op = world.argument<FusedScan>(world.first()).op_;
    T sum = inclusive ? world.value<Value>(0).value : world.value<Value>(0).initial;
    for (int rank = 0; rank < world.first() + world.local(); ++rank) {
      if (inclusive && rank != 0) sum = static_cast<T>(op(sum, world.value<Value>(rank).value));
      if (world.is_local(rank)) world.argument<FusedScan>(rank).result_ = sum;
      if (!inclusive) sum = static_cast<T>(op(sum, world.value<Value>(rank).value));
    }
  }

 private:
  Op op_;
  mutable T result_;  // written when the last peer arrives, while the owner of this waits
};
template <class T, class Op>
inline constexpr Collective fused_scan = collective_of<FusedScan<T, Op, true>>("scan");
template <class T, class Op>
inline constexpr Collective fused_exclusive_scan = collective_of<FusedScan<T, Op, false>>("exclusive_scan");
template <class T, class Op>
inline constexpr Collective scan_span = collective_of<Announce<T>, Op>("scan");
template <class T, class Op>
inline constexpr Collective exclusive_scan_span = collective_of<Announce<T>, Op, void>("exclusive_scan");

/// One peer's part in a vector scan: it scans its chunk of the elements on behalf of all peers.
template <class T, class Op>
class VectorScan {
 public:
  VectorScan(Peer& peer, std::size_t count, Op& op, const T* initial)
      : peer_(peer), world_(peer.world()), count_(count), op_(op), initial_(initial) {}

  void send_chunks(std::span<const T> values, Mailbox<T>& box) const {
    for (int owner = 0; owner < world_.size(); ++owner)
      if (const Range chunk = chunk_of_rank(owner); !world_.is_local(owner))
        box.send(owner, values.subspan(chunk.begin, chunk.size()));
  }
  /// `chunks` has the chunks from other processes; their results are sent through `back`.
  void scan_own(const Mailbox<T>* chunks, Mailbox<T>* back) const {
    constexpr std::size_t block = (std::max)(std::size_t{1}, 2048 / sizeof(T));  // fits the nearest cache
    const Range chunk = chunk_of_rank(peer_.rank());
    for (int rank = 0; rank < world_.size(); ++rank)
      if (!world_.is_local(rank)) check_received(rank, chunk.size(), chunks->received(rank).size(), peer_.rank());
    T sums[block], next[block];
    for (std::size_t begin = chunk.begin; begin < chunk.end; begin += block) {
      const std::size_t count = (std::min)(block, chunk.end - begin);
      if (initial_ != nullptr) std::fill_n(sums, count, *initial_);
      for (int rank = 0; rank < world_.size(); ++rank) {
        const bool is_local = world_.is_local(rank);
        T* const own = is_local ? offer_of<T>(world_, rank).out + begin : nullptr;
        const T* const values = is_local ? own : chunks->received(rank).data() + (begin - chunk.begin);
        if (initial_ != nullptr) {
          std::copy_n(values, count, next);
        } else if (rank == 0) {
          std::copy_n(values, count, sums);
        } else {
          add(values, count, sums);
        }
        if (is_local) {
          std::copy_n(sums, count, own);
        } else {
          back->send(rank, std::span<const T>(sums, count));
        }
        if (initial_ != nullptr) add(next, count, sums);
      }
    }
  }
  void store(const Mailbox<T>& back, std::span<T> values) const {
    for (const Run<T>& run : back.runs()) {
      const Range chunk = chunk_of_rank(run.source);
      check_received(run.source, chunk.size(), run.values.size(), peer_.rank());
      std::copy(run.values.begin(), run.values.end(), values.data() + chunk.begin);
    }
  }

 private:
  Range chunk_of_rank(int rank) const noexcept { return chunk_of(count_, sizeof(T), rank, world_.size()); }
  void add(const T* values, std::size_t count, T* sums) const {
    for (std::size_t i = 0; i < count; ++i) sums[i] = static_cast<T>(op_(sums[i], values[i]));
  }

  Peer& peer_;
  World& world_;
  std::size_t count_;
  Op& op_;
  const T* initial_;  // null: inclusive
};

template <class T, class Op>
Task<> scan_vectors(Peer& peer, const Collective& collective, std::span<T> values, Op op, const T* initial) {
  const VectorScan<T, Op> scan(peer, values.size(), op, initial);
  const Offer<T> offer{.values = values, .out = values.data()};
  std::optional<Mailbox<T>> chunks, back;
  if (peer.world().is_distributed()) {
    chunks.emplace(peer), back.emplace(peer);
    scan.send_chunks(values, *chunks);
  }
  co_await Announce<T>(peer, collective, Announcement{&offer, values.size(), everyone});
  guarded(peer, [&] { scan.scan_own(chunks ? &*chunks : nullptr, back ? &*back : nullptr); });
  co_await peer.sync();
  if (back) scan.store(*back, values);
}

}  // namespace detail

/// Peer r gets the fold of the values of peers 0 to r: `((v0 op v1) op v2) ...`. One superstep, no messages. `T` is
/// trivially copyable, at most 256 bytes.
template <detail::FitsBarrier T, class Op>
detail::FusedScan<T, Op, true> scan(Peer& peer, T value, Op op) {
  detail::check_operation<Op>();
  return {peer, detail::fused_scan<T, Op>, value, value, op};
}
/// Peer r gets `initial`, folded with the values of peers 0 to r - 1. All give the same `initial`; rank 0's is used.
template <detail::FitsBarrier T, class Op>
detail::FusedScan<T, Op, false> exclusive_scan(Peer& peer, T value, Op op, std::type_identity_t<T> initial) {
  detail::check_operation<Op>();
  return {peer, detail::fused_exclusive_scan<T, Op>, value, initial, op};
}

/// Replaces every element of peer r's `values` by its fold over peers 0 to r, in place. All spans must have the same
/// length, else `Errc::shape_mismatch`, and must not overlap. Two supersteps; the peers divide the work by elements.
template <class T, std::size_t Extent, class Op>
Task<> scan(Peer& peer, std::span<T, Extent> values, Op op) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  co_await detail::scan_vectors<T, Op>(peer, detail::scan_span<T, Op>, values, op, nullptr);
}
/// As `scan`, but over peers 0 to r - 1, beginning with `initial` for every element.
template <class T, std::size_t Extent, class Op>
Task<> exclusive_scan(Peer& peer, std::span<T, Extent> values, Op op, std::type_identity_t<T> initial) {
  detail::check_elements<T>(), detail::check_operation<Op>();
  co_await detail::scan_vectors<T, Op>(peer, detail::exclusive_scan_span<T, Op>, values, op, &initial);
}

}  // namespace scalar::inline v0::bsp
