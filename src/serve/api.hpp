#pragma once
/// What the server answers: the routes of the Open Inference Protocol v2 and of the metrics.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "serve/http.hpp"
#include "serve/infer.hpp"
#include "serve/repository.hpp"

namespace scalar::inline v0::serve {

/// An infer request that was read, and the version that answers it: the one that was found before it was read.
struct Decoded {
  explicit Decoded(Budget& memory) : request(memory) {}
  std::shared_ptr<const ServedVersion> model{};
  InferRequest request;
};

/// What a thread needs to answer requests, used again and again.
struct Scratch {
  Scratch(const Repository& repository, Budget& budget)
      : models(repository), memory(budget), decoded(std::make_shared<Decoded>(budget)) {}
  /// Lets go of what one large request needed, so that it does not stay with every thread that once had one.
  void release();

  SnapshotReader models;
  Budget& memory;
  std::shared_ptr<Decoded> decoded;  // goes with a request that a worker takes over
  std::vector<double> predictions{};
  std::string name{};  // decoded parts of the path
  std::string version{};
};

/// Where a request is answered: a thread that serves many connections must not be kept for long.
enum class Place : std::uint8_t { inline_, worker };

/// One request on its way to its answer.
struct Exchange {
  Request& request;
  TimePoint arrived;  ///< when its last byte came
  Place place;
  Scratch& scratch;
  Response& response;
};

/// Thread safety: `handle` may be called from any thread, each with its own Scratch.
class Api {
 public:
  Api(const ServerOptions& options, Repository& repository, ServerMetrics& metrics, Runtime runtime)
      : options_(options),
        repository_(repository),
        metrics_(metrics),
        runtime_(std::move(runtime)),
        memory_(options.limits.buffered_bytes) {}

  /// Answers `request`. False, with nothing answered, when it would take too long here: then a worker calls this again
  /// with the same request, which keeps what was read of it. `arrived` is when the last byte came.
  bool handle(Request& request, TimePoint arrived, Place place, Scratch& scratch, Response& response);

  /// Answers a request whose head alone decides, as one for a model that is not there. False when its body is needed.
  bool refuse(const Request& head, Scratch& scratch, Response& response);

  /// Whether `target` is one that operators need when the server is full: health and metrics.
  static bool is_vital(std::string_view target, Scratch& scratch);

  void drain() noexcept { is_draining_.store(true, std::memory_order_relaxed); }
  bool is_draining() const noexcept { return is_draining_.load(std::memory_order_relaxed); }
  const ServerOptions& options() const noexcept { return options_; }
  ServerMetrics& metrics() noexcept { return metrics_; }
  Repository& repository() noexcept { return repository_; }
  Budget& memory() noexcept { return memory_; }
  TimePoint now() const { return runtime_.clock().now(); }
  void log(LogLevel level, std::string_view message) const { runtime_.log(level, "serve", message); }

 private:
  bool dispatch_safely(const Exchange& exchange);
  bool dispatch(const Exchange& exchange);
  bool infer(const Exchange& exchange);
  bool answer(const Exchange& exchange, const Decoded& decoded);
  std::optional<CacheUse> predict(const Exchange& exchange, const Decoded& decoded, BatchOut out) const;
  void answer_with_error(std::string_view place, Response& response) const;
  void describe_server(Response& response) const;
  void describe_model(const Snapshot& models, const ServedVersion& model, Response& response) const;

  const ServerOptions& options_;
  Repository& repository_;
  ServerMetrics& metrics_;
  Runtime runtime_;
  Budget memory_;
  std::atomic<bool> is_draining_{false};
};

}  // namespace scalar::inline v0::serve
