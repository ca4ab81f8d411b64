#include "serve/connection.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <new>

#include "serve/framing.hpp"

namespace scalar::inline v0::serve {
namespace {

using boost::system::error_code;
using std::chrono::steady_clock;

constexpr std::size_t padding = 64;  // simdjson reads beyond the end of the text
constexpr std::size_t first_capacity = 16 << 10;
constexpr std::size_t kept_capacity = 64 << 10;  // buffer of an idle connection
constexpr std::uint64_t uncounted_bytes = 2 * kept_capacity;
constexpr Refusal no_memory{503, too_much_memory};
constexpr std::size_t batch_bytes = 64 << 10;  // answers that are gathered before they are written
constexpr std::size_t batch_requests = 32;
constexpr std::uint64_t linger_bytes = 1 << 20;
constexpr std::chrono::milliseconds linger_time{1'000};
constexpr std::chrono::milliseconds reserve_patience{1'000};
constexpr Refusal no_room{503, "too many connections"};

}  // namespace

Connection::Connection(Loop& loop, Socket socket, bool has_room)
    : loop_(loop), socket_(std::move(socket)), has_room_(has_room), memory_(loop.api_.memory()) {
  response_.memory = Reservation(loop.api_.memory());
  append_to_list();
  loop_.api_.metrics().connections.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() {
  close();
  remove_from_list();
}

void Connection::append_to_list() noexcept {
  next_ = nullptr;
  previous_ = std::exchange(loop_.last_, this);
  (previous_ == nullptr ? loop_.first_ : previous_->next_) = this;
  answered_at_ = loop_.api_.now();
}

void Connection::remove_from_list() noexcept {
  (previous_ == nullptr ? loop_.first_ : previous_->next_) = next_;
  (next_ == nullptr ? loop_.last_ : next_->previous_) = previous_;
}

void Connection::start() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  const std::chrono::milliseconds patience = loop_.api_.options().timeouts.header;
  wait_for_client(has_room_ ? patience : std::min(patience, reserve_patience));
  read();
}

void Connection::wait_for_client(std::chrono::milliseconds patience) { deadline_ = loop_.api_.now() + patience; }

/// The size of the buffers, or 0 when they are small: every connection may have small ones, which the number of
/// connections bounds.
std::uint64_t Connection::held() const noexcept {
  const std::uint64_t all = capacity_ + chunked_body_.capacity() + out_.capacity();
  return all > uncounted_bytes ? all : 0;
}

/// Makes room for `wanted` bytes in the buffer from `begin_` on. Returns false when there is no memory for them.
bool Connection::make_room(std::size_t wanted) {
  if (begin_ + wanted + padding <= capacity_) return true;
  const std::size_t used = end_ - begin_;
  if (wanted + padding <= capacity_) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, used);
  } else {
    const std::size_t capacity = std::max(wanted + padding, first_capacity);
    if (capacity > uncounted_bytes && !memory_.resize(held() + capacity)) return false;
    std::unique_ptr<char[]> larger(new (std::nothrow) char[capacity]);
    if (larger != nullptr) {
      if (used > 0) std::memcpy(larger.get(), buffer_.get() + begin_, used);
      buffer_ = std::move(larger);
      capacity_ = capacity;
    }
    memory_.hold(held());
    if (capacity_ != capacity) return false;
  }
  begin_ = 0;
  end_ = used;
  return true;
}

/// Makes room in `chunked_body_` for all bytes in the buffer, and the padding.
bool Connection::make_chunk_room() {
  const std::size_t wanted = chunked_body_.size() + (end_ - begin_) + padding;
  if (wanted <= chunked_body_.capacity()) return true;
  const std::size_t capacity = std::max(wanted, 2 * chunked_body_.capacity());
  if (capacity > uncounted_bytes && !memory_.resize(held() + capacity)) return false;
  chunked_body_.reserve(capacity);
  memory_.hold(held());
  return true;
}

void Connection::release_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (capacity_ > kept_capacity && end_ - begin_ < first_capacity / 2) {
    capacity_ = 0;
    const std::size_t used = end_ - begin_;
    std::unique_ptr<char[]> old = std::move(buffer_);
    buffer_ = std::make_unique_for_overwrite<char[]>(first_capacity);
    capacity_ = first_capacity;
    if (used > 0) std::memcpy(buffer_.get(), old.get() + begin_, used);
    begin_ = 0;
    end_ = used;
  }
  chunked_body_.clear();
  if (chunked_body_.capacity() > kept_capacity) chunked_body_.shrink_to_fit();
  memory_.hold(held());
}

