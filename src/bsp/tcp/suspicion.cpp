#include "bsp/tcp/suspicion.hpp"

#include <algorithm>
#include <cmath>

namespace scalar::inline v0::bsp::sockets {
namespace {

double milliseconds(std::chrono::steady_clock::duration time) noexcept {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

Suspicion::Suspicion(std::chrono::milliseconds interval, std::chrono::milliseconds pause, TimePoint now)
    : interval_(static_cast<double>(interval.count())), pause_(static_cast<double>(pause.count())), last_(now) {}

void Suspicion::heard(TimePoint now) noexcept {
  const double time = milliseconds(now - last_);
  last_ = now;
  if (count_ == times_.size()) {
    sum_ -= times_[next_], squares_ -= times_[next_] * times_[next_];
  } else {
    ++count_;
  }
  times_[next_] = time;
  sum_ += time, squares_ += time * time;
  next_ = (next_ + 1) % times_.size();
}

double Suspicion::phi(TimePoint now) const noexcept {
  const double n = static_cast<double>((std::max<std::size_t>)(count_, 1));
  const double seen = count_ == 0 ? interval_ : sum_ / n;
  const double deviation = std::sqrt((std::max)(0.0, squares_ / n - (sum_ / n) * (sum_ / n)));
  const double mean = std::clamp(seen, interval_, 2 * interval_) + pause_;
  const double sigma = std::clamp(deviation, interval_ / 2, 1.5 * interval_);
  const double late = std::erfc((milliseconds(now - last_) - mean) / (sigma * std::sqrt(2.0))) / 2;
  return late > 0 ? -std::log10(late) : 300;
}

std::chrono::milliseconds Suspicion::silence(TimePoint now) const noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - last_);
}

}  // namespace scalar::inline v0::bsp::sockets
