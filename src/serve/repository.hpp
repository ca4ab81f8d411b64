#pragma once
/// The models that are served, by name and version, as immutable snapshots that readers get without waiting.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/serve/servable.hpp"
#include "scalar/serve/statistics.hpp"
#include "serve/metrics.hpp"
#include "serve/request_form.hpp"

namespace scalar::inline v0::serve {

/// How long predictions are expected to take: a moving average per row.
class Expectation {
 public:
  /// The expected time for `rows` rows; negative when nothing is known yet.
  double nanoseconds(std::int64_t rows) const noexcept {
    return per_row_.load(std::memory_order_relaxed) * static_cast<double>(rows);
  }
  /// Sets what to expect until something is learned; negative: nothing is known.
  void assume(double nanoseconds_per_row) noexcept { per_row_.store(nanoseconds_per_row, std::memory_order_relaxed); }
  void learn(std::chrono::nanoseconds taken, std::int64_t rows) noexcept {
    double seen = static_cast<double>(taken.count()) / static_cast<double>(rows);
    const double before = per_row_.load(std::memory_order_relaxed);
    // A prediction during which the thread lost the processor must not make a fast model look slow.
    if (before >= 0) seen = 0.8 * before + 0.2 * std::min(seen, 4 * before + 1000);
    per_row_.store(seen, std::memory_order_relaxed);
  }

 private:
  std::atomic<double> per_row_{-1};
};

/// Predicts zeros and empty texts a few times, without the cache, so that the first clients find a warm model: one row,
/// or tensors whose free lengths are 1. Returns the nanoseconds of the fastest prediction; negative when the model
/// refuses these inputs, or when they would be large.
double warm(const Servable& servable);

/// One version of one model.
struct ServedVersion {
  std::string model{};
  std::string version{};
  std::shared_ptr<const Servable> servable{};
  RequestForm form{};
  std::shared_ptr<ModelMetrics> metrics{};
  mutable Expectation expectation{};
};

/// The models at one point in time. Immutable.
class Snapshot {
 public:
  struct Model {
    std::vector<std::shared_ptr<const ServedVersion>> versions{};  // in the order they were added
    std::shared_ptr<ModelMetrics> metrics{};
    /// The counts of all versions, including those that were removed.
    cache::CacheStats cache_stats() const;
  };
  using Models = std::map<std::string, Model, std::less<>>;

  Snapshot() = default;
  explicit Snapshot(Models models) : models_(std::move(models)) {}
  const Models& models() const noexcept { return models_; }
  const Model* model(std::string_view name) const noexcept;
  /// The counts of every model, in the order of their names.
  std::vector<ModelStatistics> statistics() const;
  /// The version of a model; an empty `version` means the one added last. Errors: `Errc::not_found`.
  const std::shared_ptr<const ServedVersion>& find(std::string_view name, std::string_view version) const;

 private:
  Models models_{};
};

class Repository {
 public:
  /// See Server::add. Returns the version. `nanoseconds_per_row` is what `warm` returned; when it is negative, the
  /// version is expected to take as long as the one before it.
  std::string add(std::string_view name, std::shared_ptr<const Servable> servable, const std::string& version,
                  double nanoseconds_per_row = -1);
  bool remove(std::string_view name, std::string_view version);

  std::shared_ptr<const Snapshot> snapshot() const;
  std::uint64_t edition() const noexcept { return edition_.load(std::memory_order_acquire); }

 private:
  void publish(Snapshot::Models models);

  mutable std::mutex mutex_{};
  std::shared_ptr<const Snapshot> current_ = std::make_shared<const Snapshot>();
  std::map<std::string, std::shared_ptr<ModelMetrics>, std::less<>> metrics_{};  // also of models that were removed
  std::map<std::string, std::uint64_t, std::less<>> last_number_{};
  std::atomic<std::uint64_t> edition_{1};
};

/// A thread's view of the repository. `get` costs one atomic load when nothing has changed.
class SnapshotReader {
 public:
  explicit SnapshotReader(const Repository& repository) : repository_(repository) { refresh(); }
  const Snapshot& get() {
    if (repository_.edition() != edition_) refresh();
    return *snapshot_;
  }
  void refresh() {
    // The edition first: the snapshot that is fetched afterwards is at least as new.
    edition_ = repository_.edition();
    snapshot_ = repository_.snapshot();
  }
  /// Lets go of the models; the next `get` fetches them again. Editions begin at 1.
  void forget() {
    snapshot_.reset();
    edition_ = 0;
  }

 private:
  const Repository& repository_;
  std::uint64_t edition_ = 0;
  std::shared_ptr<const Snapshot> snapshot_{};
};

}  // namespace scalar::inline v0::serve
