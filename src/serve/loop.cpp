#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>

#include "scalar/core/error.hpp"
#include "serve/connection.hpp"

namespace scalar::inline v0::serve {
namespace {

using boost::system::error_code;

/// How often the timeouts of a thread are looked at: an eighth of the shortest, between 5 and 500 milliseconds.
std::chrono::milliseconds tick_of(const Timeouts& timeouts) {
  const auto shortest =
      std::min({timeouts.header, timeouts.body_grace, timeouts.body_stall, timeouts.idle, timeouts.write_stall});
  return std::clamp(shortest / 8, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
}

}  // namespace

Loop::Loop(Api& api, Workers& workers)
    : api_(api),
      workers_(workers),
      guard_(context_.get_executor()),
      acceptor_(context_.get_executor()),
      timer_(context_.get_executor()),
      parser_(api.options().limits),
      scratch_(api.repository(), api.memory()),
      tick_(tick_of(api.options().timeouts)) {}

Loop::~Loop() = default;

std::uint16_t Loop::listen(const asio::ip::tcp::endpoint& endpoint) {
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  const int on = 1;  // each thread has a listener of its own on the port
  if (::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    throw boost::system::system_error(errno, boost::system::system_category());
  acceptor_.bind(endpoint);
  acceptor_.listen(asio::socket_base::max_listen_connections);
  return acceptor_.local_endpoint().port();
}

void Loop::run() {
  bool failed = false;
  while (true) try {
      if (failed) tick();
      accept();
      context_.run();
      return;
    } catch (const std::exception& error) {
      // Out of memory: the connection whose turn it was is gone, the others go on.
      failed = true;
      api_.log(LogLevel::error, error.what());
    }
}

void Loop::accept() {
  if (is_accepting_ || is_draining_) return;
  acceptor_.async_accept([this](const error_code& error, Socket socket) {
    is_accepting_ = false;
    if (is_draining_) {  // it came before
      if (!error) admit(std::move(socket));
      return;
    }
    // Out of descriptors or memory: try again with the next tick, when some connection may be gone.
    if (error && error != asio::error::connection_aborted) return tick();
    if (!error) admit(std::move(socket));
    accept();
  });
  is_accepting_ = true;  // not before: what throws has started nothing
}

void Loop::admit(Socket socket) {
  ServerMetrics& metrics = api_.metrics();
  if (metrics.connections.load(std::memory_order_relaxed) >=
      static_cast<std::int64_t>(api_.options().limits.connections)) {
    metrics.refused.fetch_add(1, std::memory_order_relaxed);
    Response response;
    response.fail(503, "too many connections");
    std::string text;
    append_head(text, response, Persistence::close);
    text += response.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(Socket::shutdown_send, ignored);
    return;
  }
  metrics.accepted.fetch_add(1, std::memory_order_relaxed);
  std::make_shared<Connection>(*this, std::move(socket))->start();
  tick();
}

void Loop::note_tls() {
  if (const std::uint64_t times = tls_.count(api_.now()); times > 0)
    api_.log(LogLevel::warning, "a client speaks TLS to this port, which speaks plain HTTP (" + std::to_string(times) +
                                    " times since this was said last): use http://, or a proxy that ends TLS");
}

void Loop::tick() {
  if (is_ticking_) return;
  timer_.expires_after(tick_);
  timer_.async_wait([this](const error_code& error) {
    is_ticking_ = false;
    if (!error) on_tick();
  });
  is_ticking_ = true;
}

void Loop::on_tick() {
  const TimePoint now = api_.now();
  const bool is_over = is_draining_ && now >= drain_deadline_;
  for (Connection* at = first_; at != nullptr;) {
    const std::shared_ptr<Connection> connection = at->shared_from_this();
    is_over ? connection->close() : connection->check(now);
    at = connection->next_;
  }
  accept();
  if (is_draining_) stop_if_drained();
  if (first_ != nullptr || is_draining_) tick();
}

void Loop::refresh() {
  asio::post(context_, [this] { scratch_.models.get(); });
}

void Loop::drain(TimePoint deadline) {
  asio::post(context_, [this, deadline] { start_draining(deadline); });
}

void Loop::start_draining(TimePoint deadline) {
  if (is_draining_) return;
  error_code error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    Socket socket(context_.get_executor());
    acceptor_.accept(socket, error);  // those who came before it closed
    if (!error) admit(std::move(socket));
  }
  is_draining_ = true;
  drain_deadline_ = deadline;
  acceptor_.close(error);
  for (Connection* at = first_; at != nullptr;) {
    const std::shared_ptr<Connection> connection = at->shared_from_this();
    connection->drain();
    at = connection->next_;
  }
  tick();
  stop_if_drained();
}

void Loop::stop_if_drained() {
  const bool is_over = api_.now() >= drain_deadline_;
  if (first_ != nullptr && !is_over) return;
  // Closed connections may be kept alive by a worker; nothing is left to do for them here.
  for (const Connection* at = first_; at != nullptr; at = at->next_)
    if (at->state_ != Connection::State::closed) return;
  guard_.reset();
  context_.stop();
}

}  // namespace scalar::inline v0::serve
