#pragma once
/// Persisted: the state that a peer names by Peer::persist, with its type erased.
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "scalar/bsp/runs/sharded.hpp"
#include "scalar/bsp/serialize.hpp"

namespace scalar::inline v0::bsp::detail {

/// Byte strings one after another in one buffer.
struct Pieces {
  std::vector<std::byte> bytes{};
  std::vector<std::uint64_t> ends{};

  std::size_t size() const noexcept { return ends.size(); }
  std::span<const std::byte> operator[](std::size_t i) const noexcept {
    const std::uint64_t begin = i == 0 ? 0 : ends[i - 1];
    return std::span(bytes).subspan(begin, ends[i] - begin);
  }
  void end_piece() { ends.push_back(bytes.size()); }
  void clear() noexcept { bytes.clear(), ends.clear(); }
};

/// One argument of `persist`.
template <class Argument>
struct Variable {
  static constexpr bool is_state = false;
};
template <class T>
struct Variable<T&> {
  static constexpr bool is_state = !std::is_const_v<T> && Serializer<T>::available, is_sharded = false;
  T& value;

  static int shards() noexcept { return 0; }
  static std::size_t count(std::size_t otherwise) noexcept { return otherwise; }
  void write(std::vector<std::byte>& out) const { Serializer<T>::write(value, out); }
  void write_part(std::size_t, std::vector<std::byte>&) const noexcept {}
  void read(std::span<const std::byte>& in) const { Serializer<T>::read(in, value); }
  void read_part(std::span<const std::byte>&) const noexcept {}
};
template <class Parts>
struct Variable<Sharded<Parts>> {
  static constexpr bool is_state = true, is_sharded = true;
  using Part = typename Parts::value_type;
  Sharded<Parts> value;

  int shards() const noexcept { return value.shards; }
  std::size_t count(std::size_t) const noexcept { return value.parts.size(); }
  void write(std::vector<std::byte>&) const noexcept {}
  void write_part(std::size_t i, std::vector<std::byte>& out) const { Serializer<Part>::write(value.parts[i], out); }
  void read(std::span<const std::byte>&) const noexcept { value.parts.clear(); }
  void read_part(std::span<const std::byte>& in) const {
    Part part{};
    Serializer<Part>::read(in, part);
    value.parts.push_back(std::move(part));
  }
};

/// How an argument is stored: a `Sharded` by value, whether it is an lvalue or not; anything else as it is passed.
template <class Argument>
struct Kept {
  using Type = Argument;
};
template <class Parts>
struct Kept<Sharded<Parts>&> {
  using Type = Sharded<Parts>;
};
template <class Parts>
struct Kept<const Sharded<Parts>&> {
  using Type = Sharded<Parts>;
};
template <class Argument>
using VariableOf = Variable<typename Kept<Argument>::Type>;

/// The number of shards that all sharded states of one peer have; -1 in `named` stands for other state. Errors:
/// `Errc::invalid_argument` when the numbers differ, or are below 1.
int same_shards(std::initializer_list<int> named);

/// The variables that one peer has named as its state. They are either one part, or one part per shard of the peer
/// besides the state that is common to all peers.
class Persisted {
 public:
  virtual ~Persisted() = default;
  /// The number of shards of all peers; 0: the state is the peer's own.
  virtual int shards() const noexcept = 0;
  /// How many states of shards there are: `expected`, or the first other number that a variable has.
  virtual std::size_t count(std::size_t expected) const noexcept = 0;
  /// Appends `count` parts to `parts`, and to `common` the state that does not belong to a shard.
  virtual void write(std::size_t count, std::vector<std::byte>& common, Pieces& parts) const = 0;
  virtual void read(std::span<const std::byte> common, const Pieces& parts) = 0;
};

template <class... Argument>
class PersistedOf final : public Persisted {
  static constexpr bool in_shards = (Variable<Argument>::is_sharded || ...);

 public:
  explicit PersistedOf(Variable<Argument>... state) : state_(state...) {
    if constexpr (in_shards)
      shards_ = each(
          [](const auto&... variable) { return same_shards({(variable.is_sharded ? variable.shards() : -1)...}); });
  }
  int shards() const noexcept override { return shards_; }
  std::size_t count(std::size_t expected) const noexcept override {
    std::size_t seen = expected;
    each([&](const auto&... variable) { ((seen = seen == expected ? variable.count(expected) : seen), ...); });
    return seen;
  }
  void write(std::size_t count, std::vector<std::byte>& common, Pieces& parts) const override {
    each([&](const auto&... variable) { (variable.write(in_shards ? common : parts.bytes), ...); });
    for (std::size_t i = 0; i < count; ++i, parts.end_piece())
      each([&](const auto&... variable) { (variable.write_part(i, parts.bytes), ...); });
  }
  void read(std::span<const std::byte> common, const Pieces& parts) override {
    std::span<const std::byte> plain = in_shards ? common : parts[0];
    each([&](const auto&... variable) { (variable.read(plain), ...); });
    check_end(plain);
    for (std::size_t i = 0; in_shards && i < parts.size(); ++i) {
      std::span<const std::byte> part = parts[i];
      each([&](const auto&... variable) { (variable.read_part(part), ...); });
      check_end(part);
    }
  }

 private:
  template <class F>
  decltype(auto) each(F use) const {
    return std::apply(use, state_);
  }
  static void check_end(std::span<const std::byte> left) {
    if (!left.empty()) throw_bad_content(typeid(std::tuple<Argument...>), "bytes left over", left.size());
  }
  std::tuple<Variable<Argument>...> state_;
  int shards_ = 0;
};

}  // namespace scalar::inline v0::bsp::detail
