#include "backend/native/linear/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "backend/native/fit_state.hpp"

namespace scalar::inline v0::backend::native {
namespace {

// Hager and Zhang's constants: sufficient decrease, curvature, tolerated rise of the value, expansion, shrinking.
constexpr double delta = 0.1, sigma = 0.9, rise = 1e-6, expansion = 5, shrinking = 0.66;
constexpr int most_trials = 60, most_idle = 12;

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
void add(std::span<double> to, double factor, std::span<const double> from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
}
double largest(std::span<const double> values) {
  double most = 0;
  for (const double value : values) most = (std::max)(most, std::abs(value));
  return most;
}

}  // namespace

Lbfgs::Lbfgs(std::size_t size, std::size_t memory)
    : memory_(memory), here_(size), trial_(size), gradient_(size), direction_(size), best_(size) {}

Lbfgs::State Lbfgs::advance(double value, std::span<const double> gradient) {
  if (iterations_ < 0) return accept(gradient, value);
  const End end{step_, value, dot(gradient, direction_)};
  if (is_acceptable(end)) return accept(gradient, value);
  if (!narrow(end)) return State::stuck;
  return search();
}

bool Lbfgs::is_acceptable(const End& end) const {
  if (!std::isfinite(end.value) || !(end.slope >= sigma * slope_)) return false;
  const bool wolfe = end.value - value_ <= delta * end.at * slope_;
  const bool approximate = end.slope <= (2 * delta - 1) * slope_ && end.value <= value_ + rise * std::abs(value_);
  return wolfe || approximate;
}

/// Puts the tried step into the bracket; false when no number is left between its ends, or after too many trials.
bool Lbfgs::narrow(const End& end) {
  const bool is_high = !std::isfinite(end.value) || !std::isfinite(end.slope) || end.slope >= 0;
  if (is_high || end.value > value_ + rise * std::abs(value_)) {
    high_ = end;
    has_high_ = true;
    high_is_steep_ = !is_high || !std::isfinite(end.value) || !std::isfinite(end.slope);
  } else {
    low_ = end;
  }
  if (++trials_ >= most_trials) return false;
  return !has_high_ || high_.at - low_.at > 4 * std::numeric_limits<double>::epsilon() * high_.at;
}

Lbfgs::State Lbfgs::search() {
  if (!has_high_) {
    try_at(low_.at * expansion);
    return State::trying;
  }
  const double middle = low_.at + (high_.at - low_.at) / 2, width = high_.at - low_.at;
  const bool shrank = width <= shrinking * width_;
  width_ = width;
  double next = (low_.at * high_.slope - high_.at * low_.slope) / (high_.slope - low_.slope);
  if (high_is_steep_ || !shrank || !(next > low_.at && next < high_.at)) next = middle;
  try_at(next);
  return State::trying;
}

Lbfgs::State Lbfgs::accept(std::span<const double> gradient, double value) {
  if (iterations_ >= 0) remember(gradient);
  ++iterations_;
  here_ = trial_;
  gradient_.assign(gradient.begin(), gradient.end());
  value_ = value;
  // Once only rounding is left, steps are still accepted by their slopes, but neither value nor gradient improves.
  const double size = largest(gradient);
  const bool lower = iterations_ == 0 || value < least_value_ - 1e-14 * std::abs(least_value_);
  const bool flatter = iterations_ == 0 || size < least_gradient_;
  if (lower || flatter) idle_ = 0;
  if (lower) least_value_ = value;
  if (flatter || lower) best_ = here_;
  if (flatter) least_gradient_ = size;
  if (!std::isfinite(value) || (!lower && !flatter && ++idle_ >= most_idle)) return State::stuck;
  choose_direction();
  low_ = {0, value_, slope_};
  has_high_ = false;
  width_ = std::numeric_limits<double>::infinity();
  trials_ = 0;
  try_at(1);
  return size == 0 ? State::stuck : State::accepted;
}

void Lbfgs::remember(std::span<const double> gradient) {
  Pair pair{trial_, {gradient.begin(), gradient.end()}, 0};
  add(pair.step, -1, here_);
  add(pair.change, -1, gradient_);
  pair.curvature = dot(pair.step, pair.change);
  if (!(pair.curvature > std::numeric_limits<double>::epsilon() * dot(pair.change, pair.change))) return;
  if (pairs_.size() == memory_) pairs_.pop_front();
  pairs_.push_back(std::move(pair));
}

void Lbfgs::choose_direction() {
  std::vector<double> factors;
  direction_ = gradient_;
  for (auto pair = pairs_.rbegin(); pair != pairs_.rend(); ++pair) {
    factors.push_back(dot(pair->step, direction_) / pair->curvature);
    add(direction_, -factors.back(), pair->change);
  }
  if (!pairs_.empty()) {
    const double scale = pairs_.back().curvature / dot(pairs_.back().change, pairs_.back().change);
    for (double& value : direction_) value *= scale;
  }
  for (const Pair& pair : pairs_) {
    add(direction_, factors.back() - dot(pair.change, direction_) / pair.curvature, pair.step);
    factors.pop_back();
  }
  for (double& value : direction_) value = -value;
  slope_ = dot(gradient_, direction_);
  if (slope_ < 0 || pairs_.empty()) return;
  pairs_.clear();  // rounding has spoiled the memory: start again from steepest descent
  choose_direction();
}

void Lbfgs::write(std::vector<std::byte>& out) const {
  write_state(out, here_, trial_, gradient_, direction_, best_, value_, slope_, least_gradient_, least_value_,
              iterations_, idle_, low_, high_, has_high_, high_is_steep_, step_, width_, trials_, pairs_.size());
  for (const Pair& pair : pairs_) write_state(out, pair.step, pair.change, pair.curvature);
}

void Lbfgs::read(std::span<const std::byte>& in) {
  std::size_t pairs = 0;
  read_state(in, here_, trial_, gradient_, direction_, best_, value_, slope_, least_gradient_, least_value_,
             iterations_, idle_, low_, high_, has_high_, high_is_steep_, step_, width_, trials_, pairs);
  pairs_.clear();
  for (; pairs > 0; --pairs) {
    Pair& pair = pairs_.emplace_back();
    read_state(in, pair.step, pair.change, pair.curvature);
  }
}

void Lbfgs::try_at(double step) {
  step_ = step;
  trial_ = here_;
  add(trial_, step, direction_);
}

}  // namespace scalar::inline v0::backend::native
