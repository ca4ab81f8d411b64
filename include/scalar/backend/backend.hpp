#pragma once
/// Backends, which learn specs: static types checked by a concept, or a name resolved at run time.
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/device.hpp"
#include "scalar/core/runtime.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/spec/spec.hpp"

namespace scalar::inline v0::bsp {
class Transport;
}

namespace scalar::inline v0 {

/// The answer of `supports`: yes, or every reason why not.
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
  double objective = 0;  ///< the value that is minimized; NaN when it is not known
  /// The validation metric after this round; NaN without validation rows.
  double validation = std::numeric_limits<double>::quiet_NaN();
  bool is_round = false;  ///< a round has ended; set by backend::Rounds. False: work before the first round
};

/// The weight of each class, by which the weights of its rows are multiplied.
struct ClassWeights {
  /// Gives all classes the same total weight: class k has the weight `W / (K W_k)`, where `W_k` is the total weight of
  /// its rows, `W` that of all rows, and `K` the number of classes with any weight (scikit-learn's
  /// `class_weight="balanced"`).
  bool balanced = false;
  std::map<std::string, double> of{};  ///< by class name, not negative; classes that are not named have 1
};

/// What compares the rounds of a fit by the validation rows and their weights.
enum class ValidationMetric : std::uint8_t {
  loss = 0,     ///< the mean of the loss: `-log` of the right class's probability, or half the squared error
  error = 1,    ///< the share of rows whose most probable class is wrong
  roc_auc = 2,  ///< of two classes; the larger the better
  rmse = 3,     ///< of a regression
  mean_absolute_error = 4,  ///< of a regression
};

/// Rows that are not learned from, by which the rounds of a fit are compared; at most one of `table`, `data` and
/// `fraction` is given. A round is an epoch, an iteration, or the trees that are grown together, one per output.
///
/// The model is that of the best round, the last one that had a gain. Without validation rows it is that of the last.
struct ValidationOptions {
  Table table{};        ///< for Trainer: raw rows with the columns of the training table
  Dataset data{};       ///< rows with the features of the training data; backends get these, whichever was given
  double fraction = 0;  ///< for Trainer: the share of the training rows that is drawn by `seed`, in [0, 1)
  std::uint64_t seed = 0;
  ValidationMetric metric = ValidationMetric::loss;
  int patience = 0;       ///< rounds without a gain after which the fit ends; 0: it makes all its rounds
  double least_gain = 0;  ///< a round has a gain if it is better than the best one by more than this
};

/// Where a fit keeps what it needs to go on after its process was killed.
struct FitCheckpointOptions {
  std::string directory{};  ///< empty: none are written. Processes that share a fit name the same shared directory.
  int rounds = 10;          ///< rounds between two checkpoints, at least 1
};

struct FitOptions {
  int peers = 1;  ///< BSP peers that share the work; a backend that cannot use them all refuses, and never uses fewer
  /// Number of pieces that the rows are cut into to add sums, at least `peers`. With a fixed number of shards, any
  /// number of peers learns the same bits. 0: the backend chooses.
  int shards = 0;
  /// Connects the processes that share the fit, `bsp::tcp(...)` or `bsp::mpi()`; null: this process alone. Each process
  /// fits the same spec on the same data with the same options; `peers` counts the peers of all processes, at least one
  /// per process. Every process gets the same parameters, bit for bit, or the same error.
  std::shared_ptr<bsp::Transport> transport{};
  std::stop_token stop{};                              ///< ends the fit early: `Errc::canceled`
  std::function<void(const FitProgress&)> progress{};  ///< called from one thread at a time, in process 0
  Device device{};                                     ///< a backend that does not have it refuses with its name
  ValidationOptions validation{};
  /// Canonical parameters to go on from, as `to_bytes` writes them; `Trainer::fit_from` sets them. Empty: from scratch.
  std::vector<std::byte> initial{};
  /// A fit that finds a checkpoint of the same spec, data and options in the directory goes on from it, and learns the
  /// same bits as one that was not interrupted; it reports the rounds before the checkpoint again. When it ends well it
  /// removes its checkpoints. A checkpoint of another fit is `Errc::invalid_argument`, naming what differs.
  FitCheckpointOptions checkpoint{};
  /// For classifiers; Trainer turns them into weights of the rows. Must be the last member: g++ 12 gives a false
  /// warning about a map that is destroyed when a later member throws.
  ClassWeights class_weights{};
};

template <class B>
concept Backend = requires(const B& backend) {
  { backend.name() } -> std::convertible_to<std::string_view>;
};

/// `B` can learn `S`, such as `Trains<Native, GradientBoostedTrees>`.
///
/// `fit` learns from the dense features and targets of a Dataset; it throws `Error{Errc::canceled}` on a stop request
/// and `Error{Errc::invalid_argument}` for targets that the spec cannot learn, such as only one class. A backend that
/// cannot share the fit over `options.transport` throws `Error{Errc::unsupported}`; it never trains alone instead. The
/// same goes for every other option that it cannot honor (backend/check_fit_options.hpp).
template <class B, class S>
concept Trains = Backend<B> && Spec<S> &&
                 requires(const B& backend, const S& spec, const Dataset& data, const FitOptions& options,
                          const Runtime& runtime, int peers) {
                   { backend.supports(spec, peers) } -> std::same_as<Support>;
                   { backend.fit(spec, data, options, runtime) } -> std::same_as<Parameters<S>>;
                 };

/// A backend chosen at run time. Copies share the backend. Thread safety: const members may be called from any thread.
class AnyBackend {
 public:
  /// A backend whose type is hidden: takes specs as canonical JSON and returns parameters as canonical bytes.
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
