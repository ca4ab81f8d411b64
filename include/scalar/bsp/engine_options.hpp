#pragma once
/// EngineOptions: how many peers, on whose threads, in which processes, and what is saved in case a process is lost.
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "scalar/bsp/cost/collective_cost.hpp"
#include "scalar/bsp/cost/machine.hpp"

namespace scalar::inline v0::bsp {

class Executor;
class Trace;
class Transport;

/// The cores on which the workers of an engine stay.
enum class Affinity {
  none,     ///< the operating system decides
  compact,  ///< worker i on the i-th core that this process may use: neighbors share caches
  scatter,  ///< spread evenly over the cores that this process may use
  list,     ///< the cores in `ResourceOptions::cores`
};

/// The threads, cores and memory that an engine may use.
struct ResourceOptions {
  Affinity affinity = Affinity::none;
  std::vector<int> cores{};         ///< for `Affinity::list`: worker i stays on `cores[i % size]`
  double weight = 1;                ///< its share of the Runtime's threads when several engines run at once
  std::uint64_t mailbox_bytes = 0;  ///< messages beyond this are kept in files; 0: no limit
  std::string spill_directory{};    ///< where those files are; empty: the system's temporary directory
};

/// When and where `Peer::checkpoint` writes.
struct CheckpointOptions {
  std::string directory{};   ///< one that all processes see; empty: nothing is written
  std::string name = "run";  ///< distinguishes runs that use the same directory
  int every = 1;             ///< every n-th call of `checkpoint` writes
  bool recover = false;      ///< the run continues after a process is lost, and new processes may join
  /// When all checkpoints are damaged: true starts the program anew and logs that, false is `Errc::corrupt`.
  bool start_anew = false;
};

struct EngineOptions {
  int peers = 1;                           ///< 1 to 1,048,576, in all processes together; not tied to threads
  int workers = 0;                         ///< threads that run peers at the same time; 0: the Runtime's budget
  Executor* executor = nullptr;            ///< its threads help; null: the Runtime's. Must outlive the Engine
  std::chrono::microseconds spin{20};      ///< how long an idle worker looks for work before it returns its thread
  std::shared_ptr<Transport> transport{};  ///< joins several processes; null: this process alone
  std::stop_token stop{};                  ///< ends a run with `Errc::canceled`, at the next barrier or tick
  /// A superstep that takes longer ends the run with `Errc::deadline_exceeded`, which names the late peers. Checked at
  /// the end of the superstep, and where peers meet in teams and at clocks, by the Runtime's clock. 0: no deadline.
  std::chrono::milliseconds superstep_deadline{0};
  CheckpointOptions checkpoints{};
  ResourceOptions resources{};
  std::shared_ptr<Trace> trace{};                ///< records every superstep; null: nothing is recorded, at no cost
  Algorithm collectives = Algorithm::automatic;  ///< for vectors across processes; rank 0's setting is used by all
  Machine machine{};  ///< from `probe`, to choose the algorithm; without gaps: `typical_machine()`
};

}  // namespace scalar::inline v0::bsp
