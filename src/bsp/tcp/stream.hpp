#pragma once
/// A connected socket, plain or under TLS, which is read and written without waiting.
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

struct ssl_st;

namespace scalar::inline v0::bsp::sockets {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

struct FreeTls {
  void operator()(ssl_st* tls) const noexcept;
};
using TlsHandle = std::unique_ptr<ssl_st, FreeTls>;

/// How a connection has ended.
enum class End : std::uint8_t {
  none,
  broken,     ///< it ended or broke; another source may know better why
  untrusted,  ///< TLS does not accept the other side
  nonsense,   ///< what came is invalid
};

/// Thread safety: one thread at a time.
class Stream {
 public:
  struct Moved {
    std::size_t bytes = 0;
    bool blocked = false;  ///< no more can be moved now
    bool ended = false;    ///< no more can ever be moved; `reason` says why
  };

  /// Does not own `fd`, which is non-blocking.
  explicit Stream(int fd, TlsHandle tls = {}) noexcept : fd_(fd), tls_(std::move(tls)) {}

  int fd() const noexcept { return fd_; }
  Moved read(std::span<const iovec> into);
  Moved write(std::span<const iovec> from);
  /// Switches to TLS.
  void start(TlsHandle tls) noexcept { tls_ = std::move(tls); }
  /// Goes on with the TLS handshake; the result is neither blocked nor ended when it is done.
  Moved shake_hands();
  /// Whether it is writing that blocks.
  bool wants_write() const noexcept;
  /// Whether there is more to read than the socket shows.
  bool has_pending() const noexcept;
  End cause() const noexcept { return cause_; }
  const std::string& reason() const noexcept { return reason_; }

 private:
  Moved end(End cause, std::string reason);
  Moved moved(ssize_t bytes, std::size_t asked);
  Moved read_tls(std::span<const iovec> into);
  Moved write_tls(std::span<const iovec> from);
  Moved tls_moved(int result);

  int fd_;
  TlsHandle tls_;
  End cause_ = End::none;
  std::string reason_;
};

}  // namespace scalar::inline v0::bsp::sockets
