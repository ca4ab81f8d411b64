#include "bsp/engine/resources.hpp"

#include <algorithm>
#include <cmath>

#include "core/fail.hpp"
#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

std::vector<int> usable_cores() {
  cpu_set_t set;
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

}  // namespace

std::vector<int> cores_of(const ResourceOptions& resources, int workers) {
  if (resources.affinity == Affinity::none) return {};
  const std::vector<int> usable = usable_cores();
  if (usable.empty()) return {};
  if (resources.affinity == Affinity::list) {
    if (resources.cores.empty())
      fail(Errc::invalid_argument, "bsp::Engine", "resources.cores is empty, expected the cores for Affinity::list");
    for (const int core : resources.cores)
      if (!std::binary_search(usable.begin(), usable.end(), core))
        fail(Errc::invalid_argument, "bsp::Engine", "resources.cores names core {}, which this process may not use",
             core);
    return resources.cores;
  }
  std::vector<int> cores;
  const auto count = static_cast<std::size_t>(workers);
  for (std::size_t i = 0; i < count; ++i)
    cores.push_back(resources.affinity == Affinity::scatter && count < usable.size()
                        ? usable[even_bound(usable.size(), i, count)]
                        : usable[i % usable.size()]);
  return cores;
}

Pin::Pin(int core) noexcept {
  if (core < 0 || ::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  is_pinned_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
}

Pin::~Pin() {
  if (is_pinned_) ::sched_setaffinity(0, sizeof before_, &before_);
}

ActiveEngines::Share::Share(ActiveEngines& engines, int threads, double weight)
    : engines_(engines), threads_(threads), weight_(weight) {
  const std::lock_guard lock(engines_.mutex_);
  engines_.shares_.push_back(this);
  engines_.divide();
}

ActiveEngines::Share::~Share() {
  const std::lock_guard lock(engines_.mutex_);
  std::erase(engines_.shares_, this);
  engines_.divide();
}

void ActiveEngines::divide() {
  double total = 0;
  for (const Share* share : shares_) total += share->weight_;
  for (Share* share : shares_) {
    const double part = std::round(share->threads_ * share->weight_ / total);
    share->allowed_.store(static_cast<std::uint32_t>((std::max)(1.0, part)), std::memory_order_relaxed);
  }
}

}  // namespace scalar::inline v0::bsp::detail
