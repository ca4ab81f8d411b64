#pragma once
/// Handle: what a peer holds of a channel. Internal to the room.
#include <cstdint>
#include <typeinfo>

#include "scalar/bsp/detail/world.hpp"
#include "scalar/bsp/peer.hpp"

namespace scalar::inline v0::bsp::detail {

/// The base of mailboxes and arrays: joins the channel of the n-th handle that every peer makes, and leaves it when it
/// is destroyed, also when the constructor of the derived class throws. Used only by the peer that made it.
template <class Channel>
class Handle : public Box {
 public:
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

 protected:
  /// `messages` identifies the type of the handle. Errors: `Errc::type_mismatch` when another peer's has another type.
  Handle(Peer& peer, const std::type_info& messages, MakeChannel make)
      : peer_(peer),
        index_(peer.mailboxes()),
        channel_(static_cast<Channel&>(peer.world().join(peer.rank(), index_, messages, make))) {
    ++peer.mailboxes();
  }
  ~Handle() {
    peer_.detach(*this);
    peer_.world().leave(index_);
  }
  /// From now on `turn` is called in each superstep.
  void attach() { peer_.attach(*this); }

  Peer& peer_;
  std::int64_t index_;
  Channel& channel_;
};

}  // namespace scalar::inline v0::bsp::detail