void Connection::read() {
  if (is_reading_) return;  // a read that began before a timeout still runs
  if (begin_ == end_) begin_ = end_ = 0;
  const std::size_t least = state_ == State::body ? 1 : 4096;
  if (!make_room(end_ - begin_ + least)) return refuse(no_memory);
  is_reading_ = true;
  socket_.async_read_some(asio::buffer(buffer_.get() + end_, capacity_ - padding - end_),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            self->is_reading_ = false;
                            self->on_read(error, count);
                          });
}

void Connection::on_read(const error_code& error, std::size_t count) {
  if (state_ == State::closed) return;
  if (error) return close();
  if (state_ == State::lingering) {
    lingered_ += count;
    return lingered_ > linger_bytes ? close() : read();
  }
  if (closes_ && is_writing_) return;  // after a refusal: these bytes are the rest of the refused request
  const auto& timeouts = loop_.api_.options().timeouts;
  if (state_ == State::head && begin_ == end_) wait_for_client(timeouts.header);
  end_ += count;
  process();
}

/// Takes requests from the buffer and answers them, until it needs more bytes or must wait for a worker or a write.
void Connection::process() {
  Next next = Next::more;
  while (next == Next::more) {
    switch (state_) {
      case State::head:
        next = take_head();
        break;
      case State::body:
        next = take_body();
        break;
      case State::chunks:
        next = take_chunks();
        break;
      case State::working:
      case State::lingering:
      case State::closed:
        return;
    }
  }
  if (next == Next::stop) return;
  if (!out_.empty()) return write();
  read();
}

Connection::Next Connection::take_head() {
  if (begin_ == end_) {
    release_room();
    if (closes_ && out_.empty()) {
      close();
      return Next::stop;
    }
    return Next::read;
  }
  if (out_.size() >= batch_bytes || batched_ >= batch_requests) return Next::read;  // write first
  head_.method = Method::other;
  if (const std::size_t line = skipped_line_ ? 0 : leading_empty_line(buffered()); line > 0) {
    skipped_line_ = true;
    begin_ += line;
    scanned_ = 0;
    if (begin_ == end_) wait_for_client(loop_.api_.options().timeouts.idle);
    return Next::more;
  }
  Refusal refusal;
  const std::size_t size = find_head(buffered(), scanned_, loop_.api_.options().limits, refusal);
  if (!refusal && size == 0) return Next::read;
  if (!refusal) refusal = loop_.parser_.parse(buffered().substr(0, size), head_);
  if (refusal) {
    if (buffered().front() == tls_handshake) loop_.note_tls();
    refuse(refusal);
    return Next::stop;
  }
  scanned_ = 0;
  skipped_line_ = false;
  return begin_body(size);
}

