#pragma once
/// Models over HTTP: the Open Inference Protocol v2, with metrics and graceful deployment.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scalar/core/runtime.hpp"
#include "scalar/predictor.hpp"
#include "scalar/serve/options.hpp"
#include "scalar/serve/statistics.hpp"

namespace scalar::inline v0::serve {

class Servable;

/// A server of models.
///
/// It has threads of its own: `threads` that read, predict and write (each with a listener on the same port, sharing
/// nothing), and `workers` for predictions that are expected to take longer than 200 microseconds, so that health
/// checks stay quick. Thread safety: all members may be called from any thread; `run` and `start` once.
/// ```cpp
/// serve::Server server{{.port = 8080}};
/// server.add("adult", Predictor{model, {.cache_bytes = 64 << 20}}, {.version = "1"});
/// server.run();
/// ```
class Server {
 public:
  /// Listens at once, and answers from `start` on. Errors: `Errc::io` naming address and port;
  /// `Errc::invalid_argument` for impossible options.
  explicit Server(const ServerOptions& options = {}, Runtime runtime = {});
  /// Stops.
  ~Server();

  /// Serves `predictor` under `name`, and returns the version. On a running server this is a deployment: requests in
  /// flight finish on the version they found, those that come after this returned see the new one. A request without a
  /// version gets the one added last.
  ///
  /// The model predicts a row or three of zeros and missing texts first, so that it is warm and its cost is known.
  /// Errors: `Errc::invalid_argument` for a name or version that is empty, longer than 128 bytes, or has characters
  /// other than letters, digits, `.`, `_`, `-`, and for the names `stats` and `index`, which the protocol uses.
  std::string add(std::string_view name, Predictor predictor, const ModelOptions& options = {});
  /// Serves an object of the host's own, or a function (`make_servable`); see `scalar/serve/servable.hpp`. It is called
  /// for requests alone: until its cost is known, a version is expected to take as long as the one before it.
  /// Errors: as above, and `Errc::invalid_argument` for an empty pointer and a signature that contradicts itself.
  std::string add(std::string_view name, std::shared_ptr<const Servable> model, const ModelOptions& options = {});
  /// Takes a version, or all of them, away; requests in flight finish. False when there is none.
  bool remove(std::string_view name, std::string_view version = {});

  /// The models that are served, by name, and what was counted.
  std::vector<ModelStatistics> models() const;
  /// What `GET /metrics` answers: text for Prometheus.
  std::string metrics() const;

  /// Serves, and returns when `stop` was called from another thread.
  void run();
  /// Serves in the background.
  void start();
  /// Stops so that no request is lost: for `Timeouts::lame_duck` it goes on accepting, with `ready` a 503; from now on
  /// every answer closes its connection; then the port is closed, idle connections end that have sent nothing for
  /// `Timeouts::last_request`, and requests in flight may finish for `Timeouts::drain`. Returns when all are gone. Not
  /// to be called from a signal handler.
  void stop();

  /// The port, also where the options left it open.
  std::uint16_t port() const noexcept;
  /// `http://address:port`
  std::string url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::serve
