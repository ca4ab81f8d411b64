#pragma once
/// bsp::mpi(): the processes of an MPI job run one program together. In the library Scalar::mpi.
#include <memory>
#include <optional>

#include "scalar/bsp/processes/transport.hpp"

namespace scalar::inline v0::bsp {

struct MpiOptions {
  std::optional<int> communicator{};  ///< `MPI_Comm_c2f` of that of the processes that take part; none: MPI_COMM_WORLD
};

/// A transport between the processes of an MPI job: `Engine({.peers = 64, .transport = bsp::mpi()})` under `mpirun`.
///
/// All processes of the communicator call it, in the same order among their collective MPI calls, and all destroy what
/// it gives, which waits for the others. It talks in a duplicate of the communicator, so no message of the host's is
/// ever taken. Where the host has not initialized MPI it is initialized here, and finalized at the end of the program;
/// otherwise the host finalizes it, after the transport is destroyed. A run ends at the same time in all processes: a
/// process that has failed waits until the others have noticed.
///
/// An error of MPI ends the run as a lost process does. A process that dies takes the whole job with it: that is MPI's
/// rule. `bsp::tcp` survives.
/// Errors: `Errc::unsupported` for an MPI that the host has initialized below `MPI_THREAD_SERIALIZED`, or finalized;
/// `Errc::failed` for what MPI says.
/// Thread safety: with `MPI_THREAD_SERIALIZED` the host calls no MPI function while an engine runs.
std::shared_ptr<Transport> mpi(const MpiOptions& options = {});

}  // namespace scalar::inline v0::bsp