Connection::Next Connection::begin_body(std::size_t head_bytes) {
  const auto& options = loop_.api_.options();
  target_ = head_.target;
  head_.target = {};
  body_at_ = head_bytes;
  deadline_ = TimePoint::max();
  start_body_pace();
  closes_ = !head_.keep_alive || ++requests_ >= options.limits.requests_per_connection || loop_.is_stopping();
  if (is_refused_for_room()) {
    refuse(no_room);
    return Next::stop;
  }
  if (head_.framing.content_length > std::min(options.limits.body_bytes, options.limits.buffered_bytes)) {
    refuse({413, "the body is too large"});
    return Next::stop;
  }
  const bool is_whole = !head_.framing.is_chunked && end_ - begin_ >= head_bytes + head_.framing.content_length;
  if (head_.expects_continue && !is_whole) {
    // The client asks first: refuse the request before it sends a body for nothing.
    request_ = {head_.method, target_, {}, {}};
    if (loop_.api_.refuse(request_, loop_.scratch_, response_)) {
      close_with_response();
      return Next::stop;
    }
    if (head_.framing.content_length > uncounted_bytes && !loop_.api_.memory().has(head_.framing.content_length)) {
      refuse(no_memory);
      return Next::stop;
    }
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  if (head_.framing.is_chunked) {
    begin_ += head_bytes;
    decoder_.emplace(options.limits);
    state_ = State::chunks;
  } else {
    state_ = State::body;
  }
  return Next::more;
}

void Connection::start_body_pace() {
  const Timeouts& timeouts = loop_.api_.options().timeouts;
  pace_.start(loop_.api_.now(), {timeouts.body_grace, timeouts.body_stall, timeouts.body_bytes_per_second});
}

/// A connection that was accepted beyond the limit may make one health or metrics request. It becomes like any other
/// when enough others have closed.
bool Connection::is_refused_for_room() {
  if (has_room_) return false;
  ServerMetrics& metrics = loop_.api_.metrics();
  const auto limit = static_cast<std::int64_t>(loop_.api_.options().limits.connections);
  has_room_ = metrics.connections.load(std::memory_order_relaxed) <= limit;
  if (has_room_) return false;
  closes_ = true;
  if (Api::is_vital(target_, loop_.scratch_)) return false;
  metrics.refused.fetch_add(1, std::memory_order_relaxed);
  return true;
}

Connection::Next Connection::take_body() {
  const std::size_t whole = body_at_ + static_cast<std::size_t>(head_.framing.content_length);
  const std::size_t here = end_ - begin_;
  if (here < whole) {
    // The buffer grows only when it is full: by the bytes that have arrived, not by the length that was announced.
    const bool is_full = end_ + padding >= capacity_;
    if (is_full && !make_room(std::min(whole, std::max(here * 2, first_capacity)))) {
      refuse(no_memory);
      return Next::stop;
    }
    return Next::read;
  }
  if (!make_room(whole)) {  // including the padding
    refuse(no_memory);
    return Next::stop;
  }
  const std::string_view body = buffered().substr(body_at_, whole - body_at_);
  return answer(body);
}

Connection::Next Connection::take_chunks() {
  Refusal refusal;
  if (make_chunk_room())
    begin_ += decoder_->feed(buffered(), chunked_body_, refusal);
  else
    refusal = no_memory;
  if (refusal) {
    refuse(refusal);
    return Next::stop;
  }
  if (!decoder_->is_done()) return Next::read;
  const std::size_t size = chunked_body_.size();
  chunked_body_.append(padding, '\0');
  body_at_ = 0;
  head_.framing.content_length = 0;  // none of the body is in the buffer anymore
  return answer(std::string_view(chunked_body_).substr(0, size));
}

Connection::Next Connection::answer(std::string_view body) {
  request_ = {head_.method, target_, body, head_.json_bytes};
  arrived_ = steady_clock::now();
  deadline_ = TimePoint::max();
  if (loop_.api_.handle(request_, arrived_, Place::inline_, loop_.scratch_, response_)) {
    finish_answer();
    return closes_ || !tail_.empty() ? Next::read : Next::more;
  }
  if (write_some() == Written::failed) {  // earlier answers do not wait for this one
    close();
    return Next::stop;
  }
  state_ = State::working;
  const bool accepted = loop_.workers_.submit(this, [self = shared_from_this()](Scratch& scratch) mutable {
    self->loop_.api_.handle(self->request_, self->arrived_, Place::worker, scratch, self->response_);
    auto& context = self->loop_.context_;
    asio::post(context, [moved = std::move(self)] { moved->on_worked(); });
  });
  if (accepted) {
    watch();
    return Next::stop;
  }
  request_.decoded.reset();  // frees its part of the budget for others
  response_.fail(503, "the queue of requests that wait for a worker is full");
  finish_answer();
  return closes_ ? Next::read : Next::more;
}

/// Notices when the client closes the connection while its request waits for a worker.
void Connection::watch() {
  if (std::exchange(is_watching_, true)) return;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->is_watching_ = false;
    if (!error && self->state_ == State::working) self->look_for_end();
  });
}

