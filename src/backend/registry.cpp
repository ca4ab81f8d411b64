#include "scalar/backend/registry.hpp"

#include <algorithm>

#include "core/entry_list.hpp"
#include "core/fail.hpp"
#include "scalar/backend/erase.hpp"
#include "scalar/backend/native/native.hpp"

namespace scalar::inline v0 {
namespace backend {
namespace {

constexpr std::string_view native_name = "native";

constinit EntryList<Adapter, &Adapter::name> adapters;

}  // namespace

bool enter(Adapter& adapter) noexcept { return adapter.name != native_name && adapters.enter(adapter) == nullptr; }

std::vector<std::string> available() {
  std::vector<std::string> names{std::string(native_name)};
  adapters.each([&](const Adapter& adapter) { names.emplace_back(adapter.name); });
  std::sort(names.begin(), names.end());
  return names;
}

AnyBackend named(std::string_view name, const BackendOptions& options) {
  if (name == native_name) return AnyBackend(erase(Native{}));
  if (const Adapter* adapter = adapters.find(name)) return AnyBackend(adapter->factory(options));
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
