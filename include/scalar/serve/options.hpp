#pragma once
/// The options of a server: its address, its threads, and the limits and timeouts that clients meet.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace scalar::inline v0::serve {

/// Limits that protect the process from its clients. A request beyond one is refused with the HTTP status in
/// parentheses and a message that says why.
struct Limits {
  std::size_t header_bytes = 8 << 10;                  ///< request line and header fields (431)
  std::size_t header_fields = 100;                     ///< header fields per request (431)
  std::size_t target_bytes = 4 << 10;                  ///< length of the request target (414)
  std::uint64_t body_bytes = std::uint64_t{64} << 20;  ///< length of the body (413)
  std::size_t chunks = 65'536;                         ///< chunks of a chunked body (413)
  int json_depth = 100;                                ///< nesting depth of JSON (400)
  std::uint64_t elements = std::uint64_t{16} << 20;    ///< of all input tensors, or of all output tensors (413)
  std::size_t connections = 4096;         ///< open at a time; an idle one is closed to make room for another (503)
  std::size_t reserved_connections = 16;  ///< beyond `connections`, for one health or metrics request each
  std::size_t requests_per_connection = 100'000;  ///< after the last of them the connection is closed
  std::size_t queued_requests = 1024;             ///< requests that wait for a worker (503)
  /// Memory of all requests and answers together: bodies, what is decoded from them, and answers that clients have not
  /// taken yet (503; 413 for a request that needs more than that by itself).
  std::uint64_t buffered_bytes = std::uint64_t{2} << 30;
};

/// How long the server waits for its clients. All timeouts except `request` are measured on the Runtime's clock.
struct Timeouts {
  std::chrono::milliseconds header{10'000};       ///< from the first byte of a request to the end of its head (408)
  std::chrono::milliseconds body_grace{5'000};    ///< until a body must arrive at `body_bytes_per_second` (408)
  std::uint64_t body_bytes_per_second = 1024;     ///< averaged over the body
  std::chrono::milliseconds body_stall{30'000};   ///< while a body arrives, without any byte of it (408)
  std::chrono::milliseconds idle{75'000};         ///< between two requests on a connection
  std::chrono::milliseconds write_stall{30'000};  ///< while an answer is sent, without the client acknowledging any
                                                  ///< byte; after this long, an answer must also be taken at
                                                  ///< `answer_bytes_per_second`
  std::uint64_t answer_bytes_per_second = 1024;   ///< averaged over the answer
  std::chrono::milliseconds request{60'000};      ///< from the last byte of a request to the start of its
                                                  ///< prediction (504); a running prediction is not interrupted
  std::chrono::milliseconds lame_duck{0};         ///< how long `stop` still accepts connections, while `ready` is a 503
                                                  ///< and answers say `Connection: close`, so that load balancers
                                                  ///< send requests elsewhere
  std::chrono::milliseconds last_request{1'000};  ///< how long `stop` lets an idle connection send one more request
  std::chrono::milliseconds drain{30'000};        ///< how long `stop` waits for all requests, after `lame_duck`
};

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address; "0.0.0.0" or "::" for all
  std::uint16_t port = 0;             ///< 0: any free port, see Server::port
  int threads = 0;                    ///< threads that read, predict and write; 0: as many as the Runtime has
  int workers = 0;                    ///< threads for long predictions; 0: as many as the Runtime has
  std::string name = "scalar";        ///< the name in the server's metadata
  Limits limits{};
  Timeouts timeouts{};
};

struct ModelOptions {
  /// Empty: the next free number, which replaces the newest version. A named version leaves the others in place, and
  /// replaces the one with the same name.
  std::string version{};
};

}  // namespace scalar::inline v0::serve
