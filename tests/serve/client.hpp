#pragma once
/// A plain socket that speaks to a server on loopback, byte by byte.
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace serve_test {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> fields{};  // names in lower case
  std::string body{};

  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  }
};

class Client {
 public:
  /// `receive_bytes`: of the kernel's receive buffer; 0: as it likes.
  explicit Client(std::uint16_t port, int receive_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    connect(port);
  }
  /// With a socket, but not connected yet.
  Client() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {}
  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
  }
  Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }

  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  /// The next response; status 0 when the connection ended instead. Throws after 20 seconds.
  Answer receive(bool has_body = true) {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == received_.npos)
      if (!more()) return {};
    Answer answer;
    answer.status = std::stoi(received_.substr(9, 3));
    for (std::size_t at = received_.find("\r\n") + 2; at < end + 2;) {
      const std::size_t line_end = received_.find("\r\n", at), colon = received_.find(": ", at);
      std::string name = received_.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.fields[name] = received_.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    received_.erase(0, end + 4);
    if (answer.status == 100 || !has_body) return answer;
    const std::size_t size = std::stoul(answer.field("content-length"));
    while (received_.size() < size)
      if (!more()) throw std::runtime_error("the body is cut off");
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
  }
  /// Throws `count` bytes away that the server sends. False when the connection ended before.
  bool skip(std::size_t count) {
    while (received_.size() < count)
      if (!more()) return false;
    received_.erase(0, count);
    return true;
  }
  /// True when the server closes without another byte.
  bool is_closed() { return received_.empty() && !more(); }

  /// The server's end of the connection, where it is in this process. -1: there is none.
  int server_end() const {
    const std::uint16_t mine = port_of(socket_, ::getsockname), server = port_of(socket_, ::getpeername);
    for (int other = 0; other < 1024; ++other)
      if (port_of(other, ::getpeername) == mine && port_of(other, ::getsockname) == server) return other;
    return -1;
  }
  /// Whether the server has taken out of its kernel all that was sent.
  bool is_read() const {
    int unsent = 0, unread = 0;
    return ::ioctl(socket_, SIOCOUTQ, &unsent) == 0 && ::ioctl(server_end(), FIONREAD, &unread) == 0 &&
           unsent + unread == 0;
  }
  /// Makes the server's kernel take no more for this client until it has read. Returns how many bytes it must skip.
  std::size_t fill() const {
    const int end = server_end();
    const std::string junk(16 << 10, '-');
    std::size_t total = 0;
    for (std::size_t size = junk.size(); size > 0;) {
      const ssize_t count = ::send(end, junk.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0)
        total += static_cast<std::size_t>(count);
      else
        size /= 2;
    }
    const int least = 1;  // what the client's kernel still takes makes no room
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    return total;
  }

 private:
  template <class Name>
  static std::uint16_t port_of(int socket, Name name) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    return name(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.sin_family == AF_INET
               ? address.sin_port
               : std::uint16_t{0};
  }
  bool more() {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, 20'000) != 1) throw std::runtime_error("the server says nothing");
    char bytes[65536];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  std::string received_{};
};

inline std::string get(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& target, const std::string& body, const std::string& fields = {}) {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

}  // namespace serve_test
