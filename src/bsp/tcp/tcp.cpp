#include "scalar/bsp/processes/tcp.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "bsp/tcp/options.hpp"
#include "bsp/tcp/service.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp {
namespace sockets {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Descriptor checked(int fd, const char* what) {
  if (fd < 0) fail(Errc::io, "bsp::tcp", "{}: {}", what, std::generic_category().message(errno));
  return Descriptor(fd);
}

class Tcp final : public Transport {
 public:
  Tcp(const TcpOptions& options, Runtime runtime)
      : options_(options),
        runtime_(std::move(runtime)),
        poll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")),
        event_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = event_.get()}};
    ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, event_.get(), &event);
  }
  ~Tcp() override { leave(); }

  Membership meet() override;
  Membership regroup() override;
  bool wants_regroup() const noexcept override {
    return withdraws_.load(std::memory_order_relaxed) || (service_ != nullptr && service_->has_newcomers());
  }
  void withdraw() override { withdraws_.store(true, std::memory_order_relaxed); }
  void send(int process, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> keeps) override;
  void poll(Sink& sink) override;
  void wait(milliseconds at_most) override;
  void interrupt() noexcept override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = ::write(event_.get(), &one, sizeof one);
  }
  void flush(Sink& sink) override;

 private:
  struct Place {
    std::unique_ptr<Link> link{};  // null for this process and for lost ones
    bool is_watched = false, is_watched_for_writing = false;
  };
  Membership enter(Formed formed);
  void check_losses();
  void move(Sink& sink, bool is_over);
  /// Whether the process is to be reported as lost, and why.
  std::optional<std::string> judge(const Link& link, bool has_received, bool is_over) const;
  void lose(Place& place, const std::string& reason);
  void watch(Place& place);
  void unwatch(Place& place);
  bool is_idle() const noexcept;  // whether all that was sent is out
  bool is_awaited(const Place& place) const noexcept;
  void leave() noexcept;

  const TcpOptions options_;
  const Runtime runtime_;
  Descriptor poll_, event_;
  std::unique_ptr<Service> service_;
  Membership membership_;
  std::vector<Place> places_;
  std::atomic<bool> withdraws_{false};
  std::atomic<bool> alarmed_{false};  // the service has notices
  std::vector<Notice> notices_;       // taken from it, and not yet acted upon
  std::vector<Notice> lost_;
  std::uint64_t met_ = 0, finished_ = 0;  // runs
};

Membership Tcp::meet() {
  if (service_ == nullptr) {
    auto service = std::make_unique<Service>(options_, runtime_, [this] {
      alarmed_.store(true, std::memory_order_release);
      interrupt();
    });
    Formed formed = service->form();
    service_ = std::move(service);
    return enter(std::move(formed));
  }
  check_losses();
  ++met_;
  return membership_;
}

Membership Tcp::regroup() {
  if (service_ == nullptr) return meet();
  if (withdraws_.load(std::memory_order_relaxed)) {
    service_->leave();  // the others do not wait for this process, nor miss it
    places_.clear();
    service_ = nullptr;
    fail(Errc::canceled, "bsp::tcp", "this process has left the job");
  }
  return enter(service_->regroup());
}

Membership Tcp::enter(Formed formed) {
  for (Place& place : places_)
    if (place.link != nullptr) unwatch(place);
  places_.clear();
  notices_.clear();
  lost_.clear();
  membership_ = formed.membership;
  for (std::unique_ptr<Link>& link : formed.links) places_.push_back({std::move(link)});
  for (Place& place : places_)
    if (place.link != nullptr) watch(place);
  met_ = 1, finished_ = 0;
  return membership_;
}

/// Throws if a process is missing: no run begins without it.
void Tcp::check_losses() {
  for (Notice& notice : service_->take_notices()) notices_.push_back(std::move(notice));
  if (lost_.empty() && notices_.empty()) {
    for (const Place& place : places_)
      if (place.link != nullptr && place.link->has_left() && place.link->last_run() < met_ + 1)
        fail(Errc::unavailable, "bsp::tcp", "process {} has left after run {}", place.link->process(),
             place.link->last_run());
    return;
  }
  const Notice& notice = lost_.empty() ? notices_.front() : lost_.front();
  fail(Errc::aborted, "bsp::tcp", "no run can begin: process {} is lost: {}", notice.process, notice.reason);
}

void Tcp::send(int process, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> keeps) {
  Place& place = places_[static_cast<std::size_t>(process)];
  if (place.link == nullptr) return;
  place.link->send(parts, std::move(keeps));
  watch(place);
}

void Tcp::poll(Sink& sink) { move(sink, false); }

