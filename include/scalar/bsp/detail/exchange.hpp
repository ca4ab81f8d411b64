#pragma once
/// Lets peers copy from each other's memory between two barriers. Internal to the room; see gather.hpp, all_to_all.hpp.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/detail/copy.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp::detail {

/// What a peer contributes to a vector collective.
struct Announcement {
  const void* offer;   ///< the peer's `Offer`
  std::uint64_t size;  ///< the same for all peers
  int root;            ///< the same for all peers
};
/// Checks that roots and sizes agree, and notes where the local peers' offers lie. Errors: `Errc::invalid_argument`,
/// `Errc::shape_mismatch`, naming peer and superstep.
void complete_announcement(World& world, std::string_view name);
[[noreturn]] void throw_bad_buffer(const Peer& peer, std::string_view collective, std::string_view buffer,
                                   std::size_t expected, std::size_t size);
/// Checks that `cuts` divide `size` values among all peers. Errors: `Errc::shape_mismatch`.
void check_cuts(const Peer& peer, std::string_view collective, std::span<const std::size_t> cuts, std::size_t size);
/// Checks the size of a buffer. Errors: `Errc::shape_mismatch`, naming peer and superstep.
inline void check_buffer(const Peer& peer, std::string_view collective, std::string_view buffer, std::size_t expected,
                         std::size_t size) {
  if (size != expected) throw_bad_buffer(peer, collective, buffer, expected, size);
}

template <class... Key>
class [[nodiscard]] Announce final : public Contribution<Announcement> {
 public:
  using Value = Announcement;
  using Contribution<Announcement>::Contribution;
  static void complete(World& world, std::string_view name) { complete_announcement(world, name); }
};

/// The values that a peer has for the others. It lies in a coroutine's frame until the collective's last barrier.
/// Either `each`, `cuts` or `is_shared` is set.
template <class T>
struct Offer {
  std::span<const T> values;
  std::size_t each = 0;               // elements for every peer
  const std::size_t* cuts = nullptr;  // values[cuts[r], cuts[r + 1]) is for peer r
  bool is_shared = false;             // all values are for all peers
  T* out = nullptr;

  std::span<const T> to(int rank) const noexcept {
    const auto at = static_cast<std::size_t>(rank);
    if (is_shared) return values;
    return cuts != nullptr ? values.subspan(cuts[at], cuts[at + 1] - cuts[at]) : values.subspan(at * each, each);
  }
};
template <class T>
const Offer<T>& offer_of(World& world, int rank) noexcept {
  return *static_cast<const Offer<T>*>(world.parts()[static_cast<std::size_t>(rank)]);
}

template <class T, class Wants>
void send_abroad(Peer& peer, Mailbox<T>& box, const Offer<T>& offer, const Wants& wants) {
  for (int rank = 0; rank < peer.size(); ++rank)
    if (!peer.world().is_local(rank) && wants(peer.rank(), rank)) box.send(rank, offer.to(rank));
}
inline constexpr std::uint64_t any_size = static_cast<std::uint64_t>(-1);

/// Calls `take(source, values)` with the `size` values from each source that is wanted.
template <class T, class Wants, class Take>
void take_all(Peer& peer, const Mailbox<T>* box, std::uint64_t size, const Wants& wants, const Take& take) {
  for (int source = 0; source < peer.size(); ++source) {
    if (!wants(source, peer.rank())) continue;
    if (peer.world().is_local(source)) {
      take(source, offer_of<T>(peer.world(), source).to(peer.rank()));
    } else {
      const std::span<const T> got = box->received(source);
      if (size != any_size) check_received(source, size, got.size(), peer.rank());
      take(source, got);
    }
  }
}

/// Sets `cuts[s]` and `cuts[s + 1]` to the begin and the end of what source s offers, when all offers lie one after
/// another.
template <class T, class Wants>
void measure_all(Peer& peer, const Mailbox<T>* box, const Wants& wants, std::vector<std::size_t>& cuts) {
  cuts.assign(1, 0);
  take_all<T>(peer, box, any_size, wants,
              [&](int, std::span<const T> got) { cuts.push_back(cuts.back() + got.size()); });
}

/// Between two barriers, calls `begin(box)`, and then `take(source, values)` with what each peer offers this one, in
/// rank order, where `wants(source, destination)`. Within a process only `take` copies.
template <class T, class Wants, class Begin, class Take>
Task<> exchange(Peer& peer, const Collective& collective, const Offer<T>& offer, std::uint64_t size, int root,
                Wants wants, Begin begin, Take take) {
  std::optional<Mailbox<T>> box;
  if (peer.world().is_distributed()) {
    box.emplace(peer);
    send_abroad(peer, *box, offer, wants);
  }
  co_await Announce<T>(peer, collective, Announcement{&offer, size, root});
  guarded(peer, [&] {
    begin(box ? &*box : nullptr);
    take_all<T>(peer, box ? &*box : nullptr, size, wants, take);
  });
  co_await peer.sync();
}

template <class T>
constexpr auto nothing_before = [](const Mailbox<T>*) {};

}  // namespace scalar::inline v0::bsp::detail
