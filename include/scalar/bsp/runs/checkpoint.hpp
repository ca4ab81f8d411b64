#pragma once
/// Peer::persist and Peer::checkpoint: state that survives the loss of a process.
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "scalar/bsp/detail/persisted.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/bsp/runs/sharded.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// Registers a peer's state. True: there was a checkpoint, and the state now has its values.
bool persist_state(Peer& peer, std::unique_ptr<Persisted> state);

/// A barrier at which the peers' state is written when a checkpoint is due.
class [[nodiscard]] Save final : public Barrier {
 public:
  /// What a peer contributes.
  struct Value {
    Hash128 common{};                  ///< hash of the state that must be the same for all peers
    std::uint64_t shards = 0;          ///< 0: the state is the peer's own, or no checkpoint is due
    std::uint64_t processes_wait = 0;  ///< 1: processes wait to join or leave
  };
  explicit Save(Peer& peer);
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) {
    stage();
    suspend(self, &value_);
  }
  static void complete(World& world, std::string_view name);

 private:
  void stage();
  Value value_{};
};

}  // namespace detail

template <class... T>
bool Peer::persist(T&&... state) {
  static_assert((detail::VariableOf<T>::is_state && ...),
                "state is variables, and what `sharded` returns, that are trivially copyable, of the standard's "
                "containers, or of a type with a Serializer");
  using State = detail::PersistedOf<typename detail::Kept<T>::Type...>;
  return detail::persist_state(*this, std::make_unique<State>(detail::VariableOf<T>{state}...));
}

inline detail::Save Peer::checkpoint() { return detail::Save(*this); }

}  // namespace scalar::inline v0::bsp
