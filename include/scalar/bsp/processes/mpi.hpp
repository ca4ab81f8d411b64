#pragma once
/// bsp::mpi(): a transport with which the processes of an MPI job run one program. In the library Scalar::mpi.
#include <memory>
#include <optional>

#include "scalar/bsp/processes/transport.hpp"

namespace scalar::inline v0::bsp {

struct MpiOptions {
  std::optional<int> communicator{};  ///< `MPI_Comm_c2f` of the communicator to use; none: MPI_COMM_WORLD
};

/// A transport between the processes of an MPI job: `Engine({.peers = 64, .transport = bsp::mpi()})` under `mpirun`.
///
/// All processes of the communicator call `mpi`, in the same order among their collective MPI calls, and all destroy
/// the transport; the destructor waits for the others. The transport uses a duplicate of the communicator, so it never
/// receives messages of the host program. If the host has not initialized MPI, `mpi` initializes it, and MPI is
/// finalized at the end of the program; otherwise the host finalizes it, after the transport is destroyed. A run ends
/// at the same time in all processes: a process that has failed waits until the others have noticed.
///
/// An error of MPI ends the run as a lost process does. When a process dies, MPI ends the whole job; with `bsp::tcp`
/// the others survive.
/// Errors: `Errc::unsupported` when the host has initialized MPI below `MPI_THREAD_SERIALIZED`, or finalized it;
/// `Errc::failed` for errors of MPI.
/// Thread safety: with `MPI_THREAD_SERIALIZED` the host must call no MPI function while an engine runs.
std::shared_ptr<Transport> mpi(const MpiOptions& options = {});

}  // namespace scalar::inline v0::bsp