void Tcp::move(Sink& sink, bool is_over) {
  if (alarmed_.exchange(false, std::memory_order_acquire))
    for (Notice& notice : service_->take_notices()) notices_.push_back(std::move(notice));
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    if (place.link == nullptr) continue;
    Link& link = *place.link;
    if (link.has_queue()) link.push();
    const bool has_received = link.pull(sink);
    if (link.owed() >= options_.window_bytes / 4) {
      link.announced();
      service_->acknowledge(link.process());
    }
    if (link.has_ended() || link.is_mute() || !notices_.empty()) {
      if (const std::optional<std::string> reason = judge(link, has_received, is_over)) {
        const int process = link.process();
        lose(place, *reason);
        if (!is_over) sink.lost(process, *reason);
        continue;
      }
      if (link.has_ended()) unwatch(place);
    }
    watch(place);
  }
}

std::optional<std::string> Tcp::judge(const Link& link, bool has_received, bool is_over) const {
  if (has_received && !is_over) return std::nullopt;  // that may be all that was awaited
  // A process that has said goodbye is lost only if it has not finished this run.
  if (link.has_left()) {
    if (link.last_run() >= met_) return std::nullopt;
    return fmt::format("it has left after run {}", link.last_run());
  }
  for (const Notice& notice : notices_)
    if (notice.process == link.process()) return notice.reason;
  const auto was_long_ago = [](steady_clock::time_point time) { return steady_clock::now() - time >= last_words_time; };
  if (link.has_ended() && (link.cause() != End::broken || was_long_ago(link.ended_at()))) return link.reason();
  // Reading need not show what is wrong with sending.
  if (link.is_mute() && was_long_ago(link.mute_since())) return link.mute_reason();
  return std::nullopt;
}

void Tcp::lose(Place& place, const std::string& reason) {
  const int process = place.link->process();
  unwatch(place);
  service_->give_up(process, reason);
  lost_.push_back({process, reason});
  std::erase_if(notices_, [&](const Notice& notice) { return notice.process == process; });
  place.link = nullptr;
}

void Tcp::watch(Place& place) {
  if (place.link == nullptr || place.link->has_ended()) return;
  const bool for_writing = place.link->wants_write();
  if (place.is_watched && place.is_watched_for_writing == for_writing) return;
  const int fd = place.link->counters().socket.get();
  epoll_event event{.events = EPOLLIN | (for_writing ? EPOLLOUT : 0u), .data = {.fd = fd}};
  ::epoll_ctl(poll_.get(), place.is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  place.is_watched = true;
  place.is_watched_for_writing = for_writing;
}

void Tcp::unwatch(Place& place) {
  if (!std::exchange(place.is_watched, false)) return;
  ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, place.link->counters().socket.get(), nullptr);
}

void Tcp::wait(milliseconds at_most) {
  std::array<epoll_event, 16> events;
  const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(std::clamp<std::int64_t>(at_most.count(), 0, 3'600'000)));
  std::uint64_t number = 0;
  for (int i = 0; i < count; ++i)
    if (events[static_cast<std::size_t>(i)].data.fd == event_.get()) [[maybe_unused]]
      const ssize_t got = ::read(event_.get(), &number, sizeof number);
}

bool Tcp::is_idle() const noexcept {
  return std::none_of(places_.begin(), places_.end(),
                      [](const Place& place) { return place.link != nullptr && place.link->has_queue(); });
}

/// Whether `flush` waits for this process. After a failure there may be frames for a process that has ended the run as
/// well, and no longer reads. Frames that could not be sent matter only if it has not ended the run.
bool Tcp::is_awaited(const Place& place) const noexcept {
  if (place.link == nullptr) return false;
  const Link& link = *place.link;
  return (link.has_queue() || (link.is_mute() && !link.has_left())) &&
         link.counters().finished.load(std::memory_order_relaxed) < finished_;
}

void Tcp::flush(Sink& sink) {
  finished_ = met_;
  service_->finish(finished_);
  const auto is_done = [this] {
    return std::none_of(places_.begin(), places_.end(), [this](const Place& place) { return is_awaited(place); });
  };
  while (!is_done()) {
    move(sink, true);
    if (!is_done()) wait(milliseconds(20));
  }
  for (Place& place : places_) try {
      if (place.link != nullptr) place.link->detach();
    } catch (const std::bad_alloc&) {  // half a frame cannot be taken back, so the link ends
      lose(place, "no memory was left for what it has not taken");
    }
}

/// Leaves in good order: what was sent arrives, and what others still send does not make the system throw it away.
void Tcp::leave() noexcept try {
  if (service_ == nullptr) return;
  constexpr milliseconds most{500};
  for (Place& place : places_)
    if (place.link != nullptr) place.link->goodbye(finished_);
  const auto until = steady_clock::now() + most;
  while (!is_idle() && steady_clock::now() < until) {
    for (Place& place : places_)
      if (place.link != nullptr) place.link->push(), watch(place);
    if (!is_idle()) wait(milliseconds(20));
  }
  service_->leave();
  for (Place& place : places_)
    if (place.link != nullptr) place.link->finish();
  service_ = nullptr;
} catch (...) {  // then the others find out by themselves
}

}  // namespace
}  // namespace sockets

std::shared_ptr<Transport> tcp(const TcpOptions& options, Runtime runtime) {
  return std::make_shared<sockets::Tcp>(sockets::complete(options), std::move(runtime));
}

}  // namespace scalar::inline v0::bsp
