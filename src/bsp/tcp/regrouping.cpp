// Which processes go on after a loss: those that hear each other, in one part of the job.
#include <algorithm>

#include "bsp/tcp/parts.hpp"
#include "bsp/tcp/service.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {

using std::chrono::steady_clock;

bool Service::is_left(int process) const noexcept {
  if (process == process_) return true;
  const auto& control = controls_[static_cast<std::size_t>(process)];
  return control != nullptr && !control->is_over;
}

int Service::leader() const noexcept {
  int process = 0;
  while (!is_left(process)) ++process;
  return process;
}

/// The processes that this one no longer hears.
ProcessList Service::given_up() const {
  ProcessList list;
  for (int process = 0; process < static_cast<int>(controls_.size()); ++process)
    if (!is_left(process)) list.processes.push_back(static_cast<std::uint32_t>(process));
  return list;
}

awaitable<void> Service::form_again() {
  is_regrouping_ = true;
  failure_.reset();
  std::exception_ptr error;
  Refusal why;
  try {
    Roster roster = co_await agree_again();
    form_deadline_ = steady_clock::now() + options_.join_timeout;
    co_await install(std::move(roster));
  } catch (const Error& known) {
    error = std::current_exception();
    why = {known.code(), std::string(known.message())};
  } catch (...) {
    error = std::current_exception();
  }
  to_leader_ = nullptr;
  if (error == nullptr) co_return;
  if (std::exchange(is_regrouping_, false)) co_await give_up_forming(why);
  std::rethrow_exception(error);
}

/// The lowest process that is left leads, as process 0 did at first. No process leaves the old membership before all
/// have come, so until then the end of a connection means that a process is lost.
awaitable<Roster> Service::agree_again() {
  for (;;) {
    if (const std::string why = outvoted(); !why.empty()) fail(Errc::aborted, "bsp::tcp", "{}", why);
    form_deadline_ = steady_clock::now() + options_.join_timeout;
    leader_ = leader();
    claim_pause_ = {};
    try {
      if (leader_ == process_) {
        is_leading_ = true;
        co_return co_await lead(SteadyTime::max());
      }
      const Roster::Member& member = members_[static_cast<std::size_t>(leader_)];
      const Address address{member.host, member.port};
      co_return co_await follow(address, SteadyTime::max());
    } catch (const Error&) {
      if (is_stopping_ || is_left(leader_)) throw;  // else the next one leads
    }
  }
}

/// Tells the processes that wait for this one why they must stop doing so.
awaitable<void> Service::give_up_forming(Refusal why) {
  is_leading_ = false;
  for (const auto& control : controls_)
    if (control != nullptr && !control->is_over) say(control, Message::Kind::leaving, why.encode());
  std::map<std::uint32_t, Joiner> joiners = std::exchange(joiners_, {});
  const Refusal passing{Errc::unavailable, why.text};
  co_await dismiss(std::move(joiners), passing);
}

/// Why this process does not go on: most of the others go on without it. Empty if it may go on.
std::string Service::outvoted() const {
  int votes = 0;
  std::string first;
  for (const auto& control : controls_) {
    if (control == nullptr || control->against.empty()) continue;
    if (votes++ == 0)
      first = fmt::format("process {} has given this process up: {}", control->process, control->against);
  }
  const bool is_first_against = !controls_.empty() && controls_[0] != nullptr && !controls_[0]->against.empty();
  const bool is_out = 2 * votes > processes_ || (2 * votes == processes_ && is_first_against);
  return is_out ? first : "";
}

/// Whether one of the processes that have come does not hear another one of them.
bool Service::has_break_here() const {
  const auto is_here = [this](std::uint32_t process) {
    return joiners_.contains(process) && is_left(static_cast<int>(process));
  };
  for (const auto& [number, joiner] : joiners_) {
    if (controls_.empty() || !is_left(static_cast<int>(number))) continue;
    const std::vector<std::uint32_t>& at_first = joiner.hello.given_up.processes;
    const std::vector<int>& later = controls_[number]->given_up;
    if (std::ranges::any_of(at_first, is_here) || std::ranges::any_of(later, is_here)) return true;
  }
  return false;
}

