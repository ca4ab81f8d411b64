// Server CPU of one infer request: 10 features, JSON, 32 connections, one prediction; Scalar against a running Triton.
//
//   benchmark_serve [--json] [--triton PID PORT MODEL]
//
// The server runs in a process of its own. Its CPU is what the kernel counted for the whole process while a closed loop
// of 32 connections asked, user and system time together. Triton is started as benchmarks/README.md says; its model has
// an input INPUT0 FP32 [-1, 10]; MODEL_cache is the same behind its response cache.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench.hpp"
#include "scalar/serve.hpp"

namespace {

constexpr int connections = 32;
constexpr int requests = 100'000;  // a round
constexpr const char* what[] = {
    "infer request, JSON, 10 features, 32 connections, server CPU", "the same request, answered from the cache",
    "the same features, one tensor for each of 10 columns", "the same request to a function of tensors"};
constexpr const char* features[] = {"1", "2.5", "-3", "4.25", "5", "6.5", "7", "8", "9.75", "10"};

std::string post(const std::string& model, const std::string& body) {
  return "POST /v2/models/" + model +
         "/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string request(const std::string& model, const std::string& input) {
  std::string data;
  for (const char* feature : features) data += (data.empty() ? "" : ",") + std::string(feature);
  return post(model,
              R"({"inputs":[{"name":")" + input + R"(","shape":[1,10],"datatype":"FP32","data":[)" + data + "]}]}");
}

std::string request_by_column(const std::string& model) {
  std::string inputs;
  for (int i = 0; i < 10; ++i)
    inputs += std::string(i == 0 ? "" : ",") + R"({"name":"x)" + std::to_string(i) +
              R"(","shape":[1,1],"datatype":"FP64","data":[)" + features[i] + "]}";
  return post(model, R"({"inputs":[)" + inputs + "]}");
}

/// CPU seconds of a process: fields 14 and 15 of its stat (proc(5)).
double cpu_seconds(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// The size of a whole response at the front of `bytes`, or 0.
std::size_t response_size(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) return 0;
  if (!bytes.starts_with("HTTP/1.1 200")) throw std::runtime_error("not 200: " + std::string(bytes.substr(0, 400)));
  const std::size_t length = bytes.find("Content-Length: ");
  const std::size_t size = end + 4 + std::strtoull(bytes.data() + length + 16, nullptr, 10);
  return bytes.size() < size ? 0 : size;
}

class Load {
 public:
  Load(std::uint16_t port, std::string text) : text_(std::move(text)), poll_(epoll_create1(0)) {
    for (Connection& connection : connections_) {
      connection.socket = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("cannot connect to port " + std::to_string(port));
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      epoll_ctl(poll_, EPOLL_CTL_ADD, connection.socket, &event);
    }
  }
  ~Load() {
    for (const Connection& connection : connections_) close(connection.socket);
    close(poll_);
  }

  /// Asks `count` times, one request at a time on each connection.
  void run(int count) {
    int sent = 0, done = 0;
    for (; sent < connections && sent < count; ++sent) ask(connections_[static_cast<std::size_t>(sent)]);
    std::array<epoll_event, connections> events;
    while (done < count) {
      const int ready = epoll_wait(poll_, events.data(), connections, 10'000);
      if (ready <= 0) throw std::runtime_error("the server says nothing");
      for (int i = 0; i < ready; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        char bytes[4096];
        const ssize_t got = recv(connection.socket, bytes, sizeof bytes, 0);
        if (got <= 0) throw std::runtime_error("the server closed a connection");
        connection.received.append(bytes, static_cast<std::size_t>(got));
        if (response_size(connection.received) == 0) continue;
        connection.received.clear();
        ++done;
        if (sent < count) ask(connection), ++sent;
      }
    }
  }

 private:
  struct Connection {
    int socket = -1;
    std::string received{};
  };
  void ask(const Connection& connection) {
    if (send(connection.socket, text_.data(), text_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text_.size()))
      throw std::runtime_error("cannot send");
  }

  std::string text_;
  int poll_;
  std::array<Connection, connections> connections_{};
};

/// Microseconds of server CPU a request.
double measure(pid_t process, Load& load) {
  const double before = cpu_seconds(process);
  load.run(requests);
  return (cpu_seconds(process) - before) / requests * 1e6;
}

/// As the linear model: the weighted sum of each row.
void sum_of_rows(std::span<const scalar::TensorView> inputs, std::vector<scalar::Tensor>& outputs) {
  const auto* const values = reinterpret_cast<const float*>(inputs[0].data.data());
  const std::int64_t rows = inputs[0].shape[0];
  outputs[0].type = scalar::DataType::float64;
  outputs[0].shape.assign({rows, 1});
  outputs[0].data.resize(static_cast<std::size_t>(rows) * sizeof(double));
  auto* const sums = reinterpret_cast<double*>(outputs[0].data.data());
  for (std::int64_t row = 0; row < rows; ++row) {
    double sum = 0.5;
    for (int i = 0; i < 10; ++i) sum += (0.1 * i + 0.1) * static_cast<double>(values[row * 10 + i]);
    sums[row] = sum;
  }
}

struct OwnServer {
  pid_t process = -1;
  std::uint16_t port = 0;

