#include "scalar/cache/claim.hpp"

#include <optional>
#include <string>
#include <utility>

#include "cache/cache_impl.hpp"
#include "core/fail.hpp"
#include "scalar/core/error.hpp"

namespace scalar::inline v0::cache {
namespace {

using detail::Flight;
using detail::Shard;
using detail::Waiter;

/// A copy of `error` that shares nothing with it: each thread that waits throws its own object.
Error copy_of(const Error& error) {
  return Error(error.code(), std::string(error.message()), std::string(error.context()));
}

/// Stores the error of the leader in `flight`. Returns false when not the computation failed, but its caller: then the
/// next waiter computes.
bool note(Flight& flight, const std::exception_ptr& thrown) noexcept {
  if (thrown == nullptr) return false;
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    if (error.code() == Errc::canceled || error.code() == Errc::deadline_exceeded) return false;
    try {
      flight.error.emplace(copy_of(error));
    } catch (...) {
      flight.foreign = std::current_exception();
    }
  } catch (...) {
    flight.foreign = thrown;
  }
  return true;
}

void wake_all(Flight& flight) noexcept {
  for (Waiter* waiter = flight.first; waiter != nullptr; waiter = waiter->next) waiter->changed.notify_one();
}

/// Called when the leader is gone without a value: the first waiter becomes the leader, or the next caller that asks.
void hand_over(Flight& flight) noexcept {
  Waiter* next = flight.first;
  if (next == nullptr) {
    flight.status = Flight::Status::orphan;
    return;
  }
  flight.first = next->next;
  if (flight.first == nullptr) flight.last = nullptr;
  flight.leader = next->thread;
  next->chosen = true;
  next->changed.notify_one();
}

void enqueue(Flight& flight, Waiter& waiter) noexcept {
  (flight.last == nullptr ? flight.first : flight.last->next) = &waiter;
  flight.last = &waiter;
}

void dequeue(Flight& flight, const Waiter& waiter) noexcept {
  Waiter* previous = nullptr;
  for (Waiter* at = flight.first; at != nullptr; previous = at, at = at->next) {
    if (at != &waiter) continue;
    (previous == nullptr ? flight.first : previous->next) = at->next;
    if (flight.last == at) flight.last = previous;
    return;
  }
}

}  // namespace

Claim Cache::claim(const Key& key) {
  Claim claim(*this, key);
  Shard& shard = impl_->shard(key);
  const std::lock_guard lock(shard.mutex);
  claim.value_ = impl_->touch(shard, key);
  if (claim.value_) {
    claim.state_ = Claim::State::found;
    return claim;
  }
  Flight* flight = shard.flights.find(key);
  if (flight == nullptr) {
    flight = shard.flights.start(key);
  } else {
    ++flight->holders;
    if (flight->status != Flight::Status::orphan) {
      ++shard.coalesced;
      claim.flight_ = flight;
      claim.state_ = Claim::State::theirs;
      claim.outcome_ = Outcome::coalesced;
      return claim;
    }
    flight->status = Flight::Status::led;
    flight->leader = std::this_thread::get_id();
  }
  ++shard.misses;
  claim.flight_ = flight;
  claim.state_ = Claim::State::mine;
  claim.outcome_ = Outcome::miss;
  return claim;
}

Claim::Claim(Claim&& other) noexcept
    : cache_(other.cache_),
      key_(other.key_),
      flight_(std::exchange(other.flight_, nullptr)),
      value_(std::move(other.value_)),
      state_(std::exchange(other.state_, State::none)),
      outcome_(other.outcome_) {}

Claim& Claim::operator=(Claim&& other) noexcept {
  if (this == &other) return *this;
  leave();
  cache_ = other.cache_;
  key_ = other.key_;
  flight_ = std::exchange(other.flight_, nullptr);
  value_ = std::move(other.value_);
  state_ = std::exchange(other.state_, State::none);
  outcome_ = other.outcome_;
  return *this;
}

Claim::~Claim() { leave(); }

