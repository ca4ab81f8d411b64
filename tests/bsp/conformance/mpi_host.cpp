// mpi_host <case>: a host that uses MPI itself; ends with 0 when bsp::mpi() does what is promised to it.
#include <mpi.h>

#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "scalar/bsp.hpp"
#include "scalar/bsp/processes/mpi.hpp"
#include "scalar/bsp/processes/process_lost.hpp"
#include "scalar/core/error.hpp"

namespace {

using namespace scalar;

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("not so: " + what);
}

int initialize(int level) {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, level, &provided);
  return provided;
}

std::string refusal() {
  try {
    bsp::mpi();
  } catch (const Error& error) {
    expect(error.code() == Errc::unsupported, "the code is unsupported");
    return error.what();
  }
  return "none";
}

int sum_of_ranks(const std::shared_ptr<bsp::Transport>& transport, int peers) {
  return bsp::Engine({.peers = peers, .workers = 2, .transport = transport}).run([](bsp::Peer& peer) -> bsp::Task<int> {
    co_return co_await all_reduce(peer, peer.rank(), std::plus{});
  });
}

void funneled() {
  if (initialize(MPI_THREAD_FUNNELED) >= MPI_THREAD_SERIALIZED) return;  // this MPI gives more than was asked for
  const std::string said = refusal();
  expect(said.find("initialized MPI with MPI_THREAD_FUNNELED") != std::string::npos &&
             said.find("MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided)") != std::string::npos,
         said);
  MPI_Finalize();
}

/// In parts of the job, with messages of the host's own underway.
void parts() {
  expect(initialize(MPI_THREAD_SERIALIZED) >= MPI_THREAD_SERIALIZED, "MPI_THREAD_SERIALIZED");
  int rank = 0, size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_Comm_size(MPI_COMM_WORLD, &size);
  int sent = 1000 + rank, got = 0;
  MPI_Request request;
  MPI_Isend(&sent, 1, MPI_INT, (rank + 1) % size, 1, MPI_COMM_WORLD, &request);
  MPI_Comm half;
  MPI_Comm_split(MPI_COMM_WORLD, rank % 2, rank, &half);
  for (int times = 0; times < 2; ++times) {
    const auto transport = bsp::mpi({.communicator = MPI_Comm_c2f(half)});
    const int sum = sum_of_ranks(transport, 5);
    int place = 0;
    MPI_Comm_rank(half, &place);
    expect(sum == (place == 0 ? 10 : 0), "the sum of five ranks, at rank 0");
  }
  MPI_Recv(&got, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  expect(got == 1000 + (rank + size - 1) % size, "the host's own message has come");
  MPI_Comm_free(&half);
  MPI_Finalize();
  expect(refusal().find("MPI has been finalized") != std::string::npos, "nothing begins after the end");
}

/// One process gives up the transport while the others begin a run.
void leaves() {
  auto transport = bsp::mpi();
  const bsp::Membership members = transport->meet();
  if (members.process == members.processes - 1) return transport.reset();
  try {
    sum_of_ranks(transport, 8);
  } catch (const bsp::ProcessLost& error) {
    return expect(error.process() == members.processes - 1 &&
                      std::string(error.what()).find("has given up the transport") != std::string::npos,
                  error.what());
  } catch (const Error& error) {
    // Known before the run began, or told by a process that noticed first.
    return expect(std::string(error.what()).find("has given up the transport") != std::string::npos, error.what());
  }
  expect(false, "the run fails");
}

}  // namespace

int main(int count, char** arguments) {
  const std::map<std::string, void (*)()> cases{{"funneled", funneled}, {"parts", parts}, {"leaves", leaves}};
  try {
    cases.at(count > 1 ? arguments[1] : "")();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mpi_host: %s\n", error.what());
    return 1;
  }
}
