#include "bsp/tcp/options.hpp"

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "bsp/tcp/address.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

constexpr int most_processes = 1 << 16;

[[noreturn]] void refuse(const std::string& what) { throw Error(Errc::invalid_argument, what, "bsp::tcp"); }

void check(std::string_view option, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most)
    refuse(std::string(option) + " is " + std::to_string(value) + ", expected " + std::to_string(least) + " to " +
           std::to_string(most));
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> variables;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view text = *at;
    const std::size_t equals = text.find('=');
    if (equals != text.npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace

TcpOptions complete(const TcpOptions& given) {
  const bool is_whole = !given.coordinator.empty() && (given.newcomer || (given.process >= 0 && given.processes > 0));
  TcpOptions options = is_whole ? given : tcp_options(environment(), given);
  constexpr std::int64_t day = 86'400'000;
  if (!options.newcomer) {
    check("processes", options.processes, 1, most_processes);
    check("process", options.process, 0, options.processes - 1);
  }
  check("join_timeout", options.join_timeout.count(), 1, day);
  check("heartbeat_interval", options.heartbeat_interval.count(), 1, day);
  check("heartbeat_pause", options.heartbeat_pause.count(), 0, day);
  check("stall_timeout", options.stall_timeout.count(), 1, day);
  check("minority_pause", options.minority_pause.count(), 0, day);
  if (!(options.suspicion > 0 && options.suspicion <= 300))
    refuse("suspicion is " + std::to_string(options.suspicion) + ", expected more than 0, at most 300");
  if (options.window_bytes < 4096)
    refuse("window_bytes is " + std::to_string(options.window_bytes) + ", expected at least 4096");
  if (options.max_frame_bytes < 4096)
    refuse("max_frame_bytes is " + std::to_string(options.max_frame_bytes) + ", expected at least 4096");
  if (options.job.size() > 1000)
    refuse("job has " + std::to_string(options.job.size()) + " bytes, expected at most 1000");
  parse_address(options.coordinator, "coordinator");
  if (!options.listen.empty()) parse_address(options.listen, "listen", false);
  const TcpTls& tls = options.tls;
  const int files = !tls.certificate_file.empty() + !tls.key_file.empty() + !tls.ca_file.empty();
  if (files != 0 && files != 3)
    refuse("tls has " + std::to_string(files) + " files, expected certificate_file, key_file and ca_file");
  return options;
}

}  // namespace scalar::inline v0::bsp::sockets
