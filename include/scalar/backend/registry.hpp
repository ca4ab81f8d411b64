#pragma once
/// Backends by name: native, and those whose component is linked.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/backend/backend.hpp"

namespace scalar::inline v0::backend {

/// Options of a backend chosen by name.
struct BackendOptions {
  std::string library{};  ///< path of the framework's shared library; empty: the system's
};

/// The backend called `name`.
/// Errors: `Errc::not_found` listing the names there are and how to link more; what the framework reports when its
/// library cannot be opened (`Errc::unavailable`, with the path tried).
AnyBackend named(std::string_view name, const BackendOptions& options = {});

/// The names that `named` knows, sorted.
std::vector<std::string> available();

using Factory = std::shared_ptr<const AnyBackend::Interface> (*)(const BackendOptions& options);

/// Enters an adapter under its name; the second time is ignored. Called before `main` by the one object file that
/// linking an adapter's component forces into a program; the list is only read afterwards.
bool enter(std::string_view name, Factory factory) noexcept;

}  // namespace scalar::inline v0::backend
