#include "bsp/tcp/parts.hpp"

#include <algorithm>

namespace scalar::inline v0::bsp::sockets {

std::vector<int> dropped(std::span<const int> processes, std::vector<Break> breaks) {
  const auto is_there = [&](int process) { return std::ranges::find(processes, process) != processes.end(); };
  std::erase_if(breaks,
                [&](const Break& b) { return b.first == b.second || !is_there(b.first) || !is_there(b.second); });
  for (Break& b : breaks)
    if (b.first > b.second) std::swap(b.first, b.second);
  std::ranges::sort(breaks);  // both ends may have reported the same break
  breaks.erase(std::unique(breaks.begin(), breaks.end()), breaks.end());
  std::vector<int> gone;
  while (!breaks.empty()) {
    int worst = -1;
    std::ptrdiff_t most = 0;
    for (const int process : processes.subspan(1)) {
      const auto count =
          std::ranges::count_if(breaks, [&](const Break& b) { return b.first == process || b.second == process; });
      if (count != 0 && count >= most) most = count, worst = process;
    }
    gone.push_back(worst);
    std::erase_if(breaks, [&](const Break& b) { return b.first == worst || b.second == worst; });
  }
  std::ranges::sort(gone);
  return gone;
}

std::chrono::milliseconds claim_pause(const Part& part, std::chrono::milliseconds unit) {
  constexpr int most = 8;  // when nearly all are lost, the one that is left should not wait for minutes
  const int missing = part.before - part.left;
  if (missing <= 0 || part.left > missing || (part.left == missing && part.lowest == 0))
    return std::chrono::milliseconds(0);
  const auto outnumbered = unit * (std::min)(missing - part.left, most);
  return part.lowest == 0 ? outnumbered : outnumbered + unit + unit * (part.lowest - 1) / part.before;
}

}  // namespace scalar::inline v0::bsp::sockets
