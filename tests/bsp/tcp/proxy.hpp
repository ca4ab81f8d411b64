#pragma once
/// A link between processes that can be cut, stalled, slowed down and lied to.
#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <future>
#include <limits>
#include <list>
#include <thread>

#include "bsp/tcp/job.hpp"

namespace bsp_tcp_test {

/// A place in what one side of a connection says: after `offset` bytes of its first message or frame from number `unit`
/// on that is as long. Messages 0 and 1 of each side are the handshake's; after them come frames or heartbeats.
struct Place {
  enum Purpose : std::uint8_t { join = 1, control = 3, data = 4 };
  Purpose purpose = data;
  bool from_client = true;  ///< in what the one that connected says
  std::uint64_t unit = 0;
  std::uint64_t offset = 0;
};

/// What happens there.
struct Fault {
  enum Kind {
    none,
    cut,        ///< the connection ends
    cut_all,    ///< so do all connections of the link, and nobody comes through any more
    stall,      ///< nothing moves on the connection any more, and nobody is told
    stall_all,  ///< nor on any other of the link
    say,        ///< `text` is said before the rest
  };
  Kind kind = none;
  Place place{};
  std::string text{};
  int times = 1;  ///< on so many connections, one after another
};

/// How fast bytes move on data connections.
struct Pace {
  double bytes_per_second = 0;  ///< in each direction; 0: no limit
};

/// Stands before a loopback port and passes on what comes, from a thread of its own.
class Proxy {
 public:
  explicit Proxy(int target, Fault fault = {}, Pace pace = {})
      : target_(target), fault_(std::move(fault)), pace_(pace), listener_(listen_at_loopback(port_)) {
    thread_ = std::thread([this] { run(); });
  }
  Proxy(const Proxy&) = delete;
  ~Proxy() {
    is_over_ = true;
    thread_.join();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// When the fault happened; waits for it.
  Clock::time_point struck() {
    if (struck_at_.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no fault");
    return struck_at_.get();
  }
  /// The longest time from the first to the last byte of one frame.
  std::chrono::milliseconds longest() const { return std::chrono::milliseconds(longest_.load()); }
  /// How many connections have come.
  int connections() const { return count_; }

 private:
  struct Socket {
    explicit Socket(int number = -1) : fd(number) {}
    Socket(Socket&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    ~Socket() {
      if (fd >= 0) ::close(fd);
    }
    int fd;
  };
  /// One direction.
  struct Flow {
    std::string waiting{};  // read and not yet written
    bool has_ended = false, is_shut = false;
    std::uint64_t unit = 0, at = 0, size = unknown;
    std::array<char, 24> head{};
    Clock::time_point began{};
    Clock::time_point paced_from{};  // since when bytes have been waiting
    double paced_bytes = 0;          // how many of them have moved since
  };
  struct Connection {
    Socket client, server;
    std::array<Flow, 2> flows{};  // from the client, from the server
    int purpose = 0;              // 0: not yet known
    bool is_stalled = false, is_over = false, was_struck = false;
  };
  static constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();

  static Socket listen_at_loopback(int& port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket.fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket.fd, 64) != 0 ||
        ::getsockname(socket.fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("the proxy cannot listen");
    port = ntohs(address.sin_port);
    return socket;
  }

  void run() {
    while (!is_over_) {
      if (pace_.bytes_per_second == 0)
        wait();
      else
        ::poll(nullptr, 0, 1);
      accept();
      for (Connection& connection : connections_) serve(connection);
      std::erase_if(connections_, [](const Connection& connection) { return connection.is_over; });
    }
  }

  /// Until something can move, 20 ms at most.
  void wait() {
    std::vector<pollfd> all{{listener_.fd, POLLIN, 0}};
    for (const Connection& connection : connections_) {
      if (connection.is_stalled || is_dead_) continue;
      const int ends[] = {connection.client.fd, connection.server.fd};
      for (const int way : {0, 1}) {
        const Flow& flow = connection.flows[static_cast<std::size_t>(way)];
        if (!flow.has_ended && flow.waiting.empty()) all.push_back({ends[way], POLLIN, 0});
        if (!flow.waiting.empty()) all.push_back({ends[1 - way], POLLOUT, 0});
      }
    }
    ::poll(all.data(), all.size(), 20);
  }

  void accept() {
    Socket client(::accept4(listener_.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.fd < 0) return;
    ++count_;
    if (is_cut_) return;
    Socket server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(target_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(server.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
    ::fcntl(server.fd, F_SETFL, O_NONBLOCK);
    connections_.push_back({std::move(client), std::move(server)});
  }

  void serve(Connection& connection) {
    if (connection.is_stalled || is_dead_) return;
    if (connection.purpose == 0) {  // it is the first byte after the head of the client's first message
      char begin[17];
      const ssize_t got = ::recv(connection.client.fd, begin, sizeof begin, MSG_PEEK);
      if (got == 0) connection.is_over = true;
      if (got < static_cast<ssize_t>(sizeof begin)) return;
      connection.purpose = begin[16];
    }
    for (const int way : {0, 1}) {
      move(connection, way);
      if (connection.is_over || connection.is_stalled || is_dead_) return;
    }
    connection.is_over = connection.flows[0].is_shut && connection.flows[1].is_shut;
  }

  void move(Connection& connection, int way) {
    Flow& flow = connection.flows[static_cast<std::size_t>(way)];
    const int from = way == 0 ? connection.client.fd : connection.server.fd;
    const int to = way == 0 ? connection.server.fd : connection.client.fd;
    if (flow.waiting.empty() && !flow.has_ended) {
      char bytes[1 << 16];
      const bool is_paced = pace_.bytes_per_second != 0 && connection.purpose == Place::data;
      const std::size_t most = is_paced ? std::min(sizeof bytes, allowed(flow)) : sizeof bytes;
      if (most == 0) return;
      const ssize_t got = ::recv(from, bytes, most, 0);
      if (got > 0) flow.paced_bytes += static_cast<double>(got);
      if (got < 0) flow.paced_from = {};
      if (got == 0) flow.has_ended = true;
      if (got < 0 && errno != EAGAIN) return void(connection.is_over = true);
      if (got > 0) take(connection, way, std::string_view(bytes, static_cast<std::size_t>(got)));
    }
    if (!flow.waiting.empty()) {
      const ssize_t put = ::send(to, flow.waiting.data(), flow.waiting.size(), MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN) return void(connection.is_over = true);
      if (put > 0) flow.waiting.erase(0, static_cast<std::size_t>(put));
    }
    if (flow.has_ended && flow.waiting.empty() && !std::exchange(flow.is_shut, true)) ::shutdown(to, SHUT_WR);
  }

  /// How many bytes may move now. What a busy machine kept this thread from moving in time is made up for.
  std::size_t allowed(Flow& flow) const {
    const auto now = Clock::now();
    if (flow.paced_from == Clock::time_point{}) flow.paced_from = now, flow.paced_bytes = -1;
    const std::chrono::duration<double> passed = now - flow.paced_from;
    return static_cast<std::size_t>(std::max(0.0, passed.count() * pace_.bytes_per_second - flow.paced_bytes));
  }

  bool is_there(const Connection& connection, int way, const Flow& flow) const {
    const Place& place = fault_.place;
    return fault_.kind != Fault::none && fault_.times > 0 && !connection.was_struck &&
           connection.purpose == place.purpose && place.from_client == (way == 0) && flow.unit >= place.unit &&
           flow.at == place.offset && (flow.size == unknown || flow.size > place.offset);
  }

  /// Follows the messages and frames in `bytes`, and does what is to be done at the place of the fault.
  void take(Connection& connection, int way, std::string_view bytes) {
    Flow& flow = connection.flows[static_cast<std::size_t>(way)];
    while (!bytes.empty()) {
      if (is_there(connection, way, flow)) {
        strike(connection, flow);
        if (fault_.kind != Fault::say) return;
      }
      std::uint64_t count = 1;  // in the head byte by byte
      if (flow.at < flow.head.size() && flow.at < flow.size) {
        if (flow.at == 0) flow.began = Clock::now();
        flow.head[flow.at] = bytes[0];
      } else {
        count = std::min<std::uint64_t>(flow.size - flow.at, bytes.size());
        if (flow.at < fault_.place.offset) count = std::min(count, fault_.place.offset - flow.at);
      }
      flow.waiting.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      flow.at += count;
      learn_size(flow);
      if (flow.at != flow.size) continue;
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - flow.began).count();
      if (connection.purpose == Place::data && flow.unit > 1 && took > longest_) longest_ = took;
      ++flow.unit, flow.at = 0, flow.size = unknown;
    }
  }

  /// A message says its length after 8 bytes, a frame after 16.
  static void learn_size(Flow& flow) {
    const bool is_message = std::memcmp(flow.head.data(), "SCLM", 4) == 0;
    if (is_message && flow.at == 12) {
      std::uint32_t length = 0;
      std::memcpy(&length, flow.head.data() + 8, sizeof length);
      flow.size = 16 + std::uint64_t{length};
    } else if (!is_message && flow.at == 24) {
      std::uint64_t length = 0;
      std::memcpy(&length, flow.head.data() + 16, sizeof length);
      flow.size = 32 + length;
    }
  }

  void strike(Connection& connection, Flow& flow) {
    connection.was_struck = true;
    --fault_.times;
    switch (fault_.kind) {
      case Fault::cut_all:
        is_cut_ = true;
        for (Connection& other : connections_) other.is_over = true;
        break;
      case Fault::cut:
        connection.is_over = true;
        break;
      case Fault::stall_all:
        is_dead_ = true;
        break;
      case Fault::stall:
        connection.is_stalled = true;
        break;
      case Fault::say:
        flow.waiting += fault_.text;
        break;
      case Fault::none:
        break;
    }
    if (!std::exchange(has_struck_, true)) strikes_.set_value(Clock::now());
  }

  const int target_;
  Fault fault_;
  const Pace pace_;
  int port_ = 0;
  Socket listener_;
  std::list<Connection> connections_;
  bool is_cut_ = false, is_dead_ = false, has_struck_ = false;
  std::promise<Clock::time_point> strikes_;
  std::future<Clock::time_point> struck_at_ = strikes_.get_future();
  std::atomic<bool> is_over_{false};
  std::atomic<std::int64_t> longest_{0};
  std::atomic<int> count_{0};
  std::thread thread_;
};

}  // namespace bsp_tcp_test
