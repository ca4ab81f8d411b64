#include "bsp/engine/tracer.hpp"

#include <algorithm>
#include <utility>

namespace scalar::inline v0::bsp::detail {

Tracer::Tracer(Trace& trace, World& world, std::uint32_t workers)
    : trace_(trace.impl()), world_(world), workers_(workers), work_(static_cast<std::size_t>(world.local())) {
  const std::lock_guard lock(trace_.mutex);
  run_ = ++trace_.runs;
  begin_ = trace_.now();
}

Stint& Tracer::begin_stint() {
  const std::lock_guard lock(trace_.mutex);
  if (idle_.empty()) {
    auto stint = std::make_unique<Stint>();
    stint->sent.received.resize(static_cast<std::size_t>(world_.size()));
    idle_.push_back(std::move(stint));
  }
  stints_.push_back(std::move(idle_.back()));
  idle_.pop_back();
  stints_.back()->begin = now();
  return *stints_.back();
}

void Tracer::end_stint(Stint& stint, unsigned worker) {
  const std::int64_t end = now();
  const std::lock_guard lock(trace_.mutex);
  if (trace_.busy.size() < 4 * trace_.options.capacity)
    trace_.busy.push_back({run_, world_.superstep(), worker, stint.begin, end});
}

void Tracer::arrived() noexcept {
  record_ = {
      .run = run_, .superstep = world_.superstep(), .begin = std::chrono::nanoseconds(begin_), .peers = world_.local()};
  for (std::size_t i = 0; i < work_.size(); ++i) {
    const std::chrono::nanoseconds work(work_[i].exchange(0, std::memory_order_relaxed));
    record_.work_sum += work;
    if (work > record_.work) record_.work = work, record_.slowest = world_.first() + static_cast<int>(i);
  }
  try {
    count_sent();
  } catch (...) {
    world_.fail(world_.first(), std::current_exception());
  }
}

/// Adds up what the stints of the superstep have counted, and computes the h-relation.
void Tracer::count_sent() {
  const std::lock_guard lock(trace_.mutex);
  std::vector<std::uint64_t> received(static_cast<std::size_t>(world_.size()));
  idle_.reserve(idle_.size() + stints_.size());
  for (std::unique_ptr<Stint>& stint : stints_) {
    Tally& sent = stint->sent;
    record_.messages += sent.messages, record_.bytes += sent.bytes;
    record_.h = (std::max)(record_.h, sent.most_sent);
    for (std::size_t i = 0; sent.messages != 0 && i < received.size(); ++i)
      received[i] += std::exchange(sent.received[i], 0);
    sent.messages = sent.bytes = sent.most_sent = 0;
    idle_.push_back(std::move(stint));
  }
  stints_.clear();
  record_.h = (std::max)(record_.h, *std::max_element(received.begin(), received.end()));
}

/// How long the superstep's work takes: the work of the slowest peer, or each worker's part of all work if that is
/// more. Work of less than a microsecond is done by one worker.
std::chrono::nanoseconds Tracer::critical_work() const noexcept {
  constexpr std::chrono::microseconds unshared(1);
  if (record_.work_sum < unshared) return record_.work_sum;
  return (std::max)(record_.work, record_.work_sum / static_cast<std::int64_t>(workers_));
}

void Tracer::concluded() noexcept {
  const std::int64_t now = trace_.now();
  record_.time = std::chrono::nanoseconds(now - begin_);
  begin_ = now;
  const Machine& machine = trace_.options.machine;
  // Within a process the exchange is done by the peers as they write and read messages, so their work includes it.
  if (machine.peers != 0) record_.predicted = machine.predict(critical_work(), world_.is_distributed() ? record_.h : 0);
  const std::lock_guard lock(trace_.mutex);
  ++trace_.supersteps;
  trace_.messages += record_.messages, trace_.bytes += record_.bytes;
  trace_.time += record_.time, trace_.work += record_.work_sum;
  if (trace_.records.size() >= trace_.options.capacity) return;
  try {
    trace_.records.push_back(record_);
  } catch (...) {
    world_.fail(world_.first(), std::current_exception());
  }
}

}  // namespace scalar::inline v0::bsp::detail
