#include "bsp/tcp/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>

#include "bsp/tcp/address.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {

using boost::system::error_code;

Connection::Connection(tcp::socket socket)
    : socket_(std::move(socket)), stream_(socket_.native_handle()), timer_(socket_.get_executor()) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  const tcp::endpoint there = socket_.remote_endpoint(ignored);
  remote_host_ = there.address().to_string();
  remote_ = Address{remote_host_, there.port()}.text();
}

void Connection::set_deadline(SteadyTime time, std::string what) {
  late_ = std::move(what);
  timer_.expires_at(time);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const error_code& error) {
    if (error || alive.expired()) return;
    is_late_ = true;
    error_code ignored;
    socket_.cancel(ignored);
  });
}

void Connection::clear_deadline() { timer_.cancel(); }

void Connection::cancel() {
  is_canceled_ = true;
  error_code ignored;
  timer_.cancel();
  socket_.cancel(ignored);
}

void Connection::give_up(std::string reason) {
  lost_ = std::move(reason);
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::check() const {
  if (is_canceled_) scalar::fail(Errc::canceled, remote_, "the transport is closing");
  if (!lost_.empty()) scalar::fail(Errc::unavailable, remote_, "{}", lost_);
  if (is_late_) scalar::fail(Errc::deadline_exceeded, remote_, "{} takes too long", late_);
}

/// A side that TLS does not trust is `Errc::unauthenticated`: trying again does not help.
void Connection::fail() const {
  const Errc code = stream_.cause() == End::untrusted ? Errc::unauthenticated : Errc::unavailable;
  scalar::fail(code, remote_, "{}", stream_.reason());
}

awaitable<void> Connection::start_tls(const Tls& tls, bool is_server) {
  stream_.start(tls.make(stream_.fd(), is_server));
  for (Stream::Moved moved = stream_.shake_hands(); moved.blocked || moved.ended; moved = stream_.shake_hands()) {
    if (moved.ended) {
      stream_.start({});  // so that a side without TLS can read a refusal
      fail();
    }
    co_await ready(stream_.wants_write() ? tcp::socket::wait_write : tcp::socket::wait_read);
  }
}

awaitable<void> Connection::ready(tcp::socket::wait_type type) {
  check();
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await socket_.async_wait(type, token);
  check();
  if (error) scalar::fail(Errc::unavailable, remote_, "{}", error.message());
}

awaitable<void> Connection::read_exactly(std::span<std::byte> into) {
  while (!into.empty()) {
    const iovec part{into.data(), into.size()};
    const Stream::Moved moved = stream_.read(std::span(&part, 1));
    if (moved.ended) fail();
    into = into.subspan(moved.bytes);
    if (moved.blocked && !into.empty()) co_await ready(tcp::socket::wait_read);
  }
}

awaitable<Message> Connection::read(std::size_t most_bytes) {
  std::array<std::byte, Message::head_bytes> head;
  co_await read_exactly(head);
  const MessageHead decoded = MessageHead::decode(head, most_bytes);
  Message message;
  message.kind = decoded.kind;
  message.body.resize(decoded.length);
  co_await read_exactly(message.body);
  decoded.verify(head, message.body);
  co_return message;
}

awaitable<void> Connection::write(std::vector<std::byte> bytes) {
  for (std::span<std::byte> left(bytes); !left.empty();) {
    const iovec part{left.data(), left.size()};
    const Stream::Moved moved = stream_.write(std::span(&part, 1));
    if (moved.ended) fail();
    left = left.subspan(moved.bytes);
    if (moved.blocked && !left.empty()) co_await ready(tcp::socket::wait_write);
  }
}

void Connection::finish() noexcept {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

bool Connection::is_open() const noexcept {
  char byte;
  const ssize_t got = ::recv(stream_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

std::pair<Descriptor, Stream> Connection::release() {
  timer_.cancel();
  Descriptor descriptor(socket_.release());
  return {std::move(descriptor), std::move(stream_)};
}

awaitable<void> Event::wait(SteadyTime until) {
  asio::steady_timer timer(context_, until);
  const auto place = waiting_.insert(waiting_.end(), &timer);
  error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer.async_wait(token);
  if (std::find(waiting_.begin(), waiting_.end(), &timer) != waiting_.end()) waiting_.erase(place);
}

void Event::notify() {
  for (asio::steady_timer* timer : std::exchange(waiting_, {})) timer->cancel();
}

}  // namespace scalar::inline v0::bsp::sockets
