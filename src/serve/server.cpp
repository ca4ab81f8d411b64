#include "scalar/serve/server.hpp"

#include <fmt/core.h>

#include <boost/asio/ip/address.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/core/error.hpp"
#include "serve/connection.hpp"

namespace scalar::inline v0::serve {
namespace {

ServerOptions checked(ServerOptions options) {
  const Limits& limits = options.limits;
  if (options.threads < 0 || options.threads > 1024)
    fail(Errc::invalid_argument, "serve", "threads is {}, expected 0 to 1024", options.threads);
  if (options.workers < 0 || options.workers > 1024)
    fail(Errc::invalid_argument, "serve", "workers is {}, expected 0 to 1024", options.workers);
  if (limits.header_bytes < 256 || limits.header_bytes > (1 << 20))
    fail(Errc::invalid_argument, "serve", "header_bytes is {}, expected 256 to 1048576", limits.header_bytes);
  if (limits.json_depth < 4 || limits.json_depth > 1024)
    fail(Errc::invalid_argument, "serve", "json_depth is {}, expected 4 to 1024", limits.json_depth);
  constexpr std::size_t most = 1 << 24;
  if (limits.connections == 0 || limits.connections > most)
    fail(Errc::invalid_argument, "serve", "connections is {}, expected 1 to {}", limits.connections, most);
  if (limits.reserved_connections > most)
    fail(Errc::invalid_argument, "serve", "reserved_connections is {}, expected 0 to {}", limits.reserved_connections,
         most);
  const Timeouts& times = options.timeouts;
  // A day is longer than anybody waits, and adding it to a time point cannot overflow.
  for (const auto time : {times.header, times.body_grace, times.body_stall, times.idle, times.write_stall,
                          times.request, times.lame_duck, times.last_request, times.drain})
    if (time < std::chrono::milliseconds(0) || time > std::chrono::hours(24))
      fail(Errc::invalid_argument, "serve", "a timeout is {} ms, expected 0 to 86400000", time.count());
  return options;
}

asio::ip::tcp::endpoint endpoint_of(const ServerOptions& options) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) fail(Errc::invalid_argument, "serve", "{} is no IP address", scalar::quoted(options.address));
  return {address, options.port};
}

}  // namespace

struct Server::Impl {
  Impl(const ServerOptions& given, Runtime resources)
      : options(checked(given)),
        runtime(std::move(resources)),
        api(options, repository, metrics, runtime),
        workers(api, options.workers > 0 ? options.workers : runtime.threads()) {}

  std::string add(std::string_view name, std::shared_ptr<const Servable> model, const ModelOptions& model_options,
                  double nanoseconds_per_row);
  void listen();
  void start();
  void stop();

  ServerOptions options;
  Runtime runtime;
  Repository repository{};
  ServerMetrics metrics{};
  Api api;
  Workers workers;
  std::vector<std::unique_ptr<Loop>> loops{};
  std::vector<std::thread> threads{};
  std::uint16_t port = 0;

  enum class State : std::uint8_t { listening, serving, stopping, stopped };
  std::mutex mutex{};
  std::condition_variable changed{};
  State state = State::listening;
};

void Server::Impl::listen() {
  asio::ip::tcp::endpoint endpoint = endpoint_of(options);
  const int count = options.threads > 0 ? options.threads : runtime.threads();
  try {
    if (endpoint.port() != 0) {
      // Listeners that share their port would also share it with another program: make sure that there is none.
      asio::io_context context(1);
      Acceptor probe(context.get_executor());
      probe.open(endpoint.protocol());
      probe.set_option(asio::socket_base::reuse_address(true));
      probe.bind(endpoint);
    }
    for (int i = 0; i < count; ++i) {
      loops.push_back(std::make_unique<Loop>(api, workers));
      port = loops.back()->listen(endpoint);
      endpoint.port(port);
    }
    for (std::size_t i = 0; i < loops.size(); ++i) loops[i]->set_next(*loops[(i + 1) % loops.size()]);
  } catch (const boost::system::system_error& error) {
    fail(Errc::io, fmt::format("{}:{}", options.address, endpoint.port()), "cannot listen: {}", error.code().message());
  }
}

void Server::Impl::start() {
  const std::lock_guard lock(mutex);
  if (state != State::listening) fail(Errc::invalid_argument, "serve", "a server is started once");
  state = State::serving;
  for (const auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  runtime.log(LogLevel::info, "serve", fmt::format("listening on {}:{}", options.address, port));
}

void Server::Impl::stop() {
  std::unique_lock lock(mutex);
  if (state == State::stopping) changed.wait(lock, [&] { return state == State::stopped; });
  if (state == State::stopped) return;
  const bool was_serving = state == State::serving;
  state = State::stopping;
  lock.unlock();

  api.drain();
  if (was_serving) {
    const TimePoint now = api.now(), lame_duck_end = now + options.timeouts.lame_duck;
    for (const auto& loop : loops) loop->stop({now, lame_duck_end, lame_duck_end + options.timeouts.drain});
    for (auto& thread : threads) thread.join();
  }
  workers.stop();

  lock.lock();
  loops.clear();
  state = State::stopped;
  changed.notify_all();
}

Server::Server(const ServerOptions& options, Runtime runtime)
    : impl_(std::make_unique<Impl>(options, std::move(runtime))) {
  impl_->listen();
}
Server::~Server() { impl_->stop(); }

std::string Server::add(std::string_view name, Predictor predictor, const ModelOptions& options) {
  std::shared_ptr<const Servable> model = make_servable(std::move(predictor));
  const double nanoseconds_per_row = warm(*model);
  return impl_->add(name, std::move(model), options, nanoseconds_per_row);
}

std::string Server::add(std::string_view name, std::shared_ptr<const Servable> model, const ModelOptions& options) {
  return impl_->add(name, std::move(model), options, -1);
}

std::string Server::Impl::add(std::string_view name, std::shared_ptr<const Servable> model,
                              const ModelOptions& model_options, double nanoseconds_per_row) {
  std::string version = repository.add(name, std::move(model), model_options.version, nanoseconds_per_row);
  const std::lock_guard lock(mutex);
  for (const auto& loop : loops) loop->refresh();
  runtime.log(LogLevel::info, "serve", fmt::format("model {} version {} is ready", name, version));
  return version;
}

bool Server::remove(std::string_view name, std::string_view version) {
  const bool found = impl_->repository.remove(name, version);
  const std::lock_guard lock(impl_->mutex);
  for (const auto& loop : impl_->loops) loop->refresh();
  return found;
}

std::vector<ModelStatistics> Server::models() const { return impl_->repository.snapshot()->statistics(); }

std::string Server::metrics() const {
  std::string text;
  append_metrics(text, impl_->metrics, impl_->api.memory(), *impl_->repository.snapshot());
  return text;
}

void Server::start() { impl_->start(); }

void Server::run() {
  impl_->start();
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->state == Impl::State::stopped; });
}

void Server::stop() { impl_->stop(); }

std::uint16_t Server::port() const noexcept { return impl_->port; }

std::string Server::url() const {
  const std::string& address = impl_->options.address;
  const bool is_v6 = address.find(':') != address.npos;
  return is_v6 ? fmt::format("http://[{}]:{}", address, impl_->port)
               : fmt::format("http://{}:{}", address, impl_->port);
}

}  // namespace scalar::inline v0::serve
