#pragma once
/// bsp::tcp(): a transport over TCP, with which processes on one or several machines run one program.
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "scalar/bsp/processes/transport.hpp"
#include "scalar/core/runtime.hpp"

namespace scalar::inline v0::bsp {

/// Files in PEM format for mutual TLS 1.3; either all three or none are given.
struct TcpTls {
  std::string certificate_file{};  ///< this process's certificate, then those that lead to the CA
  std::string key_file{};          ///< this process's private key
  std::string ca_file{};           ///< the CA that must have signed the certificates of the others
};

/// Where the processes meet, which processes they trust, and when a process counts as lost.
struct TcpOptions {
  std::string coordinator{};  ///< `host:port` where process 0 listens; empty: from the environment
  int process = -1;           ///< the number of this process, from 0; -1: from the environment
  int processes = 0;          ///< the number of processes; 0: from the environment
  bool newcomer = false;  ///< joins a job that is running, at its next regroup; `process` and `processes` are ignored
  std::string job{};      ///< processes of another job are refused
  std::string listen{};   ///< `host[:port]` to listen at; empty: the address that leads to the coordinator
  std::string token{};    ///< a secret that all processes share; it is never sent
  TcpTls tls{};           ///< encrypts, and authenticates the processes
  bool allow_insecure = false;                     ///< allows addresses beyond loopback with neither token nor TLS
  std::chrono::milliseconds join_timeout{30'000};  ///< how long the processes wait for each other
  std::chrono::milliseconds heartbeat_interval{100};
  std::chrono::milliseconds heartbeat_pause{1'500};  ///< a silence up to this long is not suspicious
  double suspicion = 8;                              ///< phi above which a silent process is lost: wrong once in 10^phi
  std::chrono::milliseconds stall_timeout{5'000};  ///< a process is lost when bytes that it sent are missing this long
  /// After a loss, in a run that recovers, a part of the job that is not a majority waits this long for each process by
  /// which it is outnumbered, so that a larger part goes on instead. Choose more than it takes to notice a loss.
  std::chrono::milliseconds minority_pause{3'000};
  std::size_t window_bytes = std::size_t{64} << 20;  ///< the most bytes sent to a process that it has not read yet
  std::size_t max_frame_bytes = std::size_t{1} << 36;
};

/// The options that a launcher's environment variables give. Options in `given` take precedence.
///
/// The variables are read in this order: Scalar's own `SCALAR_RANK`, `SCALAR_PEERS` (the number of processes),
/// `SCALAR_COORDINATOR`, `SCALAR_TOKEN` and `SCALAR_JOB`, each of which also completes what the other launchers do not
/// give; Open MPI (`OMPI_COMM_WORLD_RANK`, `_SIZE`); PMI (`PMI_RANK`, `PMI_SIZE`) and PMIx (`PMIX_RANK`); Slurm
/// (`SLURM_PROCID`, `SLURM_NTASKS`, the first of the nodes); an indexed job of Kubernetes (`JOB_COMPLETION_INDEX`,
/// `HOSTNAME`).
/// Errors: `Errc::invalid_argument` when the coordinator, this process's number or the number of processes is still
/// unknown, or is not a number.
TcpOptions tcp_options(const std::map<std::string, std::string>& environment, TcpOptions given = {});

/// A transport between `processes` processes that meet at `coordinator`.
///
/// The processes meet at the first run; all make their runs in the same order. Between each two processes there are two
/// connections: one for frames, which the engine's workers read and write themselves, and one for heartbeats, which a
/// thread of the transport keeps going however long a superstep takes. A process is lost when its connections end, when
/// it has been silent for so long that it is suspect (phi-accrual; Hayashibara et al., "The phi accrual failure
/// detector", SRDS 2004), or when bytes that it has sent do not arrive. By default a silent process is noticed in less
/// than 3 seconds, and one that has ended in milliseconds. A lost process is fenced: whatever it sends later is
/// ignored.
///
/// Errors: `Errc::invalid_argument` for impossible options, `Errc::permission_denied` for an address beyond loopback
/// with neither token nor TLS. Errors of `Transport::meet` name the process, what was seen and what was expected.
std::shared_ptr<Transport> tcp(const TcpOptions& options = {}, Runtime runtime = {});

}  // namespace scalar::inline v0::bsp
