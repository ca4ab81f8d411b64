// Serves a model over REST on a free port, asks it once over loopback, and stops.
#include <scalar/scalar.hpp>
#include <scalar/serve.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

/// A client in a few lines: posts `body` and returns the whole response. Real ones speak the Open Inference Protocol.
std::string post(std::uint16_t port, const std::string& path, const std::string& body) {
  const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const std::string request = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  std::string response;
  if (::connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::send(connection, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t got = 0; (got = ::recv(connection, buffer, sizeof buffer, 0)) > 0;)
      response.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(connection);
  if (response.empty()) throw std::runtime_error("the server did not answer");
  return response;
}

int main(int argc, char** argv) {
  using namespace scalar;
  const Table table = data::read_csv(argc > 1 ? argv[1] : "examples/data/randhie.csv", {.label = "mdvis"});
  const auto model = Trainer{GradientBoostedTrees{.trees = 20, .depth = 3, .loss = Loss::squared}}.fit(table);

  serve::Server server{{.port = 0}};  // 0: a free port; server.url() says which
  server.add("visits", Predictor{model, {.cache_bytes = 1 << 20}});
  server.start();  // in the background; a program that only serves calls run()

  std::string inputs;
  for (const auto& input : model.encoder().inputs())
    inputs += (inputs.empty() ? "" : ",") +
              (R"({"name":")" + input.name + R"(","datatype":"FP64","shape":[1,1],"data":[1]})");
  const std::string response = post(server.port(), "/v2/models/visits/infer", "{\"inputs\":[" + inputs + "]}");
  std::printf("%s\n", response.substr(0, response.find('\r')).c_str());
  const std::size_t data = response.find("\"data\":[");
  if (data == std::string::npos) throw std::runtime_error(response);
  std::printf("%.2f visits\n", std::stod(response.substr(data + 8)));
  server.stop();  // returns when the last request is answered
}
