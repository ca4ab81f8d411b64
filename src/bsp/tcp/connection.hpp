#pragma once
/// A connection that sends and receives messages, one after another, in the service's thread.
#include <utility>  // Boost 1.74 does not include it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bsp/tcp/message.hpp"
#include "bsp/tcp/stream.hpp"
#include "bsp/tcp/tls.hpp"

namespace scalar::inline v0::bsp::sockets {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Thread safety: the service's thread only.
class Connection {
 public:
  explicit Connection(tcp::socket socket);

  /// Operations that wait at `time` fail with `Errc::deadline_exceeded`, saying that `what` takes too long.
  void set_deadline(SteadyTime time, std::string what);
  void clear_deadline();
  /// All operations that wait, now or later, fail with `Errc::canceled`.
  void cancel();
  /// All operations that wait, now or later, fail with `Errc::unavailable`: the process at the other end is lost.
  void give_up(std::string reason);

  /// Switches to TLS. Errors: `Errc::unauthenticated` if the other side is not trusted.
  awaitable<void> start_tls(const Tls& tls, bool is_server);
  /// Errors: `Errc::unavailable` at the end of the connection; those of `MessageHead`; those of `set_deadline`,
  /// `cancel` and `give_up`.
  awaitable<Message> read(std::size_t most_bytes);
  awaitable<void> write(std::vector<std::byte> bytes);
  /// Ends sending: the other side gets what was written before, then sees the end.
  void finish() noexcept;
  /// Whether the other side is still there.
  bool is_open() const noexcept;

  /// The address of the other side, such as `127.0.0.1:40000`.
  const std::string& remote() const noexcept { return remote_; }
  std::string remote_host() const { return remote_host_; }
  tcp::socket& socket() noexcept { return socket_; }
  /// Hands the socket over; the connection cannot be used after that.
  std::pair<Descriptor, Stream> release();

 private:
  awaitable<void> read_exactly(std::span<std::byte> into);
  awaitable<void> ready(tcp::socket::wait_type type);
  void check() const;
  [[noreturn]] void fail() const;

  tcp::socket socket_;
  Stream stream_;
  asio::steady_timer timer_;
  std::string remote_, remote_host_, late_, lost_;
  bool is_canceled_ = false, is_late_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Wakes coroutines that wait for a change. Thread safety: the service's thread only.
class Event {
 public:
  explicit Event(asio::io_context& context) : context_(context) {}
  /// Returns after `notify`, or at `until`.
  awaitable<void> wait(SteadyTime until);
  void notify();

 private:
  asio::io_context& context_;
  std::list<asio::steady_timer*> waiting_;
};

}  // namespace scalar::inline v0::bsp::sockets
