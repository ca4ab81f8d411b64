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

/// True when a checkpoint was there, whose values the state now has.
bool persist_state(Peer& peer, std::unique_ptr<Persisted> state);

/// A barrier at which the peers' state is written down when it is time.
class [[nodiscard]] Save final : public Barrier {
 public:
  /// What a peer brings.
  struct Value {
    Hash128 common{};          ///< of what all peers should have the same
    std::uint64_t shards = 0;  ///< 0: the state is the peer's own, or it is not time
    std::uint64_t processes_wait = 0;
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
