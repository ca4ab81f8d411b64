#pragma once
/// erase: puts any static backend behind the interface of AnyBackend.
#include <memory>
#include <string>
#include <utility>

#include "scalar/backend/backend.hpp"
#include "scalar/spec/specs.hpp"

namespace scalar::inline v0::backend {

namespace detail {

template <class B, class Specs>
class Erased final : public AnyBackend::Interface {
 public:
  explicit Erased(B backend) : backend_(std::move(backend)) {}

  std::string_view name() const override { return backend_.name(); }

  Support supports(std::string_view spec, const std::string& json, int peers) const override {
    Support support{{unknown(spec)}};
    visit_spec(spec, Specs{}, [&]<class S>() {
      if constexpr (Trains<B, S>) support = backend_.supports(parse_json<S>(json), peers);
    });
    return support;
  }

  std::vector<std::byte> fit(std::string_view spec, const std::string& json, const Dataset& data,
                             const FitOptions& options, const Runtime& runtime) const override {
    std::vector<std::byte> bytes;
    const bool known = visit_spec(spec, Specs{}, [&]<class S>() {
      if constexpr (Trains<B, S>) bytes = to_bytes(backend_.fit(parse_json<S>(json), data, options, runtime));
    });
    if (!known || bytes.empty()) throw Error(Errc::unsupported, unknown(spec));
    return bytes;
  }

 private:
  std::string unknown(std::string_view spec) const {
    std::string text(name());
    return text.append(" does not know ").append(spec);
  }

  B backend_;
};

}  // namespace detail

/// Hides the type of a backend. The result learns every spec that `backend` has a `fit` for, among the library's specs
/// and `Others`, which are defined elsewhere: `erase<NearestCentroid>(MyBackend{})`.
template <Spec... Others, Backend B>
std::shared_ptr<const AnyBackend::Interface> erase(B backend) {
  using Specs = decltype(join(AllSpecs{}, SpecList<Others...>{}));
  return std::make_shared<detail::Erased<B, Specs>>(std::move(backend));
}

}  // namespace scalar::inline v0::backend
