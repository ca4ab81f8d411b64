#include "scalar/backend/registry.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/fail.hpp"
#include "scalar/backend/erase.hpp"
#include "scalar/backend/native/native.hpp"

namespace scalar::inline v0 {
namespace backend {
namespace {

constexpr std::string_view native_name = "native";

// Constant initialized, so that they are there before whatever enters an adapter before main.
constinit std::mutex mutex;
constinit Adapter* first = nullptr;

/// Requires `mutex`.
const Adapter* find_entered(std::string_view name) noexcept {
  const Adapter* adapter = first;
  while (adapter != nullptr && adapter->name != name) adapter = adapter->next;
  return adapter;
}

const Adapter* find(std::string_view name) noexcept {
  const std::lock_guard lock(mutex);
  return find_entered(name);
}

}  // namespace

bool enter(Adapter& adapter) noexcept {
  const std::lock_guard lock(mutex);
  if (adapter.name == native_name || find_entered(adapter.name) != nullptr) return false;
  adapter.next = std::exchange(first, &adapter);
  return true;
}

std::vector<std::string> available() {
  std::vector<std::string> names{std::string(native_name)};
  {
    const std::lock_guard lock(mutex);
    for (const Adapter* adapter = first; adapter != nullptr; adapter = adapter->next) names.emplace_back(adapter->name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

AnyBackend named(std::string_view name, const BackendOptions& options) {
  if (name == native_name) return AnyBackend(erase(Native{}));
  if (const Adapter* adapter = find(name)) return AnyBackend(adapter->factory(options));
  std::string known;
  for (const std::string& one : available()) known += (known.empty() ? "" : ", ") + one;
  fail(Errc::not_found, {},
       "no backend is called \"{0}\"; there are {1} (linking Scalar::{0} would add it, if Scalar was built with it)",
       name, known);
}

}  // namespace backend

AnyBackend::AnyBackend(const char* name) : AnyBackend(std::string_view(name)) {}
AnyBackend::AnyBackend(std::string_view name) : AnyBackend(backend::named(name)) {}

}  // namespace scalar::inline v0
