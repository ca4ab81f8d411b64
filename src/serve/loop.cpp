#include <fmt/core.h>
#include <linux/filter.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>

#include "scalar/core/error.hpp"
#include "serve/connection.hpp"

namespace scalar::inline v0::serve {
namespace {

using boost::system::error_code;

constexpr int longest_search = 128;                      // connections whose sockets are checked for an idle one
constexpr std::chrono::milliseconds idle_enough{1'000};  // before a connection is closed to make room
constexpr std::chrono::milliseconds stopping_tick{10};
constexpr int ticks_to_close = 2;  // time for handshakes that clients have begun
constexpr std::string_view too_many = "too many connections";

/// Says how often something happened since it was last logged.
std::string since_last(std::uint64_t times) {
  return times == 1 ? "" : fmt::format(" ({} times since this was last logged)", times);
}

/// Makes a listener drop packets that would begin a new connection, while handshakes that have begun can finish.
/// Without it, closing the listener resets connections whose clients have already sent a request; if it fails, they are
/// reset.
void refuse_new(Acceptor& acceptor) {
  sock_filter drop_syn[] = {{BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},      // the flags of the TCP header
                            {BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x02},  // SYN
                            {BPF_RET | BPF_K, 0, 0, 0},                // keep nothing of the packet
                            {BPF_RET | BPF_K, 0, 0, 0xFFFFFFFF}};
  const sock_fprog program{std::size(drop_syn), drop_syn};
  (void)::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/// The interval at which a thread checks its timeouts: an eighth of the shortest, between 5 and 500 milliseconds.
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
  const int on = 1;  // each thread has its own listener on the port
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
      // Out of memory: the connection that was being served is gone, the others go on.
      failed = true;
      api_.log(LogLevel::error, error.what());
    }
}

void Loop::accept() {
  if (is_accepting_ || phase_ == Phase::draining) return;
  acceptor_.async_accept([this](const error_code& error, Socket socket) {
    is_accepting_ = false;
    if (!error) admit(std::move(socket));  // also one that was accepted just before the listener closed
    if (phase_ == Phase::draining) return;
    if (error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system)
      return on_no_descriptors();
    // Out of memory: try again at the next tick, when some connection may be gone.
    if (error && error != asio::error::connection_aborted) return tick();
    accept();
  });
  is_accepting_ = true;  // not earlier: when async_accept throws, it has started nothing
}

/// Finds room for a connection: a free place, or that of an idle connection in this loop or in another one.
void Loop::admit(Socket socket) {
  const auto& limits = api_.options().limits;
  if (api_.metrics().connections.load(std::memory_order_relaxed) < static_cast<std::int64_t>(limits.connections) ||
      make_room())
    return enter(std::move(socket), true);
  const std::size_t most_waiting = std::max<std::size_t>(limits.reserved_connections, 1);
  if (next_loop_ == this || is_stopping() || waiting_.size() >= most_waiting) return enter(std::move(socket), false);
  waiting_.push_back(std::move(socket));
  asio::post(next_loop_->context_, [this] { next_loop_->make_room_for(*this); });
}

void Loop::enter(Socket socket, bool has_room) {
  ServerMetrics& metrics = api_.metrics();
  const auto& limits = api_.options().limits;
  const std::int64_t open = metrics.connections.load(std::memory_order_relaxed);
  if (!has_room && open >= static_cast<std::int64_t>(limits.connections + limits.reserved_connections)) {
    metrics.refused.fetch_add(1, std::memory_order_relaxed);
    return turn_away(socket, too_many);
  }
  metrics.accepted.fetch_add(1, std::memory_order_relaxed);
  std::make_shared<Connection>(*this, std::move(socket), has_room)->start();
  tick();
}

/// Tells the client why, as far as that is possible without waiting, and closes.
void Loop::turn_away(Socket& socket, std::string_view reason) {
  Response response;
  response.fail(503, reason);
  std::string text;
  append_head(text, response, Persistence::close);
  text += response.body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(Socket::shutdown_send, ignored);
  // If bytes were left unread, the system would drop the answer.
  char unread[4096];
  for (int i = 0; i < 4 && !ignored; ++i) socket.read_some(asio::buffer(unread), ignored);
  api_.metrics().responses.add(503);
}

/// The process may open no more files: closes an idle connection to make room, or uses the spare descriptor to tell a
/// client why it is refused.
void Loop::on_no_descriptors() {
  api_.metrics().out_of_descriptors.fetch_add(1, std::memory_order_relaxed);
  if (const std::uint64_t times = descriptors_.count(api_.now()); times > 0)
    api_.log(LogLevel::warning,
             "no file descriptor is left for a connection: raise the limit (ulimit -n), or lower "
             "Limits::connections" +
                 since_last(times));
  if (make_room()) return accept();
  error_code error;
  acceptor_.non_blocking(true, error);
  {
    spare_.give();
    Socket socket(context_.get_executor());
    acceptor_.accept(socket, error);
    if (!error) turn_away(socket, "no file descriptor is left for this connection");
  }
  spare_.take();
  error ? tick() : accept();
}

/// Closes the connection that has been idle for the longest time. Returns false when none has been idle long enough.
bool Loop::make_room() {
  const TimePoint now = api_.now();
  int seen = 0;
  for (Connection* at = first_; at != nullptr && seen < longest_search; at = at->next_) {
    if (at->is_busy()) continue;  // not counted in `seen`: that costs no system call
    ++seen;
    if (!at->is_idle(now, idle_enough)) continue;
    at->close();
    api_.metrics().evicted.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

/// Makes room for the loop `asking`, or passes the question on around the ring. Runs in the thread of this loop.
void Loop::make_room_for(Loop& asking) {
  const bool was_made = make_room();
  if (was_made || next_loop_ == &asking)
    return asio::post(asking.context_, [&asking, was_made] { asking.on_room(was_made); });
  asio::post(next_loop_->context_, [this, &asking] { next_loop_->make_room_for(asking); });
}

void Loop::on_room(bool was_made) {
  if (waiting_.empty()) return;
  Socket socket = std::move(waiting_.front());
  waiting_.pop_front();
  enter(std::move(socket), was_made);
}

void Loop::note_tls() {
  if (const std::uint64_t times = tls_.count(api_.now()); times > 0)
    api_.log(LogLevel::warning,
             "a client speaks TLS to this port, which speaks plain HTTP: use http://, or put a proxy that "
             "ends TLS in front" +
                 since_last(times));
}

void Loop::tick() {
  if (is_ticking_) return;
  timer_.expires_after(is_stopping() ? std::min(tick_, stopping_tick) : tick_);
  timer_.async_wait([this](const error_code& error) {
    if (error) return;  // another wait has replaced this one
    is_ticking_ = false;
    on_tick();
  });
  is_ticking_ = true;
}

void Loop::on_tick() {
  const TimePoint now = api_.now();
  const auto last_request = api_.options().timeouts.last_request;
  const bool is_over = is_stopping() && now >= stop_.deadline;
  const bool closes_idle = phase_ >= Phase::closing && now >= stop_.begin + last_request;
  for (Connection* at = first_; at != nullptr;) {
    const std::shared_ptr<Connection> connection = at->shared_from_this();
    at = connection->next_;  // before `check`: a connection that is answered moves to the end of the list
    if (is_over || (closes_idle && connection->is_idle(now, last_request)))
      connection->close();
    else
      connection->check(now);
  }
  accept();
  if (phase_ == Phase::lame_duck && now >= stop_.lame_duck_end) begin_closing();
  if (phase_ == Phase::closing && ++closing_ticks_ > ticks_to_close) close_listener();
  if (phase_ == Phase::draining) stop_if_drained();
  if (first_ != nullptr || is_stopping()) tick();
}

void Loop::refresh() {
  asio::post(context_, [this] { scratch_.models.get(); });
}

void Loop::stop(const StopTimes& times) {
  asio::post(context_, [this, times] { begin_stopping(times); });
}

void Loop::begin_stopping(const StopTimes& times) {
  if (is_stopping()) return;
  phase_ = Phase::lame_duck;
  stop_ = times;
  while (!waiting_.empty()) on_room(false);  // the other loops may stop before they reply
  if (api_.now() >= stop_.lame_duck_end) begin_closing();
  is_ticking_ = false;
  tick();  // stopping has a shorter interval
}

void Loop::begin_closing() {
  phase_ = Phase::closing;
  refuse_new(acceptor_);
}

/// Accepts the connections that have already arrived, then closes the listener.
void Loop::close_listener() {
  error_code error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    Socket socket(context_.get_executor());
    acceptor_.accept(socket, error);
    if (!error) admit(std::move(socket));
  }
  phase_ = Phase::draining;
  acceptor_.close(error);
}

void Loop::stop_if_drained() {
  if (is_accepting_) return;  // the accept in progress may hold a new connection
  const bool is_over = api_.now() >= stop_.deadline;
  // A worker may keep a closed connection alive; the loop has nothing left to do for it.
  for (const Connection* at = first_; at != nullptr && !is_over; at = at->next_)
    if (at->state_ != Connection::State::closed) return;
  guard_.reset();
  context_.stop();
}

}  // namespace scalar::inline v0::serve
