#pragma once
/// Mutual TLS 1.3: both sides show a certificate that the job's CA has signed.
#include <memory>

#include "bsp/tcp/stream.hpp"
#include "scalar/bsp/processes/tcp.hpp"

namespace scalar::inline v0::bsp::sockets {

/// Thread safety: `make` may be called from any thread.
class Tls {
 public:
  /// Errors: `Errc::invalid_argument`, naming the file and what is wrong with it.
  explicit Tls(const TcpTls& files);
  ~Tls();

  /// One side of a connection over the non-blocking socket `fd`.
  TlsHandle make(int fd, bool is_server) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalar::inline v0::bsp::sockets
