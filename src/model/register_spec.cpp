#include "scalar/model/register_spec.hpp"

#include <mutex>

#include "model/specs.hpp"
#include "scalar/spec/specs.hpp"

namespace scalar::inline v0::model::detail {
namespace {

// Constant initialized, so that they are there before whatever enters a spec before main.
constinit std::mutex mutex;
constinit SpecEntry* first = nullptr;

const SpecEntry* find_entered(std::string_view name) noexcept {
  const SpecEntry* entry = first;
  while (entry != nullptr && entry->name != name) entry = entry->next;
  return entry;
}

}  // namespace

bool enter(SpecEntry& entry) noexcept {
  if (visit_spec(entry.name, StoredSpecs{}, []<class S>() {})) return false;
  const std::lock_guard lock(mutex);
  if (const SpecEntry* there = find_entered(entry.name)) return there->assemble == entry.assemble;
  entry.next = std::exchange(first, &entry);
  return true;
}

Assemble find_spec(std::string_view name) {
  Assemble found = nullptr;
  if (visit_spec(name, StoredSpecs{}, [&]<class S>() { found = &assemble<S>; })) return found;
  const std::lock_guard lock(mutex);
  const SpecEntry* entry = find_entered(name);
  return entry == nullptr ? nullptr : entry->assemble;
}

}  // namespace scalar::inline v0::model::detail
