#include "scalar/data/store.hpp"

#include "core/fail.hpp"
#include "data/stores.hpp"

namespace scalar::inline v0::data {

AnyStore::Concept& AnyStore::self() const {
  if (self_ == nullptr) fail(Errc::empty, {}, "this store handle is empty");
  return *self_;
}

Stores::Stores() : stores_{{"file", file_store()}, {"mem", memory_store()}} {}

void Stores::add(std::string scheme, AnyStore store) {
  const std::lock_guard lock(mutex_);
  stores_.insert_or_assign(std::move(scheme), std::move(store));
}

AnyStore Stores::find(const Uri& uri) const {
  if (uri.empty()) fail(Errc::invalid_argument, {}, "an empty uri names no data");
  const std::lock_guard lock(mutex_);
  const auto found = stores_.find(uri.scheme());
  if (found != stores_.end()) return found->second;
  std::string schemes;
  for (const auto& [scheme, store] : stores_) schemes += (schemes.empty() ? "" : ", ") + scheme + ":";
  fail(Errc::unsupported, uri.string(), "no store for the scheme \"{}\"; there are {}", uri.scheme(), schemes);
}

namespace {
AnyStore store_of(const Uri& uri, const Runtime& runtime) { return runtime.slot<Stores>().find(uri); }
}  // namespace

std::unique_ptr<Input> open(const Uri& uri, const Runtime& runtime) { return store_of(uri, runtime).open(uri); }

std::string read_bytes(const Uri& uri, std::uint64_t max_bytes, const Runtime& runtime) {
  const auto input = open(uri, runtime);
  const std::uint64_t size = input->size_bytes();
  if (size > max_bytes) fail(Errc::too_large, uri.string(), "has {} bytes, expected at most {}", size, max_bytes);
  std::string bytes(size, '\0');
  const std::size_t got = input->read_at(0, std::as_writable_bytes(std::span(bytes)));
  if (got != size) fail(Errc::io, uri.string(), "ended after {} of its bytes", got);
  return bytes;
}

void write_bytes(const Uri& uri, std::string_view bytes, const Runtime& runtime) {
  const auto output = store_of(uri, runtime).create(uri);
  output->write(std::as_bytes(std::span(bytes.data(), bytes.size())));
  output->commit();
}

std::vector<ObjectInfo> list(const Uri& uri, const Runtime& runtime) { return store_of(uri, runtime).list(uri); }
ObjectInfo stat(const Uri& uri, const Runtime& runtime) { return store_of(uri, runtime).stat(uri); }
void remove(const Uri& uri, const Runtime& runtime) { store_of(uri, runtime).remove(uri); }

}  // namespace scalar::inline v0::data