  OwnServer() {
    int channel[2];
    if (pipe(channel) != 0) throw std::runtime_error("no pipe");
    process = fork();
    if (process == 0) serve(channel[1]);
    if (read(channel[0], &port, sizeof port) != sizeof port) throw std::runtime_error("the server did not start");
    close(channel[0]);
    close(channel[1]);
  }
  ~OwnServer() {
    kill(process, SIGTERM);
    waitpid(process, nullptr, 0);
  }

  [[noreturn]] static void serve(int channel) {
    using namespace scalar;
    LinearParameters parameters{.features = 10, .outputs = 1, .link = Link::identity};
    std::vector<std::string> names;
    for (int i = 0; i < 10; ++i) {
      parameters.values.push_back(0.1 * i + 0.1);
      names.push_back("x" + std::to_string(i));
    }
    parameters.values.push_back(0.5);
    const Model<LinearRegression> model({}, parameters, Encoder::identity(names, {}));
    serve::Server server;
    server.add("linear10", Predictor(model));
    server.add("cached", Predictor(model, {.cache_bytes = 1 << 20}));
    server.add("tensors", serve::make_servable(Signature{.inputs = {{"input", DataType::float32, {-1, 10}}},
                                                         .outputs = {{"prediction", DataType::float64, {-1, 1}}}},
                                               sum_of_rows));
    const std::uint16_t chosen = server.port();
    if (write(channel, &chosen, sizeof chosen) != sizeof chosen) std::_Exit(1);
    server.run();
    std::_Exit(0);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int at = argc > 1 && std::string(argv[1]) == "--json" ? 2 : 1;
  OwnServer own;
  Load plain(own.port, request("linear10", "input")), cached(own.port, request("cached", "input"));
  Load columns(own.port, request_by_column("linear10")), tensors(own.port, request("tensors", "input"));
  std::vector<bench::Contender> contenders{{"scalar", [&] { return measure(own.process, plain); }},
                                           {"scalar, cache hit", [&] { return measure(own.process, cached); }},
                                           {"scalar, columns", [&] { return measure(own.process, columns); }},
                                           {"scalar, tensors", [&] { return measure(own.process, tensors); }}};
  if (argc < at + 4 || std::string(argv[at]) != "--triton") {
    const auto figures = bench::interleave(contenders, 5);
    if (at == 1)
      std::printf("| what | ours | rival | rival's | rounds | faster | goal | |\n|---|---|---|---|---|---|---|---|\n");
    for (std::size_t i = 0; i < std::size(what); ++i)
      std::printf(at == 1 ? "| %s | %.3g us | Triton (--triton PID PORT MODEL) | | 5 | | 2.86x | not measured |\n"
                          : "{\"what\":\"%s\",\"unit\":\"us\",\"ours\":%.6g,\"rival\":null}\n",
                  what[i], bench::median(figures[i]));
    return 0;
  }
  const pid_t triton = std::atoi(argv[at + 1]);
  Load rival(static_cast<std::uint16_t>(std::atoi(argv[at + 2])), request(argv[at + 3], "INPUT0"));
  Load rival_cached(static_cast<std::uint16_t>(std::atoi(argv[at + 2])),
                    request(std::string(argv[at + 3]) + "_cache", "INPUT0"));
  contenders.push_back({"triton", [&] { return measure(triton, rival); }});
  contenders.push_back({"triton, cache hit", [&] { return measure(triton, rival_cached); }});
  const auto figures = bench::interleave(contenders, 5);
  return bench::print({{what[0], "Triton 2.51", "us", figures[0], figures[4], 1 / 0.35},
                       {what[1], "Triton 2.51 with its cache", "us", figures[1], figures[5], 1 / 0.35}},
                      argc, argv);
}
