#pragma once
/// Which process hosts which peers. Internal to the room.
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace scalar::inline v0::bsp::detail {

/// A division of the ranks `[0, size)` over processes: process p hosts `[first(p), first(p + 1))`, possibly none.
class Hosts {
 public:
  /// All in this process.
  explicit Hosts(int size) : first_{0, size} {}
  /// `first[p]` is the first rank of process p; one more entry than processes. This process is `here`.
  Hosts(std::vector<int> first, int here) : first_(std::move(first)), here_(here) {}

  /// `size` ranks over `processes`, as evenly as can be.
  static Hosts even(int size, int processes, int here) {
    std::vector<int> first;
    for (int p = 0; p <= processes; ++p)
      first.push_back(static_cast<int>(static_cast<long long>(size) * p / processes));
    return {std::move(first), here};
  }

  int size() const noexcept { return first_.back(); }
  int processes() const noexcept { return static_cast<int>(first_.size()) - 1; }
  int here() const noexcept { return here_; }
  int first(int process) const noexcept { return first_[static_cast<std::size_t>(process)]; }
  int count(int process) const noexcept { return first(process + 1) - first(process); }
  int process_of(int rank) const noexcept {
    return static_cast<int>(std::upper_bound(first_.begin(), first_.end(), rank) - first_.begin()) - 1;
  }

 private:
  std::vector<int> first_;
  int here_ = 0;
};

}  // namespace scalar::inline v0::bsp::detail
