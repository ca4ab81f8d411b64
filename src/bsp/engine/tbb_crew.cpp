// A crew whose helpers are tasks of the Runtime's TBB arena.
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <utility>

#include "bsp/engine/scheduler.hpp"
#include "core/fail.hpp"
#include "core/runtime_impl.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

/// A helper is a short task that ends when it is idle. A peer's own parallel loop may execute a helper while it waits,
/// and then gets back to its work soon. The caller waits inside TBB, where it helps with such loops.
class TbbCrew final : public Crew {
 public:
  TbbCrew(Scheduler& scheduler, Network* network, const Runtime& runtime)
      : Crew(scheduler, network), runtime_(runtime) {}
  ~TbbCrew() noexcept override {}  // drive() has waited, so the group's destructor does not throw

  /// Works only on a thread that works on this run: a task that another thread spawned would lie in that thread's own
  /// arena, where the caller, isolated in the Runtime's arena, could not take it. Such a thread has woken the caller
  /// before (`rouse`), and the caller calls helpers itself.
  void call() override {
    if (at_work != this) fail(Errc::unavailable, "bsp", "no helper can be called from here");
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
  static constinit thread_local const TbbCrew* at_work;  // the crew that this thread works for now
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
      tasks_.wait();  // inside TBB first, where this thread helps with the parallel loops of peers
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
