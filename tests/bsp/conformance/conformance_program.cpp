// conformance_program <file> <filter> alone | threads | mpi <processes> | tcp <process> <processes> <coordinator>
//
// Runs the programs whose names contain the filter as one process of several, and writes what its peers have seen to
// <file>; with MPI to <file>.<rank>.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "bsp/conformance/programs.hpp"
#include "scalar/core/error.hpp"
#ifdef CONFORMANCE_WITH_MPI
#include "scalar/bsp/processes/mpi.hpp"
#endif
#ifdef CONFORMANCE_WITH_TCP
#include "scalar/bsp/processes/tcp.hpp"
#endif

namespace {

using namespace scalar;

/// Fewer peers than processes are refused in all processes, and the transport goes on.
void check_refusal(bsp::EngineOptions options, int processes, std::vector<std::string>& lines) {
  if (processes < 2) return;
  options.peers = processes - 1;
  options.checkpoints = {};
  try {
    bsp::Engine(options).run([](bsp::Peer&) -> bsp::Task<> { co_return; });
    lines.push_back("a run of fewer peers than processes was not refused");
  } catch (const Error& error) {
    if (error.code() != Errc::invalid_argument) lines.push_back(std::string("refused oddly: ") + error.what());
  }
}

int run(std::vector<std::string> arguments) {
  std::string file = arguments.at(0);
  const std::string filter = arguments.at(1), transport = arguments.at(2);
  // All processes of a job write their files to one directory.
  bsp::EngineOptions options{.workers = 2, .checkpoints = {.directory = file.substr(0, file.rfind('/') + 1) + "state"}};
  int processes = 1;
  if (transport == "alone") {
    options.workers = 1;
  } else if (transport == "mpi") {
#ifdef CONFORMANCE_WITH_MPI
    processes = std::stoi(arguments.at(3));
    options.transport = bsp::mpi();
    const bsp::Membership members = options.transport->meet();
    if (members.processes != processes) throw Error(Errc::failed, "there are other processes than expected");
    file += "." + std::to_string(members.process);
#else
    throw Error(Errc::unsupported, "built without MPI");
#endif
  } else if (transport == "tcp") {
#ifdef CONFORMANCE_WITH_TCP
    processes = std::stoi(arguments.at(4));
    bsp::TcpOptions tcp{.coordinator = arguments.at(5), .process = std::stoi(arguments.at(3)), .processes = processes};
    if (!tcp.coordinator.starts_with("127.")) tcp.token = "of the conformance suite";
    options.transport = bsp::tcp(tcp);
#else
    throw Error(Errc::unsupported, "built without TCP");
#endif
  } else if (transport != "threads") {
    throw Error(Errc::invalid_argument, "the transport is " + transport);
  }
  std::vector<std::string> lines;
  check_refusal(options, processes, lines);
  for (std::string& line : conformance::run_programs(options, processes, filter)) lines.push_back(std::move(line));
  std::ofstream out(file);
  for (const std::string& line : lines) out << line << '\n';
  out << "complete\n";
  return out.flush() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run({arguments + 1, arguments + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance_program: %s\n", error.what());
    return 1;
  }
}
