#pragma once
/// Who learns a spec: static types checked by concept, or a name resolved while running.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::bsp {
class Transport;
}

namespace scalar::inline v0 {

/// A yes, or every reason why not.
struct Support {
  std::vector<std::string> reasons{};
  explicit operator bool() const { return reasons.empty(); }
};

/// How far a fit has come.
struct FitProgress {
  /// What is counted: "encoder" and "features" (values of the table seen), "iteration", "epoch", "bin", "tree".
  std::string_view what{};
  std::int64_t done = 0;
  std::int64_t total = 0;
  double objective = 0;  ///< what is minimized, NaN where it is not known
};

/// How much the rows of each class count, times their own weights.
struct ClassWeights {
  /// All classes count the same in sum: class k counts `W / (K W_k)`, where `W_k` are the summed weights of its rows,
  /// `W` those of all rows and `K` the classes that have any (scikit-learn's `class_weight="balanced"`).
  bool balanced = false;
  std::map<std::string, double> of{};  ///< by name of the class, not negative; classes that are not named count 1
};

struct FitOptions {
  int peers = 1;  ///< BSP peers that share the work; refused, never lowered, where a backend cannot
  /// Pieces of the rows that sums are added by, at least as many as peers: at fixed shards, the same bits are learned
  /// by any number of peers. 0: the backend chooses
  int shards = 0;
  /// What joins the processes that share the fit, `bsp::tcp(...)` or `bsp::mpi()`; null: this one alone. Each of them
  /// fits the same spec on the same data with the same options; `peers` counts those of all, at least one a process.
  /// Every process gets the same parameters, bit for bit, or the same error
  std::shared_ptr<bsp::Transport> transport{};
  std::stop_token stop{};                              ///< asks to give up: `Errc::canceled`
  std::function<void(const FitProgress&)> progress{};  ///< called from one thread at a time, in process 0
  /// Of a classifier; Trainer turns them into weights of the rows. The last member: g++ 12 warns falsely of a map that
  /// is destroyed where a later member throws.
  ClassWeights class_weights{};
};

template <class B>
concept Backend = requires(const B& backend) {
  { backend.name() } -> std::convertible_to<std::string_view>;
};

/// Reads as a sentence: `Trains<Native, GradientBoostedTrees>`.
///
/// `fit` learns from the dense features and targets of a Dataset; it throws `Error{Errc::canceled}` when asked to stop
/// and `Error{Errc::invalid_argument}` for targets the spec cannot learn, such as one class only. A backend that cannot
/// share the fit over `options.transport` throws `Error{Errc::unsupported}`; it never trains on its own instead.
template <class B, class S>
concept Trains = Backend<B> && Spec<S> &&
                 requires(const B& backend, const S& spec, const Dataset& data, const FitOptions& options,
                          const Runtime& runtime, int peers) {
                   { backend.supports(spec, peers) } -> std::same_as<Support>;
                   { backend.fit(spec, data, options, runtime) } -> std::same_as<Parameters<S>>;
                 };

/// A backend chosen while running. Copies share it. Thread safety: const members may be called from any thread.
class AnyBackend {
 public:
  /// What crosses the erasure: canonical spec JSON in, canonical parameter bytes out.
  struct Interface {
    virtual ~Interface() = default;
    virtual std::string_view name() const = 0;
    virtual Support supports(std::string_view spec, const std::string& json, int peers) const = 0;
    virtual std::vector<std::byte> fit(std::string_view spec, const std::string& json, const Dataset& data,
                                       const FitOptions& options, const Runtime& runtime) const = 0;
  };

  AnyBackend(const char* name);                                                // NOLINT: `Trainer{spec, "xgboost"}`
  AnyBackend(std::string_view name);                                           // NOLINT
  AnyBackend(const std::string& name) : AnyBackend(std::string_view(name)) {}  // NOLINT
  explicit AnyBackend(std::shared_ptr<const Interface> implementation) : implementation_(std::move(implementation)) {}

  std::string_view name() const { return implementation_->name(); }

  template <Spec S>
  Support supports(const S& spec, int peers = 1) const {
    return implementation_->supports(S::name, to_json(spec), peers);
  }
  template <Spec S>
  Parameters<S> fit(const S& spec, const Dataset& data, const FitOptions& options, const Runtime& runtime) const {
    Parameters<S> parameters;
    from_bytes(implementation_->fit(S::name, to_json(spec), data, options, runtime), parameters);
    return parameters;
  }

 private:
  std::shared_ptr<const Interface> implementation_;
};

}  // namespace scalar::inline v0
