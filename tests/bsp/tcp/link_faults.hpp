#pragma once
/// What goes wrong in this process between it and the network. The calls are interposed: the library has no hooks.
#include <string>
#include <vector>

namespace test {

/// From now on SIGUSR1 cuts this process off from the others at these IPv4 addresses: its connections to them end, and
/// it cannot make new ones; then it says `cut`. Before any other thread starts.
void cut_at_signal(const std::vector<std::string>& addresses);

/// A call of sendmsg that fails.
struct SendFault {
  int error = 0;  ///< errno; 0: none fails
  int call = 1;   ///< which call with at least `least_bytes`, counted from 1
  std::size_t least_bytes = 1;
};
void set_send_fault(const SendFault& fault);

}  // namespace test
