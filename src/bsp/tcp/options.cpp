#include "bsp/tcp/options.hpp"

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "bsp/tcp/address.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {
namespace {

constexpr int most_processes = 1 << 16;

void check(std::string_view option, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most)
    fail(Errc::invalid_argument, "bsp::tcp", "{} is {}, expected {} to {}", option, value, least, most);
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
    fail(Errc::invalid_argument, "bsp::tcp", "suspicion is {}, expected more than 0, at most 300", options.suspicion);
  if (options.window_bytes < 4096)
    fail(Errc::invalid_argument, "bsp::tcp", "window_bytes is {}, expected at least 4096", options.window_bytes);
  if (options.max_frame_bytes < 4096)
    fail(Errc::invalid_argument, "bsp::tcp", "max_frame_bytes is {}, expected at least 4096", options.max_frame_bytes);
  if (options.job.size() > 1000)
    fail(Errc::invalid_argument, "bsp::tcp", "job has {} bytes, expected at most 1000", options.job.size());
  parse_address(options.coordinator, "coordinator");
  if (!options.listen.empty()) parse_address(options.listen, "listen", false);
  const TcpTls& tls = options.tls;
  const int files = !tls.certificate_file.empty() + !tls.key_file.empty() + !tls.ca_file.empty();
  if (files != 0 && files != 3)
    fail(Errc::invalid_argument, "bsp::tcp", "tls has {} files, expected certificate_file, key_file and ca_file",
         files);
  return options;
}

}  // namespace scalar::inline v0::bsp::sockets
