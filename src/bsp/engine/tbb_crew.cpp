// Helpers as tasks of the Runtime's TBB arena.
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <utility>

#include "bsp/engine/scheduler.hpp"
#include "core/runtime_impl.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

/// A helper is a short task: it leaves when idle, so a peer's own parallel loop, which may pick one up while it waits,
/// gets back to its work. The caller waits inside TBB and so lends a hand to such loops.
class TbbCrew final : public Crew {
 public:
  TbbCrew(Scheduler& scheduler, Network* network, const Runtime& runtime)
      : Crew(scheduler, network), runtime_(runtime) {}
  ~TbbCrew() noexcept override {}  // drive() has waited, so the group's destructor does not throw

  /// Only from a worker: a task that another thread spawns lies in that thread's own arena, where the caller, isolated
  /// in the Runtime's, cannot take it. There the caller is roused instead, and calls others itself.
  void call() override {
    if (at_work != this) throw Error(Errc::unavailable, "no helper can be called from here", "bsp");
    tasks_.run([this] {
      const AtWork mark(this);
      scheduler_.help();
    });
  }
  void drive() override {
    // Isolated: while it waits, the caller takes up no task of the host's.
    runtime_.impl().arena.execute([this] { tbb::this_task_arena::isolate([this] { work_and_wait(); }); });
  }

 private:
  static constinit thread_local const TbbCrew* at_work;  // whose worker this thread is now
  struct AtWork {
    explicit AtWork(const TbbCrew* crew) noexcept : before(std::exchange(at_work, crew)) {}
    ~AtWork() { at_work = before; }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;
    const TbbCrew* before;
  };

  void work_and_wait() {
    const AtWork mark(this);
    scheduler_.count_in();
    scheduler_.open_first();
    std::uint32_t seen = scheduler_.help();
    while (!scheduler_.is_finished()) {
      tasks_.wait();  // first in TBB, where it lends a hand to the loops of those at work
      if (scheduler_.is_finished()) break;
      park(seen);
      if (scheduler_.is_finished()) break;
      scheduler_.count_in();
      seen = scheduler_.help();
    }
    tasks_.wait();
  }

  Runtime runtime_;
  tbb::task_group_context context_{tbb::task_group_context::isolated};  // a canceled host does not drop helpers
  tbb::task_group tasks_{context_};
};

constinit thread_local const TbbCrew* TbbCrew::at_work = nullptr;

}  // namespace

std::unique_ptr<Crew> make_tbb_crew(Scheduler& scheduler, Network* network, const Runtime& runtime) {
  return std::make_unique<TbbCrew>(scheduler, network, runtime);
}

}  // namespace scalar::inline v0::bsp::detail
