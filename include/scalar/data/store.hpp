#pragma once
/// Where data objects are stored: the concept Store, a type-erased handle to a store, and the stores of a Runtime.
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "scalar/data/uri.hpp"

namespace scalar::inline v0::data {

/// What a store knows about one object.
struct ObjectInfo {
  Uri uri{};
  std::uint64_t size_bytes = 0;
  std::chrono::system_clock::time_point modified{};
};

/// An object opened for reading. Thread safety: `read_at` from any thread, `read` from one at a time.
class Input {
 public:
  virtual ~Input() = default;
  /// The next bytes of the object: at least one, or 0 at its end.
  virtual std::size_t read(std::span<std::byte> out) = 0;
  /// Reads from `offset` on and fills `out`, unless the object ends before. Returns the number of bytes.
  virtual std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;
  virtual std::uint64_t size_bytes() const = 0;
};

/// An object being written. It is not visible before `commit`; without `commit` its destructor discards it.
class Output {
 public:
  virtual ~Output() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
  /// Puts the whole object in its place atomically, replacing an object of that name.
  virtual void commit() = 0;
};

/// A place for objects under one scheme.
///
/// Errors carry the uri as context: `Errc::not_found`, `Errc::permission_denied`, `Errc::io`, `Errc::invalid_argument`
/// for a uri that cannot name an object. Thread safety: all members from any thread. tests/data/store_test.cpp is the
/// conformance suite; a new store adds one line to its list.
template <class S>
concept Store = requires(S& store, const Uri& uri) {
  { store.open(uri) } -> std::same_as<std::unique_ptr<Input>>;
  { store.create(uri) } -> std::same_as<std::unique_ptr<Output>>;
  { store.stat(uri) } -> std::same_as<ObjectInfo>;
  { store.list(uri) } -> std::same_as<std::vector<ObjectInfo>>;
  { store.remove(uri) } -> std::same_as<void>;
};

/// A shared handle to any Store. Thread safety: as the store.
class AnyStore {
 public:
  AnyStore() = default;
  template <Store S>
  explicit AnyStore(std::shared_ptr<S> store) : self_(std::make_shared<Model<S>>(std::move(store))) {}

  explicit operator bool() const noexcept { return self_ != nullptr; }
  std::unique_ptr<Input> open(const Uri& uri) const { return self().open(uri); }
  std::unique_ptr<Output> create(const Uri& uri) const { return self().create(uri); }
  ObjectInfo stat(const Uri& uri) const { return self().stat(uri); }
  /// Every object below `uri` (its path, then a slash) at any depth, sorted by path; empty if there is none.
  std::vector<ObjectInfo> list(const Uri& uri) const { return self().list(uri); }
  /// Errors: `Errc::not_found` if there is no such object.
  void remove(const Uri& uri) const { self().remove(uri); }

 private:
  struct Concept {
    virtual ~Concept() = default;
    virtual std::unique_ptr<Input> open(const Uri& uri) = 0;
    virtual std::unique_ptr<Output> create(const Uri& uri) = 0;
    virtual ObjectInfo stat(const Uri& uri) = 0;
    virtual std::vector<ObjectInfo> list(const Uri& uri) = 0;
    virtual void remove(const Uri& uri) = 0;
  };
  template <class S>
  struct Model final : Concept {
    explicit Model(std::shared_ptr<S> given) : store(std::move(given)) {}
    std::unique_ptr<Input> open(const Uri& uri) override { return store->open(uri); }
    std::unique_ptr<Output> create(const Uri& uri) override { return store->create(uri); }
    ObjectInfo stat(const Uri& uri) override { return store->stat(uri); }
    std::vector<ObjectInfo> list(const Uri& uri) override { return store->list(uri); }
    void remove(const Uri& uri) override { store->remove(uri); }
    std::shared_ptr<S> store;
  };
  Concept& self() const;  ///< Errors: `Errc::empty`
  std::shared_ptr<Concept> self_;
};

/// The stores of a Runtime by scheme: `runtime.slot<data::Stores>()`. At first it has `file:` and its own `mem:`.
/// Thread safety: all members from any thread.
class Stores {
 public:
  Stores();
  /// Sets the store of a scheme, replacing an earlier one.
  void add(std::string scheme, AnyStore store);
  /// The store of `uri`. Errors: `Errc::unsupported` naming the known schemes; `Errc::invalid_argument` for an empty
  /// uri.
  AnyStore find(const Uri& uri) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, AnyStore, std::less<>> stores_;
};

/// Opens an object in the store of its scheme.
std::unique_ptr<Input> open(const Uri& uri, const Runtime& runtime = {});
/// Reads a whole object. Errors: `Errc::too_large` for one above `max_bytes`.
std::string read_bytes(const Uri& uri, std::uint64_t max_bytes = std::uint64_t{1} << 40, const Runtime& runtime = {});
/// Writes a whole object atomically.
void write_bytes(const Uri& uri, std::string_view bytes, const Runtime& runtime = {});
std::vector<ObjectInfo> list(const Uri& uri, const Runtime& runtime = {});
ObjectInfo stat(const Uri& uri, const Runtime& runtime = {});
void remove(const Uri& uri, const Runtime& runtime = {});

}  // namespace scalar::inline v0::data
