#include "scalar/backend/registry.hpp"

#include <algorithm>

#include "core/fail.hpp"
#include "scalar/backend/erase.hpp"
#include "scalar/backend/native/native.hpp"

namespace scalar::inline v0 {
namespace backend {
namespace {

struct Entry {
  std::string_view name;
  Factory factory;
};

// Written only before main, by one source file of each linked adapter. Constant initialization makes it exist before
// those files run.
constexpr std::size_t max_entries = 64;
constinit Entry entries[max_entries]{};
constinit std::size_t entry_count = 0;

}  // namespace

bool enter(std::string_view name, Factory factory) noexcept {
  for (std::size_t i = 0; i < entry_count; ++i)
    if (entries[i].name == name) return false;
  if (entry_count == max_entries) return false;
  entries[entry_count++] = {name, factory};
  return true;
}

std::vector<std::string> available() {
  std::vector<std::string> names{"native"};
  for (std::size_t i = 0; i < entry_count; ++i) names.emplace_back(entries[i].name);
  std::sort(names.begin(), names.end());
  return names;
}

AnyBackend named(std::string_view name, const BackendOptions& options) {
  if (name == "native") return AnyBackend(erase(Native{}));
  for (std::size_t i = 0; i < entry_count; ++i)
    if (entries[i].name == name) return AnyBackend(entries[i].factory(options));
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
