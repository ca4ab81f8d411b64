#pragma once
/// Specs from outside the library: how `AnyModel::load` comes to know them.
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "scalar/core/function_ref.hpp"
#include "scalar/core/json.hpp"
#include "scalar/model.hpp"

namespace scalar::inline v0 {

namespace model::detail {

/// The files of a model, read and checked as far as they do not depend on its spec.
struct StoredModel {
  std::string manifest_path, parameters_path;  ///< for errors
  const json::Value& fields;                   ///< of the spec
  const json::Value& encoder;
  ModelInfo info;
  std::span<const std::byte> parameters;
};

/// Runs `read`; its errors become `Errc::corrupt` of the file at `path`. `Errc::unsupported` stays, with the path, and
/// so does `Errc::io`.
void reading(const std::string& path, FunctionRef<void()> read);

/// Makes a model of spec `S` of what was read. Errors: `Errc::corrupt` and `Errc::unsupported`, naming the file.
template <Spec S>
AnyModel assemble(const StoredModel& stored, const Runtime& runtime) {
  Parameters<S> parameters;
  reading(stored.parameters_path, [&] { from_bytes(stored.parameters, parameters); });
  AnyModel result;
  reading(stored.manifest_path, [&] {
    result = Model<S>(from_json<S>(stored.fields), std::move(parameters), Encoder::from_json(stored.encoder),
                      stored.info, runtime);
  });
  return result;
}

/// A spec in the list of those that can be loaded. Entries live until the program ends.
struct SpecEntry {
  std::string_view name;
  AnyModel (*assemble)(const StoredModel& stored, const Runtime& runtime);
  SpecEntry* next = nullptr;
};
/// Adds an entry; false when another spec has its name. Thread safety: from any thread, also before `main`.
bool enter(SpecEntry& entry) noexcept;

}  // namespace model::detail

/// Makes models of spec `S` loadable: `AnyModel::load` and the server find it by its name. Specs of the library need
/// none of this. Once per program is enough: again from the same code is harmless, but code in another shared library
/// may be told that another spec has the name. The order of includes does not matter:
/// ```
/// const bool registered = scalar::register_spec<NearestCentroid>();   // at namespace scope, or in main
/// ```
/// False when another spec has the name. Thread safety: may be called from any thread, also before `main`.
template <Spec S>
bool register_spec() noexcept {
  static model::detail::SpecEntry entry{S::name, &model::detail::assemble<S>};
  return model::detail::enter(entry);
}

}  // namespace scalar::inline v0
