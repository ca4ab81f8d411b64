#pragma once
/// Answers requests: the routes of the Open Inference Protocol v2 and of the metrics.
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

/// A decoded infer request, and the version that answers it, which was looked up before the request was decoded.
struct Decoded {
  explicit Decoded(Budget& memory) : request(memory) {}
  std::shared_ptr<const ServedVersion> model{};
  InferRequest request;
};

/// What a thread needs to answer requests. It is reused for every request.
struct Scratch {
  Scratch(const Repository& repository, Budget& budget)
      : models(repository), memory(budget), decoded(std::make_shared<Decoded>(budget)) {}
  /// Frees the memory of large requests, so that a thread does not keep it for good.
  void release();

  SnapshotReader models;
  Budget& memory;
  std::shared_ptr<Decoded> decoded;  // moves with a request that goes to a worker
  std::vector<Tensor> outputs{};
  std::string name{};  // decoded parts of the path
  std::string version{};
};

/// Where a request is answered: in a loop, which serves many connections and must not be kept for long, or by a worker.
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

  /// Answers `request`. Returns false, without an answer, when it would take too long in this place: then a worker
  /// calls `handle` again with the same request, which keeps what was already decoded. `arrived` is when its last byte
  /// came.
  bool handle(Request& request, TimePoint arrived, Place place, Scratch& scratch, Response& response);

  /// Answers a request that its head alone decides, such as one for an unknown model. Returns false when its body is
  /// needed.
  bool refuse(const Request& head, Scratch& scratch, Response& response);

  /// Whether operators need `target` when the server is full: health and metrics.
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
  std::optional<CacheUse> run(const Exchange& exchange, const Decoded& decoded) const;
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
