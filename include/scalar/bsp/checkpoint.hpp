#pragma once
/// Peer::persist and Peer::checkpoint: state that survives the loss of a process.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "scalar/bsp/peer.hpp"
#include "scalar/bsp/serialise.hpp"

namespace scalar::inline v0::bsp {
namespace detail {

/// The variables that one peer has named as its state.
class Persisted {
 public:
  virtual ~Persisted() = default;
  virtual void write(std::vector<std::byte>& out) const = 0;
  virtual void read(std::span<const std::byte> in) = 0;
};

template <class... T>
class PersistedOf final : public Persisted {
 public:
  explicit PersistedOf(T&... state) : state_(state...) {}
  void write(std::vector<std::byte>& out) const override {
    std::apply([&](const T&... state) { (Serialiser<T>::write(state, out), ...); }, state_);
  }
  void read(std::span<const std::byte> in) override {
    std::apply([&](T&... state) { (Serialiser<T>::read(in, state), ...); }, state_);
    if (!in.empty()) throw_bad_content(typeid(std::tuple<T...>), "bytes left over", in.size());
  }

 private:
  std::tuple<T&...> state_;
};

/// True when a checkpoint was there, whose values the state now has.
bool persist_state(Peer& peer, std::unique_ptr<Persisted> state);

/// A barrier at which the peers' state is written down when it is time.
class [[nodiscard]] Save final : public Contribution<std::uint8_t> {
 public:
  using Value = std::uint8_t;
  explicit Save(Peer& peer);
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) const {
    stage();
    Contribution::await_suspend(self);
  }
  static void complete(World& world, std::string_view name);

 private:
  void stage() const;
};

}  // namespace detail

template <class... T>
bool Peer::persist(T&... state) {
  static_assert((Serialiser<T>::available && ...),
                "state is trivially copyable, of the standard's containers, or of a type with a Serialiser");
  return detail::persist_state(*this, std::make_unique<detail::PersistedOf<T...>>(state...));
}

inline detail::Save Peer::checkpoint() { return detail::Save(*this); }

}  // namespace scalar::inline v0::bsp
