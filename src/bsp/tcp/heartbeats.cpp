// What the processes send over the control connections while a job runs.
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>

#include "bsp/tcp/service.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {

using boost::system::error_code;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

void Service::say(const std::shared_ptr<Control>& control, Message::Kind kind, std::vector<std::byte> body) {
  control->out.push_back(Message{kind, std::move(body)}.encode());
  if (control->is_writing) return;
  control->is_writing = true;
  start(write_out(control));
}

awaitable<void> Service::write_out(std::shared_ptr<Control> control) {
  std::string problem;
  try {
    while (!control->out.empty()) {
      std::vector<std::byte> next = std::move(control->out.front());
      control->out.pop_front();
      co_await control->connection->write(std::move(next));
    }
    if (control->is_over) control->connection->finish();
  } catch (const Error& error) {
    problem = error.message();
  }
  if (problem.empty()) {
    control->is_writing = false;
    if (control->is_over) changed_.notify();  // say_leaving waits for this
    co_return;
  }
  control->has_failed = true;
  if (control->is_over) changed_.notify();
  // Half a message may be out, so nothing more is written. If reading does not soon end by itself, it is ended.
  const SteadyTime soon = steady_clock::now() + last_words_time;
  asio::steady_timer timer(context_, soon);
  error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer.async_wait(token);
  control->connection->finish();
  control->connection->give_up(problem);
}

void Service::say_heartbeat(const std::shared_ptr<Control>& control) {
  if (control->out.size() > 4) return;  // the other side does not read them
  Heartbeat heartbeat;
  if (control->counters != nullptr) {
    heartbeat.sent = control->counters->sent.load(std::memory_order_relaxed);
    heartbeat.received = control->counters->received.load(std::memory_order_relaxed);
  }
  heartbeat.finished = finished_.load(std::memory_order_relaxed);
  say(control, Message::Kind::heartbeat, heartbeat.encode());
}

awaitable<void> Service::hear_from(std::shared_ptr<Control> control) {
  std::string reason;
  try {
    for (;;) {
      const Message message = co_await control->connection->read(Message::most_greeting_bytes);
      control->suspicion.heard(steady_clock::now());
      take(control, message);
    }
  } catch (const Error& error) {
    reason = error.message();
  }
  if (is_stopping_) co_return;
  if (control->is_leaving) control->is_over = true;  // the goodbye on the data link says the rest
  lose(control, reason, true);
  changed_.notify();  // a leader that forms a membership has one process less to wait for
}

/// Errors: `Errc::parse` for a message that is invalid here.
void Service::take(const std::shared_ptr<Control>& control, const Message& message) {
  switch (message.kind) {
    case Message::Kind::heartbeat:
      return take_heartbeat(*control, Heartbeat::decode(message.body));
    case Message::Kind::leaving:
      if (message.body.empty()) return void(control->is_leaving = true);
      control->has_given_up = true;
      return lose(control, fmt::format("it has given up: {}", Refusal::decode(message.body).text), true);
    case Message::Kind::fenced:
      // That alone is no reason to leave: the rest of the job decides which of the two does not hear the other, and
      // which one goes on.
      control->against = Refusal::decode(message.body).text;
      lose(control, fmt::format("it has given this process up: {}", control->against), true);
      return changed_.notify();
    case Message::Kind::breaks:
      control->given_up.clear();
      for (const std::uint32_t process : ProcessList::decode(message.body).processes)
        control->given_up.push_back(static_cast<int>(process));
      return changed_.notify();
    default:
      fail(Errc::parse, "bsp::tcp", "message {} does not belong in a running job", static_cast<int>(message.kind));
  }
}

void Service::take_heartbeat(Control& control, const Heartbeat& heartbeat) {
  control.told_sent = heartbeat.sent;
  if (control.counters == nullptr) return;
  control.counters->finished.store(heartbeat.finished, std::memory_order_relaxed);
  // Dekker's pattern with Link::credit: each side stores, then loads what the other stores, so no wake-up is lost.
  control.counters->acknowledged.store(heartbeat.received, std::memory_order_seq_cst);
  if (control.counters->starved.exchange(false, std::memory_order_seq_cst)) wake_();
}

void Service::lose(const std::shared_ptr<Control>& control, const std::string& reason, bool tell) {
  if (std::exchange(control->is_over, true)) return;
  if (!control->is_leaving && !control->has_given_up && control->against.empty())
    say(control, Message::Kind::fenced, Refusal{Errc::aborted, reason}.encode());
  changed_.notify();
  if (is_regrouping_) return tell_leader(control->process);
  if (!tell) return;
  if (!failure_) failure_ = Notice{control->process, reason};
  {
    const std::lock_guard lock(mutex_);
    notices_.push_back({control->process, reason});
  }
  wake_();
}

/// A process was lost while a membership forms: tells the leader, or, if the leader is lost, stops connecting to it.
void Service::tell_leader(int process) {
  if (process == leader_) {
    if (stop_connecting_) stop_connecting_();
  } else if (leader_ != process_ && is_left(leader_)) {
    say(controls_[static_cast<std::size_t>(leader_)], Message::Kind::breaks, given_up().encode());
  }
}

awaitable<void> Service::beat() {
  const milliseconds interval = options_.heartbeat_interval;
  for (SteadyTime due = steady_clock::now() + interval; !is_stopping_; due += interval) {
    beat_timer_.expires_at(due);
    error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await beat_timer_.async_wait(token);
    if (is_stopping_) co_return;
    const SteadyTime now = steady_clock::now();
    // If this process was itself stopped or starved, it has not listened: what the others said meanwhile is unread.
    const milliseconds late = duration_cast<milliseconds>(now - due);
    const bool was_away = late > 2 * interval;
    if (was_away) due = now;
    for (const auto& control : controls_) {
      if (control == nullptr || control->is_over) continue;
      if (was_away) control->suspicion.excuse(late), control->moved_at += late;
      say_heartbeat(control);
      look_after(control, now);
    }
  }
}

void Service::look_after(const std::shared_ptr<Control>& control, SteadyTime now) {
  if (const double phi = control->suspicion.phi(now); phi > options_.suspicion) {
    const std::string text = fmt::format("it has been silent for {} ms (phi {:.1f}, expected at most {:g})",
                                         control->suspicion.silence(now).count(), phi, options_.suspicion);
    // Only a silent leader: one whose connection has ended may have sent the roster before.
    if (is_regrouping_ && control->process == leader_ && to_leader_ != nullptr) to_leader_->give_up(text);
    return lose(control, text, true);
  }
  if (control->counters == nullptr) return;
  const std::uint64_t received = control->counters->received.load(std::memory_order_relaxed);
  int waiting = 0;  // bytes that have come but are not yet read: no stall
  if (received != control->seen_received || received >= control->told_sent ||
      ::ioctl(control->counters->socket.get(), FIONREAD, &waiting) != 0 || waiting != 0) {
    control->seen_received = received;
    control->moved_at = now;
  } else if (now - control->moved_at > options_.stall_timeout) {
    lose(control,
         fmt::format("its data link is stalled: of {} bytes that it has sent, {} have come, and no more for {} ms",
                     control->told_sent, received, duration_cast<milliseconds>(now - control->moved_at).count()),
         true);
  }
}

}  // namespace scalar::inline v0::bsp::sockets
