// What goes over the control connections while a job runs.
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <cstdio>

#include "bsp/tcp/service.hpp"

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
    if (control->is_over) changed_.notify();  // who leaves waits for its last words
    co_return;
  }
  control->has_failed = true;
  if (control->is_over) changed_.notify();
  // Half a message may have left, so nothing more is written. If reading does not end by itself, it is made to.
  const SteadyTime soon = steady_clock::now() + last_words_time;
  asio::steady_timer timer(context_, soon);
  error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer.async_wait(token);
  control->connection->finish();
  control->connection->give_up(problem);
}

void Service::say_heartbeat(const std::shared_ptr<Control>& control) {
  if (control->out.size() > 4) return;  // it does not take them
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
  if (control->is_leaving) control->is_over = true;  // the data link says the rest
  lose(control, reason, true);
  changed_.notify();  // who forms a membership has one less to wait for
}

/// Errors: `Errc::parse` for what cannot be.
void Service::take(const std::shared_ptr<Control>& control, const Message& message) {
  switch (message.kind) {
    case Message::Kind::heartbeat:
      return take_heartbeat(*control, Heartbeat::decode(message.body));
    case Message::Kind::leaving:
      if (message.body.empty()) return void(control->is_leaving = true);
      control->has_given_up = true;
      return lose(control, "it has given up: " + Refusal::decode(message.body).text, true);
    case Message::Kind::fenced:
      // That alone is no reason to go: who does not hear the other, and who goes on, the rest of the job decides.
      control->against = Refusal::decode(message.body).text;
      lose(control, "it has given this process up: " + control->against, true);
      return changed_.notify();
    case Message::Kind::breaks:
      control->given_up.clear();
      for (const std::uint32_t process : ProcessList::decode(message.body).processes)
        control->given_up.push_back(static_cast<int>(process));
      return changed_.notify();
    default:
      throw Error(Errc::parse,
                  "message " + std::to_string(static_cast<int>(message.kind)) + " is none of a running job",
                  "bsp::tcp");
  }
}

void Service::take_heartbeat(Control& control, const Heartbeat& heartbeat) {
  control.told_sent = heartbeat.sent;
  if (control.counters == nullptr) return;
  control.counters->finished.store(heartbeat.finished, std::memory_order_relaxed);
  // A Dekker pair with Link::credit.
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

/// A process was lost while a membership forms.
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
    // Who was itself stopped, or starved, has not listened: what the others said meanwhile is still to be read.
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
    char text[120];
    std::snprintf(text, sizeof text, "it has been silent for %lld ms (phi %.1f, expected at most %g)",
                  static_cast<long long>(control->suspicion.silence(now).count()), phi, options_.suspicion);
    // At an end of the connection, the roster may have come before it.
    if (is_regrouping_ && control->process == leader_ && to_leader_ != nullptr) to_leader_->give_up(text);
    return lose(control, text, true);
  }
  if (control->counters == nullptr) return;
  const std::uint64_t received = control->counters->received.load(std::memory_order_relaxed);
  int waiting = 0;  // bytes that have come, but that nobody has read: that is no stall
  if (received != control->seen_received || received >= control->told_sent ||
      ::ioctl(control->counters->socket.get(), FIONREAD, &waiting) != 0 || waiting != 0) {
    control->seen_received = received;
    control->moved_at = now;
  } else if (now - control->moved_at > options_.stall_timeout) {
    lose(control,
         "its data link is stalled: of " + std::to_string(control->told_sent) + " bytes that it has sent, " +
             std::to_string(received) + " have come, and no more for " +
             std::to_string(duration_cast<milliseconds>(now - control->moved_at).count()) + " ms",
         true);
  }
}

}  // namespace scalar::inline v0::bsp::sockets
