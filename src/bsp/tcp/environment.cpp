// What launchers tell the processes they start.
#include <charconv>
#include <cstdint>
#include <string_view>

#include "core/fail.hpp"
#include "scalar/bsp/processes/tcp.hpp"
#include "scalar/core/hash.hpp"

namespace scalar::inline v0::bsp {
namespace {

using Environment = std::map<std::string, std::string>;

constexpr int kubernetes_port = 7077;

const std::string* find(const Environment& environment, const std::string& name) {
  const auto at = environment.find(name);
  return at == environment.end() || at->second.empty() ? nullptr : &at->second;
}

std::int64_t number(const std::string& name, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > 1'000'000'000)
    fail(Errc::invalid_argument, "environment", "{} is \"{}\", expected a number", name, text);
  return value;
}

/// A port computed from the job's name, so that all its processes get the same one without talking to each other.
int port_of(std::string_view job) { return 20000 + static_cast<int>(hash128(job).low % 12000); }

/// The first host of a list such as `node[03-07,9],login1`.
std::string first_host(std::string_view list) {
  const std::size_t bracket = list.find('[');
  const std::size_t comma = list.find(',');
  if (bracket == list.npos || comma < bracket) return std::string(list.substr(0, comma));
  const std::size_t close = list.find(']', bracket);
  const std::string_view inside = list.substr(bracket + 1, close == list.npos ? list.npos : close - bracket - 1);
  std::string host(list.substr(0, bracket));
  host += inside.substr(0, inside.find_first_of(",-"));
  if (close == list.npos) return host;
  const std::string_view after = list.substr(close + 1);
  return host + std::string(after.substr(0, after.find(',')));
}

class Reader {
 public:
  Reader(const Environment& environment, TcpOptions& options) : environment_(environment), options_(options) {}

  void take(const std::string& rank, const std::string& size) {
    if (const std::string* text = find(environment_, rank); text != nullptr && options_.process < 0)
      options_.process = static_cast<int>(number(rank, *text));
    if (size.empty()) return;
    if (const std::string* text = find(environment_, size); text != nullptr && options_.processes <= 0)
      options_.processes = static_cast<int>(number(size, *text));
  }
  void take_text(const std::string& name, std::string& to) {
    if (const std::string* text = find(environment_, name); text != nullptr && to.empty()) to = *text;
  }
  bool has(const std::string& name) const { return find(environment_, name) != nullptr; }
  std::string text(const std::string& name) const {
    const std::string* found = find(environment_, name);
    return found == nullptr ? std::string() : *found;
  }
  bool needs_coordinator() const { return options_.coordinator.empty(); }
  void set_coordinator(const std::string& host, int port) { options_.coordinator = fmt::format("{}:{}", host, port); }

 private:
  const Environment& environment_;
  TcpOptions& options_;
};

void take_mpi(Reader& reader) {
  reader.take("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE");
  reader.take("PMI_RANK", "PMI_SIZE");
  reader.take("PMIX_RANK", "");
  // If all processes are on one machine, they meet on loopback.
  const std::string size = reader.text("OMPI_COMM_WORLD_SIZE");
  if (reader.needs_coordinator() && !size.empty() && size == reader.text("OMPI_COMM_WORLD_LOCAL_SIZE"))
    reader.set_coordinator("127.0.0.1",
                           port_of(reader.text("PMIX_NAMESPACE") + reader.text("OMPI_MCA_ess_base_jobid")));
}

void take_slurm(Reader& reader) {
  if (!reader.has("SLURM_PROCID")) return;
  reader.take("SLURM_PROCID", "SLURM_NTASKS");
  reader.take("", "SLURM_NPROCS");
  std::string nodes = reader.text("SLURM_STEP_NODELIST");
  if (nodes.empty()) nodes = reader.text("SLURM_JOB_NODELIST");
  if (nodes.empty()) nodes = reader.text("SLURM_NODELIST");
  if (reader.needs_coordinator() && !nodes.empty())
    reader.set_coordinator(first_host(nodes),
                           port_of(reader.text("SLURM_JOB_ID") + '.' + reader.text("SLURM_STEP_ID")));
}

/// The pods of an indexed job are called `<job>-<index>`, within the job's headless service.
void take_kubernetes(Reader& reader) {
  if (!reader.has("JOB_COMPLETION_INDEX")) return;
  reader.take("JOB_COMPLETION_INDEX", "");
  const std::string index = reader.text("JOB_COMPLETION_INDEX"), name = reader.text("HOSTNAME");
  const std::string pod = name.substr(0, name.find('.'));
  if (!reader.needs_coordinator() || !pod.ends_with('-' + index)) return;
  const std::string first = pod.substr(0, pod.size() - index.size()) + '0';
  const std::string domain = name.find('.') == name.npos ? std::string() : name.substr(name.find('.'));
  reader.set_coordinator(first + domain, kubernetes_port);
}

}  // namespace

TcpOptions tcp_options(const Environment& environment, TcpOptions given) {
  Reader reader(environment, given);
  reader.take("SCALAR_RANK", "SCALAR_PEERS");
  reader.take_text("SCALAR_COORDINATOR", given.coordinator);
  reader.take_text("SCALAR_TOKEN", given.token);
  reader.take_text("SCALAR_JOB", given.job);
  take_mpi(reader);
  take_slurm(reader);
  take_kubernetes(reader);
  const auto miss = [](std::string_view what, std::string_view option, std::string_view variable) {
    fail(Errc::invalid_argument, "bsp::tcp",
         "{} is unknown: neither .{} nor {} nor the environment of a known launcher tells it", what, option, variable);
  };
  if (!given.newcomer && given.process < 0) miss("this process's number", "process", "SCALAR_RANK");
  if (!given.newcomer && given.processes <= 0) miss("the number of processes", "processes", "SCALAR_PEERS");
  if (given.coordinator.empty()) miss("the coordinator's address", "coordinator", "SCALAR_COORDINATOR");
  return given;
}

}  // namespace scalar::inline v0::bsp
