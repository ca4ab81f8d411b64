#include "bsp/tcp/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

// OpenSSL's own socket BIO lets a write to a closed connection raise SIGPIPE, which would end the host's process.
int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int finish(BIO* bio, ssize_t moved, int retry) {
  BIO_clear_retry_flags(bio);
  if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(moved);
}

int write_bytes(BIO* bio, const char* bytes, int count) {
  return finish(bio, ::send(fd_of(bio), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL), BIO_FLAGS_WRITE);
}

int read_bytes(BIO* bio, char* bytes, int count) {
  const ssize_t got = ::recv(fd_of(bio), bytes, static_cast<std::size_t>(count), 0);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return finish(bio, got, BIO_FLAGS_READ);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return 0;
}

std::string reason() {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  return text != nullptr ? text : "no reason given";
}

}  // namespace

struct Tls::Impl {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_method()), SSL_CTX_free};
  std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method{
      BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scalar socket"), BIO_meth_free};
};

Tls::Tls(const TcpTls& files) : impl_(std::make_unique<Impl>()) {
  ERR_clear_error();
  SSL_CTX* const context = impl_->context.get();
  BIO_METHOD* const method = impl_->method.get();
  if (context == nullptr || method == nullptr) fail(Errc::internal, "bsp::tcp", "TLS: {}", reason());
  BIO_meth_set_write(method, write_bytes);
  BIO_meth_set_read(method, read_bytes);
  BIO_meth_set_ctrl(method, control);
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);  // frames have lengths: nothing is cut off unnoticed
  // Several records are read at once, and the faster of the strong ciphers comes first.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 256 << 10);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  const auto check = [](bool is_good, const char* option, const std::string& file) {
    if (!is_good) fail(Errc::invalid_argument, "bsp::tcp", "tls.{} \"{}\" cannot be used: {}", option, file, reason());
  };
  check(SSL_CTX_use_certificate_chain_file(context, files.certificate_file.c_str()) == 1, "certificate_file",
        files.certificate_file);
  check(SSL_CTX_use_PrivateKey_file(context, files.key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_check_private_key(context) == 1,
        "key_file", files.key_file);
  check(SSL_CTX_load_verify_locations(context, files.ca_file.c_str(), nullptr) == 1, "ca_file", files.ca_file);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

Tls::~Tls() = default;

TlsHandle Tls::make(int fd, bool is_server) const {
  TlsHandle tls(SSL_new(impl_->context.get()));
  BIO* const bio = BIO_new(impl_->method.get());
  if (tls == nullptr || bio == nullptr) fail(Errc::internal, "bsp::tcp", "TLS: {}", reason());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));  // NOLINT(performance-no-int-to-ptr)
  BIO_set_init(bio, 1);
  SSL_set_bio(tls.get(), bio, bio);
  is_server ? SSL_set_accept_state(tls.get()) : SSL_set_connect_state(tls.get());
  return tls;
}

}  // namespace scalar::inline v0::bsp::sockets
