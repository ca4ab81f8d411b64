#pragma once
/// Placement: which process hosts which peers.
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "scalar/core/range.hpp"

namespace scalar::inline v0::bsp {

/// Which process hosts which of the ranks `[0, size)`: process p hosts `[first(p), first(p + 1))`, possibly none.
/// Immutable.
class Placement {
 public:
  /// All ranks in this process.
  explicit Placement(int size) : first_{0, size} {}
  /// `first[p]` is the first rank of process p; `first` has one more entry than there are processes. This process is
  /// `here`.
  Placement(std::vector<int> first, int here) : first_(std::move(first)), here_(here) {}

  /// `size` ranks over `processes`, as evenly as can be.
  static Placement even(int size, int processes, int here) {
    std::vector<int> first;
    for (int p = 0; p <= processes; ++p)
      first.push_back(static_cast<int>(even_bound(static_cast<std::size_t>(size), static_cast<std::size_t>(p),
                                                  static_cast<std::size_t>(processes))));
    return {std::move(first), here};
  }

  /// The number of peers in all processes.
  int size() const noexcept { return first_.back(); }
  int processes() const noexcept { return static_cast<int>(first_.size()) - 1; }
  /// The number of this process.
  int here() const noexcept { return here_; }
  /// The first rank of a process, if it hosts any.
  int first(int process) const noexcept { return first_[static_cast<std::size_t>(process)]; }
  /// How many peers a process hosts.
  int count(int process) const noexcept { return first(process + 1) - first(process); }
  /// How many peers this process hosts.
  int local() const noexcept { return count(here_); }
  int process_of(int rank) const noexcept {
    return static_cast<int>(std::upper_bound(first_.begin(), first_.end(), rank) - first_.begin()) - 1;
  }

 private:
  std::vector<int> first_;
  int here_ = 0;
};

}  // namespace scalar::inline v0::bsp
