#include "bsp/tcp/link_faults.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>

#include "support/process_words.hpp"

namespace {

std::vector<in_addr_t> unreachable;
std::atomic<bool> is_cut{false};

bool is_unreachable(const sockaddr* address) {
  if (address->sa_family != AF_INET) return false;
  const in_addr_t there = reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr;
  return std::find(unreachable.begin(), unreachable.end(), there) != unreachable.end();
}

void cut() {
  is_cut = true;
  constexpr int most_files = 1024;
  for (int file = 3; file < most_files; ++file) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const there = reinterpret_cast<sockaddr*>(&address);
    if (::getpeername(file, there, &size) == 0 && is_unreachable(there)) ::shutdown(file, SHUT_RDWR);
  }
}

test::SendFault fault;
std::atomic<int> calls{0};

}  // namespace

void test::cut_at_signal(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) unreachable.push_back(::inet_addr(address.c_str()));
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int number = 0;
    if (::sigwait(&signals, &number) != 0) return;
    cut();
    say("cut");
  }).detach();
}

void test::set_send_fault(const SendFault& told) { fault = told; }

// The executable's own come before libc's.
extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  if (is_cut && is_unreachable(address)) return errno = EHOSTUNREACH, -1;
  return static_cast<int>(::syscall(SYS_connect, socket, address, size));
}
extern "C" ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i) bytes += message->msg_iov[i].iov_len;
  if (fault.error != 0 && bytes >= fault.least_bytes && ++calls == fault.call) return errno = fault.error, -1;
  return ::syscall(SYS_sendmsg, socket, message, flags);
}
