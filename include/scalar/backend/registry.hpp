#pragma once
/// Backends by name: native, and those whose components are linked.
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
/// Errors: `Errc::not_found`, listing the known names and how to link more; the adapter's error when the framework's
/// library cannot be opened (`Errc::unavailable`, with the paths tried).
AnyBackend named(std::string_view name, const BackendOptions& options = {});

/// The names that `named` knows, sorted.
std::vector<std::string> available();

using Factory = std::shared_ptr<const AnyBackend::Interface> (*)(const BackendOptions& options);

/// An adapter in the list of those that `named` knows. Adapters live until the program ends.
struct Adapter {
  std::string_view name;    ///< what `named` is asked for
  Factory factory;          ///< makes the backend
  Adapter* next = nullptr;  ///< set by `enter`
};

/// Adds an adapter to the list; false when another one has its name, which then stays. Called before `main` by the one
/// object file that linking an adapter's component forces into a program. Thread safety: from any thread.
bool enter(Adapter& adapter) noexcept;

}  // namespace scalar::inline v0::backend