void Claim::leave() noexcept {
  if (flight_ == nullptr) return;
  Shard& shard = cache_->impl_->shard(key_);
  const std::lock_guard lock(shard.mutex);
  if (state_ == State::mine) hand_over(*flight_);
  shard.flights.drop(*std::exchange(flight_, nullptr));
  state_ = State::none;
}

void Claim::publish(std::span<const std::byte> value) {
  if (state_ != State::mine) scalar::fail(Errc::invalid_argument, "cache", "published a claim that is not mine");
  Shard& shard = cache_->impl_->shard(key_);
  const bool fits = shard.entries.fits(key_.bytes.size(), value.size());
  value_ = Bytes(detail::Block::make(key_.bytes, value, key_.generation));
  detail::Block* gone = nullptr;
  {
    const std::lock_guard lock(shard.mutex);
    if (fits) value_.block_->owners.fetch_add(1, std::memory_order_relaxed);
    bool kept = false;
    try {
      kept = cache_->impl_->store(shard, key_, fits ? value_.block_ : nullptr, gone);
    } catch (...) {
      ++shard.bypassed;  // no memory to grow the table: the value is still valid
    }
    if (!kept) outcome_ = Outcome::bypass;
    shard.flights.unlist(*flight_);
    flight_->status = Flight::Status::done;
    if (flight_->holders > 1) flight_->value = value_;
    wake_all(*flight_);
    shard.flights.drop(*std::exchange(flight_, nullptr));
    state_ = State::found;
  }
  detail::Entries::release(gone);
}

void Claim::fail(const std::exception_ptr& error) noexcept {
  if (state_ != State::mine) return;
  Shard& shard = cache_->impl_->shard(key_);
  const std::lock_guard lock(shard.mutex);
  if (note(*flight_, error)) {
    shard.flights.unlist(*flight_);
    flight_->status = Flight::Status::failed;
    wake_all(*flight_);
  } else {
    hand_over(*flight_);
  }
  shard.flights.drop(*std::exchange(flight_, nullptr));
  state_ = State::none;
}

Claim::State Claim::wait(const WaitOptions& wait) {
  if (state_ != State::theirs) return state_;
  Shard& shard = cache_->impl_->shard(key_);
  std::unique_lock lock(shard.mutex);
  Flight& flight = *flight_;
  bool chosen = false;
  if (flight.status == Flight::Status::orphan) {
    flight.status = Flight::Status::led;
    flight.leader = std::this_thread::get_id();
    chosen = true;
  } else if (flight.status == Flight::Status::led && flight.leader != std::this_thread::get_id()) {
    Waiter waiter;
    const auto settled = [&] { return waiter.chosen || flight.status != Flight::Status::led; };
    enqueue(flight, waiter);
    if (wait.deadline == TimePoint::max())
      waiter.changed.wait(lock, wait.stop, settled);
    else
      waiter.changed.wait_until(lock, wait.stop, wait.deadline, settled);
    chosen = waiter.chosen;
    if (!chosen) dequeue(flight, waiter);
  }
  if (chosen) {
    ++shard.misses;
    outcome_ = Outcome::miss;
    return state_ = State::mine;
  }

  const Flight::Status status = flight.status;
  value_ = flight.value;
  const std::exception_ptr foreign = flight.foreign;
  std::optional<Error> error;
  if (flight.error) error.emplace(copy_of(*flight.error));
  const bool own = flight.leader == std::this_thread::get_id();
  shard.flights.drop(*std::exchange(flight_, nullptr));
  state_ = State::none;
  lock.unlock();
  if (status == Flight::Status::done) return state_ = State::found;
  if (error) throw Error(std::move(*error));
  if (status == Flight::Status::failed) std::rethrow_exception(foreign);
  if (own)
    scalar::fail(Errc::invalid_argument, "cache",
                 "the computation of a value asked for the same value: it would wait for itself");
  if (wait.stop.stop_requested()) scalar::fail(Errc::canceled, "cache", "stopped while another computed the value");
  scalar::fail(Errc::deadline_exceeded, "cache", "the deadline passed while another computed the value");
}

}  // namespace scalar::inline v0::cache
