// Hama's kmeans: every peer assigns its points to the nearest center; the sums of all peers give the next centers.
#include <scalar/bsp.hpp>

#include <cmath>
#include <cstdio>
#include <functional>
#include <numbers>
#include <vector>

using namespace scalar;

struct Point {
  double x = 0, y = 0;
};
struct Sum {
  double x = 0, y = 0, count = 0;
  friend Sum operator+(Sum a, const Sum& b) { return {a.x + b.x, a.y + b.y, a.count + b.count}; }
};

constexpr int points = 40'000;
constexpr Point truth[]{{2, 3}, {12, 3}, {2, 13}, {12, 13}};
constexpr std::size_t k = std::size(truth);

Point input(int i) {  // on circles around the true centers
  const double angle = 2 * std::numbers::pi * (i / static_cast<int>(k)) / (points / static_cast<double>(k));
  return {truth[i % k].x + 4 * std::cos(angle), truth[i % k].y + 3 * std::sin(angle)};
}

void assign(std::span<const Point> mine, std::span<const Point> centers, std::span<Sum> sums) {
  const auto distance = [](Point a, Point b) { return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y); };
  for (const Point point : mine) {
    std::size_t nearest = 0;
    for (std::size_t c = 1; c < centers.size(); ++c)
      if (distance(point, centers[c]) < distance(point, centers[nearest])) nearest = c;
    sums[nearest] = sums[nearest] + Sum{point.x, point.y, 1};
  }
}

int main() {
  auto body = [](bsp::Peer& peer) -> bsp::Task<std::vector<Point>> {
    std::vector<Point> mine, centers;
    for (int i = peer.rank(); i < points; i += peer.size()) mine.push_back(input(i));
    for (std::size_t c = 0; c < k; ++c) centers.push_back(input(static_cast<int>(c)));
    for (double moved = 1; moved > 1e-9;) {
      std::vector<Sum> sums(k);
      assign(mine, centers, sums);
      co_await all_reduce(peer, std::span(sums), std::plus{});
      moved = 0;
      for (std::size_t c = 0; c < k; ++c) {
        const Point next{sums[c].x / sums[c].count, sums[c].y / sums[c].count};
        moved += std::hypot(next.x - centers[c].x, next.y - centers[c].y);
        centers[c] = next;
      }
    }
    co_return centers;
  };
  for (const Point center : bsp::Engine{{.peers = 6}}.run(body)) std::printf("%.3f %.3f\n", center.x, center.y);
}
