#include "bsp/tcp/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace scalar::inline v0::bsp::sockets {
namespace {

constexpr std::size_t record_bytes = 16384;  // the most that one TLS record holds

std::size_t total(std::span<const iovec> parts) {
  std::size_t bytes = 0;
  for (const iovec& part : parts) bytes += part.iov_len;
  return bytes;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

void FreeTls::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }

Stream::Moved Stream::end(End cause, std::string reason) {
  cause_ = cause;
  reason_ = std::move(reason);
  return {.ended = true};
}

Stream::Moved Stream::moved(ssize_t bytes, std::size_t asked) {
  if (bytes >= 0) return {.bytes = static_cast<std::size_t>(bytes), .blocked = static_cast<std::size_t>(bytes) < asked};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.blocked = true};
  return end(End::broken, "its connection broke: " + std::generic_category().message(errno));
}

Stream::Moved Stream::read(std::span<const iovec> into) {
  if (tls_) return read_tls(into);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(into.data());
  message.msg_iovlen = into.size();
  const ssize_t got = ::recvmsg(fd_, &message, MSG_DONTWAIT);
  if (got == 0) return end(End::broken, "its connection ended");
  return moved(got, total(into));
}

Stream::Moved Stream::write(std::span<const iovec> from) {
  if (tls_) return write_tls(from);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from.data());
  message.msg_iovlen = from.size();
  return moved(::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL), total(from));
}

Stream::Moved Stream::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  return result == 1 ? Moved{} : tls_moved(result);
}

bool Stream::wants_write() const noexcept { return tls_ != nullptr && SSL_want_write(tls_.get()); }

bool Stream::has_pending() const noexcept { return tls_ != nullptr && SSL_has_pending(tls_.get()) == 1; }

Stream::Moved Stream::read_tls(std::span<const iovec> into) {
  Moved all;
  for (const iovec& part : into)
    for (std::size_t at = 0; at < part.iov_len;) {
      ERR_clear_error();
      std::size_t got = 0;
      const int result = SSL_read_ex(tls_.get(), static_cast<char*>(part.iov_base) + at, part.iov_len - at, &got);
      if (result != 1) {
        const Moved last = tls_moved(result);
        // What came before the end is not lost: the next call finds the end again.
        if (all.bytes == 0 || !last.ended) all.ended = last.ended;
        all.blocked = last.blocked;
        return all;
      }
      at += got, all.bytes += got;
    }
  return all;
}

/// Puts small parts into one record.
Stream::Moved Stream::write_tls(std::span<const iovec> from) {
  Moved all;
  std::array<char, record_bytes> gathered;
  for (std::size_t part = 0, at = 0; part < from.size();) {
    const char* begin = static_cast<const char*>(from[part].iov_base) + at;
    std::size_t size = from[part].iov_len - at;
    if (size < record_bytes) {
      std::size_t filled = 0;
      for (std::size_t p = part, a = at; p < from.size() && filled < record_bytes; ++p, a = 0) {
        const std::size_t take = (std::min)(from[p].iov_len - a, record_bytes - filled);
        if (take != 0) std::memcpy(gathered.data() + filled, static_cast<const char*>(from[p].iov_base) + a, take);
        filled += take;
      }
      begin = gathered.data(), size = filled;
    }
    if (size == 0) return all;
    ERR_clear_error();
    std::size_t put = 0;
    const int result = SSL_write_ex(tls_.get(), begin, (std::min)(size, record_bytes), &put);
    if (result != 1) {
      const Moved last = tls_moved(result);
      all.blocked = last.blocked, all.ended = last.ended;
      return all;
    }
    all.bytes += put;
    while (part < from.size() && put >= from[part].iov_len - at) put -= from[part].iov_len - at, ++part, at = 0;
    at += put;
  }
  return all;
}

Stream::Moved Stream::tls_moved(int result) {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {.blocked = true};
    case SSL_ERROR_ZERO_RETURN:
      return end(End::broken, "its connection ended");
    case SSL_ERROR_SYSCALL:
      return end(End::broken, errno == 0 ? "its connection ended"
                                         : "its connection broke: " + std::generic_category().message(errno));
    default: {
      const char* text = ERR_reason_error_string(ERR_peek_last_error());
      return end(End::untrusted, std::string("TLS: ") + (text != nullptr ? text : "a failure without a name"));
    }
  }
}

}  // namespace scalar::inline v0::bsp::sockets
