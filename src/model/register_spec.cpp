#include "scalar/model/register_spec.hpp"

#include "core/entry_list.hpp"
#include "model/foreign_data.hpp"
#include "model/specs.hpp"
#include "scalar/spec/specs.hpp"

namespace scalar::inline v0::model::detail {
namespace {

constinit EntryList<SpecEntry, &SpecEntry::name> entries;

}  // namespace

bool enter(SpecEntry& entry) noexcept {
  if (entry.name == foreign_name || visit_spec(entry.name, StoredSpecs{}, []<class S>() {})) return false;
  const SpecEntry* there = entries.enter(entry);
  return there == nullptr || there->assemble == entry.assemble;
}

Assemble find_spec(std::string_view name) {
  Assemble found = nullptr;
  if (visit_spec(name, StoredSpecs{}, [&]<class S>() { found = &assemble<S>; })) return found;
  const SpecEntry* entry = entries.find(name);
  return entry == nullptr ? nullptr : entry->assemble;
}

}  // namespace scalar::inline v0::model::detail
