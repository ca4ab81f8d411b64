#include "scalar/bsp/processes/tcp.hpp"

#include <functional>
#include <map>
#include <string>

#include "scalar/core/error.hpp"
#include "support/catch.hpp"

using scalar::Errc;
using scalar::Error;
using scalar::bsp::tcp_options;
using scalar::bsp::TcpOptions;

namespace {

using Environment = std::map<std::string, std::string>;

struct Found {
  int process, processes;
  std::string coordinator;
  friend bool operator==(const Found&, const Found&) = default;
};

Found found(const Environment& environment, const TcpOptions& given = {}) {
  const TcpOptions options = tcp_options(environment, given);
  return {options.process, options.processes, options.coordinator};
}

std::string refusal(const Environment& environment) {
  try {
    tcp_options(environment);
  } catch (const Error& error) {
    return error.code() == Errc::invalid_argument ? error.what() : "another code";
  }
  return "none";
}

}  // namespace

TEST_CASE("each launcher's environment tells who meets where") {
  CHECK(found({{"SCALAR_RANK", "2"}, {"SCALAR_PEERS", "5"}, {"SCALAR_COORDINATOR", "10.0.0.1:7000"}}) ==
        Found{2, 5, "10.0.0.1:7000"});
  // Open MPI over several machines does not tell where its first process is.
  CHECK(found({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"SCALAR_COORDINATOR", "a:1"}}) ==
        Found{1, 4, "a:1"});
  const Found local = found({{"OMPI_COMM_WORLD_RANK", "1"},
                             {"OMPI_COMM_WORLD_SIZE", "4"},
                             {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                             {"PMIX_NAMESPACE", "prterun-a-1@1"}});
  CHECK(local.coordinator.starts_with("127.0.0.1:"));
  CHECK(local == found({{"OMPI_COMM_WORLD_RANK", "1"},
                        {"OMPI_COMM_WORLD_SIZE", "4"},
                        {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                        {"PMIX_NAMESPACE", "prterun-a-1@1"}}));
  CHECK(found({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"SCALAR_COORDINATOR", "b:2"}}) == Found{0, 2, "b:2"});
  CHECK(found({{"PMIX_RANK", "3"}, {"SCALAR_PEERS", "8"}, {"SCALAR_COORDINATOR", "b:2"}}) == Found{3, 8, "b:2"});
  const auto slurm = [](const std::string& nodes) {
    const Found all = found({{"SLURM_PROCID", "1"},
                             {"SLURM_NTASKS", "3"},
                             {"SLURM_JOB_ID", "77"},
                             {"SLURM_STEP_ID", "0"},
                             {"SLURM_JOB_NODELIST", nodes}});
    CHECK(all.process == 1);
    CHECK(all.processes == 3);
    return all.coordinator.substr(0, all.coordinator.find(':'));
  };
  CHECK(slurm("login") == "login");
  CHECK(slurm("login,node[1-4]") == "login");
  CHECK(slurm("node[03-07,9],login1") == "node03");
  CHECK(slurm("rack[2,5]-n,x") == "rack2-n");
  CHECK(found({{"JOB_COMPLETION_INDEX", "3"}, {"HOSTNAME", "train-3"}, {"SCALAR_PEERS", "4"}}) ==
        Found{3, 4, "train-0:7077"});
  CHECK(found({{"JOB_COMPLETION_INDEX", "12"}, {"HOSTNAME", "a-12.svc.local"}, {"SCALAR_PEERS", "40"}}) ==
        Found{12, 40, "a-0.svc.local:7077"});
}

TEST_CASE("options come first, Scalar's variables second, launchers third") {
  const Environment all{{"SCALAR_RANK", "1"},       {"SCALAR_PEERS", "2"},      {"SCALAR_COORDINATOR", "s:1"},
                        {"SCALAR_TOKEN", "secret"}, {"SCALAR_JOB", "night"},    {"SLURM_PROCID", "7"},
                        {"SLURM_NTASKS", "9"},      {"SLURM_JOB_NODELIST", "n"}};
  CHECK(found(all) == Found{1, 2, "s:1"});
  CHECK(found(all, {.coordinator = "g:3", .process = 0, .processes = 5}) == Found{0, 5, "g:3"});
  CHECK(tcp_options(all).token == "secret");
  CHECK(tcp_options(all).job == "night");
}

TEST_CASE("what the environment does not tell is named") {
  CHECK(refusal({}) ==
        "bsp::tcp: this process's number is unknown: neither .process nor SCALAR_RANK nor the environment of a known "
        "launcher tells it");
  CHECK(refusal({{"SCALAR_RANK", "0"}}).find("number of processes is unknown") != std::string::npos);
  CHECK(refusal({{"SCALAR_RANK", "0"}, {"SCALAR_PEERS", "1"}}).find("SCALAR_COORDINATOR") != std::string::npos);
  for (const char* wrong : {"-1", "x", "1x", "99999999999999999999", " 1"})
    CHECK(refusal({{"SCALAR_RANK", wrong}}) ==
          "environment: SCALAR_RANK is \"" + std::string(wrong) + "\", expected a number");
}
