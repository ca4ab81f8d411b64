#pragma once
/// Serves models over HTTP: the Open Inference Protocol v2, with metrics and deployment without lost requests.
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

/// An HTTP server for models.
///
/// It has threads of its own: `threads` read, predict and write (each has its own listener on the same port; they share
/// nothing), and `workers` make the predictions that are expected to take longer than 200 microseconds, so that health
/// checks stay quick. Thread safety: all members may be called from any thread; call only one of `run` and `start`,
/// and only once.
/// ```cpp
/// serve::Server server{{.port = 8080}};
/// server.add("adult", Predictor{model, {.cache_bytes = 64 << 20}}, {.version = "1"});
/// server.run();
/// ```
class Server {
 public:
  /// Listens at once, but answers only after `start` or `run`. Errors: `Errc::io` naming address and port;
  /// `Errc::invalid_argument` for impossible options.
  explicit Server(const ServerOptions& options = {}, Runtime runtime = {});
  /// Calls `stop`.
  ~Server();

  /// Serves `predictor` under `name`, and returns the version. On a running server this is a deployment: requests in
  /// flight finish on the version they found, and requests that arrive after `add` has returned see the new one. A
  /// request without a version gets the version added last.
  ///
  /// First, the model predicts a row of zeros and missing texts one to three times, so that it is warm and its cost is
  /// known. Errors: `Errc::invalid_argument` for a name or version that is empty, longer than 128 bytes, or has
  /// characters other than letters, digits, `.`, `_`, `-`, and for the names `stats` and `index`, which the protocol
  /// uses.
  std::string add(std::string_view name, Predictor predictor, const ModelOptions& options = {});
  /// Serves an object of your own class, or a function (`make_servable`); see `scalar/serve/servable.hpp`. The server
  /// calls it for requests only: until its cost is known, a version is expected to take as long as the one before it.
  /// Errors: those of `add` for a predictor, and `Errc::invalid_argument` for an empty pointer and for a signature that
  /// contradicts itself.
  std::string add(std::string_view name, std::shared_ptr<const Servable> model, const ModelOptions& options = {});
  /// Removes a version, or all versions; requests in flight finish. Returns false when there is no such version.
  bool remove(std::string_view name, std::string_view version = {});

  /// The models that are served, in the order of their names, with their counts.
  std::vector<ModelStatistics> models() const;
  /// The answer to `GET /metrics`: text for Prometheus.
  std::string metrics() const;

  /// Serves, and returns after another thread has called `stop`.
  void run();
  /// Serves in the background.
  void start();
  /// Stops without losing a request. For `Timeouts::lame_duck` the server still accepts connections, `ready` is a 503,
  /// and from now on every answer closes its connection. Then the port is closed, connections that have been idle for
  /// `Timeouts::last_request` are closed, and requests in flight have `Timeouts::drain` to finish. Returns when all
  /// connections are closed. Must not be called from a signal handler.
  void stop();

  /// The port, also when the options let the system choose it.
  std::uint16_t port() const noexcept;
  /// `http://address:port`
  std::string url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::serve