void Connection::look_for_end() {
  char byte = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return;  // the next request: an end of the stream after it is not noticed
  const bool is_open = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  if (!is_open && abandon()) close();
}

/// Takes the request back from the queue of the workers. Returns false when a worker has begun it.
bool Connection::abandon() {
  if (!loop_.workers_.withdraw(this)) return false;
  loop_.api_.metrics().abandoned.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Connection::on_worked() {
  if (state_ == State::closed) return;
  finish_answer();
  if (closes_ || !tail_.empty()) return write();
  process();
}

/// Queues the response, which is complete, and forgets the request.
void Connection::finish_answer() {
  closes_ = closes_ || loop_.is_stopping();
  append_response();
  begin_ += body_at_ + static_cast<std::size_t>(head_.framing.content_length);
  body_at_ = 0;
  decoder_.reset();
  chunked_body_.clear();
  state_ = State::head;
}

void Connection::start_answer_pace() {
  const Timeouts& timeouts = loop_.api_.options().timeouts;
  pace_.start(answered_at_, {timeouts.write_stall, timeouts.write_stall, timeouts.answer_bytes_per_second});
  acknowledged_before_ = acknowledged();
}

void Connection::append_response() {
  loop_.api_.metrics().responses.add(response_.status);
  remove_from_list();
  append_to_list();
  ++batched_;
  append_head(out_, response_,
              closes_             ? Persistence::close
              : head_.is_http_1_1 ? Persistence::keep
                                  : Persistence::keep_and_say);
  if (head_.method == Method::head) return;
  if (response_.body.size() > batch_bytes) {
    tail_ = std::move(response_.body);  // counted by `response_.memory` until it is written
    return;
  }
  out_ += response_.body;
  if (response_.body.capacity() <= first_capacity) return;
  std::string().swap(response_.body);
  response_.memory.release();
}

/// Answers a request that is refused, and closes: nothing that follows it is executed.
void Connection::refuse(const Refusal& refusal) {
  if (state_ == State::lingering) return close();
  response_.fail(refusal.status, refusal.reason);
  close_with_response();
}

/// Sends the last answer of this connection, and drops the rest of its request and everything after it.
void Connection::close_with_response() {
  closes_ = true;
  append_response();
  state_ = State::head;
  begin_ = end_;
  write();
}

/// Writes as much as the kernel takes at once.
Connection::Written Connection::write_some() {
  while (written_ < out_.size() + tail_.size()) {
    std::array<asio::const_buffer, 2> buffers{asio::buffer(out_), asio::buffer(tail_)};
    const std::size_t of_out = std::min(written_, out_.size());
    buffers[0] += of_out;
    buffers[1] += written_ - of_out;
    error_code error;
    const std::size_t count = socket_.write_some(buffers, error);
    if (error == asio::error::would_block || error == asio::error::try_again) return Written::some;
    if (error) return Written::failed;
    written_ += count;
    sent_ += count;
  }
  return Written::all;
}

void Connection::write() {
  if (state_ == State::head && !is_writing_) start_answer_pace();
  const Written written = write_some();
  if (written == Written::all) return on_written();
  if (written == Written::failed) return close();
  if (state_ == State::head && !is_reading_) release_room();  // the client may be slow to take it
  memory_.hold(held());
  if (!std::exchange(is_writing_, true) && state_ != State::head) start_answer_pace();
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& failed) {
    if (self->state_ == State::closed) return;
    if (failed) return self->close();
    self->write();
  });
}