/// A process that has come and, without this one, would have more others with it than this one has; -1 if none would.
int Service::who_hears_more() const {
  if (controls_.empty()) return -1;
  const auto has_come = [this](const auto& joiner) { return is_left(static_cast<int>(joiner.first)); };
  const std::ptrdiff_t here = 1 + std::ranges::count_if(joiners_, has_come);
  for (const auto& [number, joiner] : joiners_) {
    if (!is_left(static_cast<int>(number))) continue;
    const std::vector<std::uint32_t>& at_first = joiner.hello.given_up.processes;
    const std::vector<int>& later = controls_[number]->given_up;
    const std::size_t lost = (std::max)(at_first.size(), later.size());  // the later list contains the first
    if (lost >= ProcessList::most || std::ssize(controls_) - static_cast<std::ptrdiff_t>(lost) <= here + 1) continue;
    const auto is_heard = [&](const auto& control) {  // nobody misses those that have left of their own accord
      return control != nullptr && !control->is_leaving && !control->has_given_up &&
             std::ranges::find(at_first, static_cast<std::uint32_t>(control->process)) == at_first.end() &&
             std::ranges::find(later, control->process) == later.end();
    };
    if (std::ranges::count_if(controls_, is_heard) > here) return static_cast<int>(number);
  }
  return -1;
}

/// Waits, since what cut one link may have cut others silently at the same moment: every process gets the time to
/// notice. A process that seems to hear more may only be about to lose the others, too, which takes as long as any
/// silence.
awaitable<void> Service::settle() {
  const SteadyTime settled = steady_clock::now() + 10 * options_.heartbeat_interval;
  while (!is_stopping_) {
    SteadyTime until = settled;
    if (who_hears_more() >= 0) {
      until += options_.heartbeat_pause;
    } else if (!has_break_here()) {
      co_return;
    }
    if (steady_clock::now() >= until) co_return;
    co_await changed_.wait(until);
  }
}

/// All have come, but some may not hear each other: refuses as few of them as possible.
awaitable<void> Service::drop_unheard() {
  if (controls_.empty()) co_return;
  std::vector<int> here{process_};
  std::vector<Break> breaks;
  for (const auto& [number, joiner] : joiners_) {
    const int process = static_cast<int>(number);
    if (!is_left(process)) continue;
    here.push_back(process);
    for (const std::uint32_t other : joiner.hello.given_up.processes)
      breaks.emplace_back(process, static_cast<int>(other));
    for (const int other : controls_[number]->given_up) breaks.emplace_back(process, other);
  }
  for (const int process : dropped(here, breaks)) {
    int whom = -1;
    for (const Break& link : breaks)
      if (link.first == process || link.second == process) whom = link.first == process ? link.second : link.first;
    std::map<std::uint32_t, Joiner> joiner;
    joiner.insert(joiners_.extract(static_cast<std::uint32_t>(process)));
    const Refusal why{Errc::aborted,
                      fmt::format("this process was given up: it and process {} do not hear each other", whom)};
    co_await dismiss(std::move(joiner), why);
  }
}

std::chrono::milliseconds Service::pause_before_claim(std::size_t left) const {
  if (controls_.empty()) return {};
  const auto has_gone = [](const auto& control) {
    return control != nullptr && (control->is_leaving || control->has_given_up);
  };
  const auto gone = static_cast<int>(std::ranges::count_if(controls_, has_gone));
  return claim_pause({static_cast<int>(left), static_cast<int>(controls_.size()) - gone, process_},
                     options_.minority_pause);
}

}  // namespace scalar::inline v0::bsp::sockets
