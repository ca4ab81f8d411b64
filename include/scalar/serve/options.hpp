#pragma once
/// What a server listens on, and how much and how long it lets strangers have.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace scalar::inline v0::serve {

/// What protects the process. Whatever goes beyond is refused with the status in brackets, and a sentence that says so.
struct Limits {
  std::size_t header_bytes = 8 << 10;                     ///< request line and fields (431)
  std::size_t header_fields = 100;                        ///< (431)
  std::size_t target_bytes = 4 << 10;                     ///< the request target (414)
  std::uint64_t body_bytes = std::uint64_t{64} << 20;     ///< (413)
  std::size_t chunks = 65'536;                            ///< of a chunked body (413)
  int json_depth = 100;                                   ///< levels (400)
  std::uint64_t elements = std::uint64_t{16} << 20;       ///< of all input or all output tensors (413)
  std::size_t connections = 4096;                         ///< at a time; an idle one makes room for another (503)
  std::size_t reserved_connections = 16;                  ///< beyond them, for one request of health or metrics each
  std::size_t requests_per_connection = 100'000;          ///< then the connection is closed, politely
  std::size_t queued_requests = 1024;                     ///< that wait for a worker (503)
  std::uint64_t buffered_bytes = std::uint64_t{2} << 30;  ///< of all requests and answers together: bodies, what is
                                                          ///< decoded from them, and what clients have not taken
                                                          ///< yet (503; 413 for one that needs more alone)
};

/// How long the server waits for a client. All but `request` are measured on the Runtime's clock.
struct Timeouts {
  std::chrono::milliseconds header{10'000};       ///< from the first byte of a request to the last of its head (408)
  std::chrono::milliseconds body_grace{5'000};    ///< then a body must come with `body_bytes_per_second` (408)
  std::uint64_t body_bytes_per_second = 1024;     ///< averaged over the body
  std::chrono::milliseconds body_stall{30'000};   ///< of a body, without a byte of it (408)
  std::chrono::milliseconds idle{75'000};         ///< between two requests of a connection
  std::chrono::milliseconds write_stall{30'000};  ///< without the client acknowledging a byte of an answer; then an
                                                  ///< answer must also be taken with `answer_bytes_per_second`
  std::uint64_t answer_bytes_per_second = 1024;   ///< averaged over the answer
  std::chrono::milliseconds request{60'000};      ///< from the last byte of a request to the moment its
                                                  ///< prediction begins (504); one that runs is not interrupted
  std::chrono::milliseconds lame_duck{0};  ///< that `stop` goes on accepting, with `ready` a 503 and answers that
                                           ///< say `Connection: close`, so that balancers turn away
  std::chrono::milliseconds last_request{1'000};  ///< that `stop` leaves an idle connection for one more request
  std::chrono::milliseconds drain{30'000};        ///< that `stop` gives to all requests, after `lame_duck`
};

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address; "0.0.0.0" or "::" for all
  std::uint16_t port = 0;             ///< 0: a free one, see Server::port
  int threads = 0;                    ///< that read, predict and write; 0: as many as the Runtime's
  int workers = 0;                    ///< for predictions that take long; 0: as many as the Runtime's
  std::string name = "scalar";        ///< in the server's metadata
  Limits limits{};
  Timeouts timeouts{};
};

struct ModelOptions {
  /// Empty: the next free number, which takes the place of the newest version. A version that is named leaves the
  /// others in place, and replaces one of the same name.
  std::string version{};
};

}  // namespace scalar::inline v0::serve
