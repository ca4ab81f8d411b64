#pragma once
/// Real processes, started and always ended by the tests.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/free_port.hpp"

namespace bsp_tcp_test {

using Options = std::map<std::string, std::string>;
using Clock = std::chrono::steady_clock;

inline constexpr std::chrono::seconds patience{60};  // then a test has failed; nothing takes so long

/// One process: `bsp_tcp_process <program> ...`.
class Process {
 public:
  /// `before` is what the command begins with.
  Process(const std::string& program, const Options& options, std::vector<std::string> before = {}) {
    std::vector<std::string> words = std::move(before);
    words.insert(words.end(), {SCALAR_BSP_TCP_PROCESS, program});
    for (const auto& [name, value] : options) words.push_back(name + '=' + value);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    const int failed = ::posix_spawnp(&pid_, arguments[0], &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::close(ends[1]);
    output_ = ends[0];
    if (failed != 0) throw std::runtime_error("cannot start " + words[0]);
  }
  Process(const Process&) = delete;
  ~Process() {
    signal(SIGCONT);
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(output_);
  }

  void signal(int number) const { ::kill(pid_, number); }
  /// The next line that it says; "silence" when there is none for too long, "end" at its end.
  std::string line() {
    const auto until = Clock::now() + patience;
    for (;;) {
      if (const std::size_t end = text_.find('\n'); end != std::string::npos) {
        std::string first = text_.substr(0, end);
        text_.erase(0, end + 1);
        return first;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      pollfd one{output_, POLLIN, 0};
      if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) == 0) return "silence";
      char bytes[4096];
      const ssize_t got = ::read(output_, bytes, sizeof bytes);
      if (got <= 0) return "end";
      text_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  /// What it says last: its result.
  std::string result() {
    for (std::string said = line();; said = line()) {
      if (said.starts_with("aborted ")) aborted_ = said;
      if (said.starts_with("ok ") || said.starts_with("error ") || said == "silence" || said == "end") return said;
    }
  }
  /// Where what it says can be read.
  int output() const { return output_; }
  /// What its first peer was told of a failure, before the result.
  const std::string& aborted() const { return aborted_; }

 private:
  pid_t pid_ = 0;
  int output_ = -1;
  std::string text_, aborted_;
};

/// All processes of a job.
struct Job {
  Job(const std::string& program, int processes, const Options& options = {}, int port = test::free_port())
      : coordinator("127.0.0.1:" + std::to_string(port)) {
    for (int process = 0; process < processes; ++process) start(program, process, processes, options);
  }
  Process& start(const std::string& program, int process, int processes, Options options,
                 const std::vector<std::string>& before = {}) {
    options.emplace("coordinator", coordinator);
    options.emplace("process", std::to_string(process));
    options.emplace("processes", std::to_string(processes));
    return *all.emplace_back(std::make_unique<Process>(program, options, before));
  }
  Process& operator[](int process) { return *all[static_cast<std::size_t>(process)]; }
  /// Waits until each says `line`.
  void await(const std::string& line) {
    for (int process = 0; process < static_cast<int>(all.size()); ++process) await(process, line);
  }
  /// Waits until `process` says it.
  void await(int process, const std::string& line) {
    for (std::string said = (*this)[process].line(); said != line; said = (*this)[process].line())
      if (said == "silence" || said == "end") throw std::runtime_error(said + " instead of " + line);
  }

  std::string coordinator;
  std::vector<std::unique_ptr<Process>> all;
};

/// The first of two that says something or ends.
inline Process& first_to_speak(Process& one, Process& other) {
  pollfd both[] = {{one.output(), POLLIN, 0}, {other.output(), POLLIN, 0}};
  if (::poll(both, 2, static_cast<int>(std::chrono::milliseconds(patience).count())) <= 0)
    throw std::runtime_error("silence of both");
  return both[0].revents != 0 ? one : other;
}

/// A plain connection of a stranger to a loopback port.
class Stranger {
 public:
  explicit Stranger(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto until = Clock::now() + patience;
    while (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      if (Clock::now() > until) throw std::runtime_error("nobody listens");
  }
  Stranger(const Stranger&) = delete;
  ~Stranger() { ::close(socket_); }
  void say(const void* bytes, std::size_t size) const {
    if (::send(socket_, bytes, size, MSG_NOSIGNAL) < 0) throw std::runtime_error("cannot send");
  }
  /// Everything until the other side closes the connection.
  std::string hear() const {
    std::string all;
    for (;;) {
      pollfd one{socket_, POLLIN, 0};
      if (::poll(&one, 1, 60'000) <= 0) return "silence";
      char bytes[4096];
      const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
      if (got <= 0) return all;
      all.append(bytes, static_cast<std::size_t>(got));
    }
  }

 private:
  int socket_;
};

}  // namespace bsp_tcp_test
