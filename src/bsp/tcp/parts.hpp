#pragma once
/// Which processes go on after a loss, if not all that are left hear each other.
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scalar::inline v0::bsp::sockets {

/// Two processes that do not hear each other.
using Break = std::pair<int, int>;

/// The processes, ascending, that must leave so that all others of `processes` hear each other. The first of
/// `processes` leads and stays. The process with the most breaks leaves, among equals the highest: one broken link
/// costs one process.
std::vector<int> dropped(std::span<const int> processes, std::vector<Break> breaks);

/// A part of a job whose processes hear each other and have lost the rest.
struct Part {
  int left = 1;    ///< processes in it
  int before = 1;  ///< processes before the loss, without those that have left of their own accord
  int lowest = 0;  ///< the lowest number in it
};

/// How long the part waits so that others can claim the checkpoints first. A majority, or a half with process 0, does
/// not wait; any other part waits `unit` for each process by which it is outnumbered, and a little more the higher its
/// lowest process is.
std::chrono::milliseconds claim_pause(const Part& part, std::chrono::milliseconds unit);

}  // namespace scalar::inline v0::bsp::sockets