void Connection::on_written() {
  const bool has_waited = std::exchange(is_writing_, false);
  is_taking_ = is_taking_ || has_waited || written_ > batch_bytes;  // a large answer may lie in the kernel
  // The client's time begins when all is written, which may take long also without waiting.
  if (state_ == State::head)
    wait_for_client(begin_ == end_ ? loop_.api_.options().timeouts.idle : loop_.api_.options().timeouts.header);
  else if (has_waited && (state_ == State::body || state_ == State::chunks))
    start_body_pace();  // no byte of the body was read in the meantime
  out_.clear();
  if (out_.capacity() > kept_capacity) out_.shrink_to_fit();
  if (tail_.size() > 0) {
    std::string().swap(tail_);
    response_.memory.release();
  }
  written_ = batched_ = 0;
  if (closes_ && state_ == State::head) return linger();
  if (state_ == State::head && begin_ != end_) return process();
  if (state_ == State::head) release_room();
  if (state_ != State::working) read();
}

/// Shuts down the sending side, and discards what the client still sends: if this side closed at once, the client's
/// kernel would drop the answer.
void Connection::linger() {
  state_ = State::lingering;
  wait_for_client(linger_time);
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  if (!is_reading_) {  // otherwise a read still writes to the buffer
    begin_ = end_ = 0;
    release_room();
  }
  read();
}

void Connection::close() {
  if (state_ == State::closed) return;
  if (state_ == State::working) abandon();  // no client is left to take the answer
  state_ = State::closed;
  deadline_ = TimePoint::max();
  loop_.api_.metrics().connections.fetch_sub(1, std::memory_order_relaxed);
  error_code ignored;
  socket_.close(ignored);
}

/// The number of bytes that the client's kernel has acknowledged. Bytes in this side's send buffer are not progress: it
/// may hold megabytes, and a socket becomes writable only when a third of the buffer is free.
std::uint64_t Connection::acknowledged() noexcept {
  int queued = 0;
  if (::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0 || queued < 0) return sent_;
  return sent_ - std::min(static_cast<std::uint64_t>(queued), sent_);
}

/// Closes without waiting for the client to take the rest, which the system would otherwise keep for minutes.
void Connection::abort() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

bool Connection::is_idle(TimePoint now, std::chrono::milliseconds time) {
  error_code ignored;
  return !is_busy() && now >= answered_at_ + time && socket_.available(ignored) == 0 && acknowledged() == sent_;
}

void Connection::check(TimePoint now) {
  auto& timeouts = loop_.api_.metrics().timeouts;
  if (state_ == State::closed) return;
  // When all of an answer is written, the end of it may still be in the send buffer.
  if (is_writing_ || (!is_busy() && acknowledged() != sent_)) {
    const std::uint64_t taken = acknowledged() - acknowledged_before_;
    if (pace_.is_too_slow(now, taken, loop_.api_.now())) {
      timeouts.fetch_add(1, std::memory_order_relaxed);
      return abort();
    }
    is_taking_ = is_taking_ || taken > 0;
    return;
  }
  // A client counts as idle only after it has taken the whole answer.
  if (std::exchange(is_taking_, false) && !is_busy()) wait_for_client(loop_.api_.options().timeouts.idle);
  if (state_ == State::body || state_ == State::chunks) {
    const std::uint64_t got = state_ == State::body ? end_ - begin_ - body_at_ : chunked_body_.size();
    if (!pace_.is_too_slow(now, got, loop_.api_.now())) return;
  } else {
    if (now < deadline_) return;
    if (state_ == State::lingering) return close();
    if (begin_ == end_ && !has_room_) {
      loop_.api_.metrics().refused.fetch_add(1, std::memory_order_relaxed);
      return refuse(no_room);
    }
    if (begin_ == end_) return close();
  }
  timeouts.fetch_add(1, std::memory_order_relaxed);
  refuse({408, "the request came too slowly"});
}

}  // namespace scalar::inline v0::serve
