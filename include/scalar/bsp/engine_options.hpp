#pragma once
/// EngineOptions: how many peers, on whose threads, in which processes, and what is kept for the case of a loss.
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

/// On which cores the workers of an engine stay.
enum class Affinity {
  none,     ///< the operating system decides
  compact,  ///< worker i on the i-th core that this process may use: neighbors share caches
  scatter,  ///< spread evenly over the cores that this process may use
  list,     ///< on the cores listed
};

/// What an engine may use.
struct ResourceOptions {
  Affinity affinity = Affinity::none;
  std::vector<int> cores{};         ///< for `Affinity::list`: worker i stays on `cores[i % size]`
  double weight = 1;                ///< its part of the Runtime's threads when several engines run at once
  std::uint64_t mailbox_bytes = 0;  ///< messages beyond this lie in files; 0: no limit
  std::string spill_directory{};    ///< for those files; empty: the system's temporary directory
};

/// When and where `Peer::checkpoint` writes.
struct CheckpointOptions {
  std::string directory{};   ///< that all processes see; empty: nothing is written
  std::string name = "run";  ///< tells runs apart that use one directory
  int every = 1;             ///< one of so many calls of `checkpoint` writes
  bool recover = false;      ///< a run goes on after the loss of a process, and lets new ones in
  bool start_anew =
      false;  ///< begins from the start when all checkpoints are damaged, and logs it; else `Errc::corrupt`
};

struct EngineOptions {
  int peers = 1;                           ///< 1 to 1,048,576, in all processes together; not bound to threads
  int workers = 0;                         ///< threads that run peers at the same time; 0: the Runtime's budget
  Executor* executor = nullptr;            ///< whose threads help; null: the Runtime's. Must outlive the Engine
  std::chrono::microseconds spin{20};      ///< how long an idle worker looks for work before it gives its thread back
  std::shared_ptr<Transport> transport{};  ///< what joins several processes; null: this one alone
  std::stop_token stop{};                  ///< ends a run with `Errc::canceled`, at the next barrier or tick
  /// A longer superstep of the run ends it with `Errc::deadline_exceeded`, naming the peers that are late: at its end,
  /// or where peers meet in teams and at clocks. By the Runtime's clock; 0: none.
  std::chrono::milliseconds superstep_deadline{0};
  CheckpointOptions checkpoints{};
  ResourceOptions resources{};
  std::shared_ptr<Trace> trace{};                ///< records every superstep; null: nothing is recorded, at no cost
  Algorithm collectives = Algorithm::automatic;  ///< of vectors between processes; what rank 0's process says counts
  Machine machine{};                             ///< from `probe`, to choose that by; without `g`: `typical_machine()`
};

}  // namespace scalar::inline v0::bsp
