#pragma once
/// Which processes go on after a loss, when not all of those that are left hear each other.
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scalar::inline v0::bsp::sockets {

/// Two processes that do not hear each other.
using Break = std::pair<int, int>;

/// Those of `processes`, ascending, that may not stay, so that all others hear each other. The first one leads and
/// stays. Whoever has most breaks goes, of equals the highest: one broken link costs one process.
std::vector<int> dropped(std::span<const int> processes, std::vector<Break> breaks);

/// A part of a job whose processes hear each other and have lost the rest.
struct Part {
  int left = 1;    ///< processes in it
  int before = 1;  ///< processes there were, without those that have left of their own accord
  int lowest = 0;  ///< the lowest number in it
};

/// For how long the part lets others claim the checkpoints first. No time for a majority, nor for a half with process
/// 0; otherwise `unit` for each process by which it is outnumbered, and a little more the higher its lowest process is.
std::chrono::milliseconds claim_pause(const Part& part, std::chrono::milliseconds unit);

}  // namespace scalar::inline v0::bsp::sockets
