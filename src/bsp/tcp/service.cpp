#include "bsp/tcp/service.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fstream>
#include <future>

#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {

using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_strangers = 1024;  // in a handshake at once

/// The part of an error that says what to do when a port is taken.
std::string text_of_taken(const Address& address, const std::string& option) {
  std::string text = fmt::format(
      ": another process listens there, perhaps one of an earlier job that still runs (`ss -ltnp` shows which). End "
      "it, or choose another port with {}",
      option);
  int first = 32768, last = 60999;  // the usual range of ports that outgoing connections get
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last;
  if (address.port >= first && address.port <= last)
    text += fmt::format(
        ", below {}: the system gives those from {} to {} to outgoing connections, and one of them may have this one",
        first, first, last);
  return text;
}

}  // namespace

Service::Service(const TcpOptions& options, Runtime runtime, std::function<void()> wake)
    : options_(options),
      creed_{options.job, options.token},
      tls_(options.tls.ca_file.empty() ? nullptr : std::make_unique<const Tls>(options.tls)),
      runtime_(std::move(runtime)),
      wake_(std::move(wake)),
      process_(options.process),
      processes_(options.processes) {
  thread_ = std::thread([this] { run(); });
}

Service::~Service() {
  asio::post(context_, [this] { stop(); });
  thread_.join();
}

void Service::run() {
  const auto keep = asio::make_work_guard(context_);
  while (!is_stopping_) try {
      context_.run();
    } catch (const std::exception& error) {
      log(LogLevel::error, error.what());  // out of memory: the coroutine that ran is gone, the others go on
    }
  // Lets the coroutines that were canceled end.
  try {
    context_.restart();
    context_.poll();
  } catch (const std::exception&) {  // out of memory
  }
}

void Service::stop() {
  is_stopping_ = true;
  error_code ignored;
  for (const auto& acceptor : acceptors_) acceptor->close(ignored);
  for (const auto& weak : connections_)
    if (const auto connection = weak.lock()) connection->cancel();
  beat_timer_.cancel();
  changed_.notify();
  context_.stop();
}

void Service::log(LogLevel level, const std::string& text) const { runtime_.log(level, "bsp", text); }

void Service::start(awaitable<void> work) {
  asio::co_spawn(context_, std::move(work), [this](const std::exception_ptr& error) {
    if (error == nullptr || is_stopping_) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& known) {
      log(LogLevel::warning, known.what());
    }
  });
}

std::shared_ptr<Connection> Service::adopt(tcp::socket socket) {
  auto connection = std::make_shared<Connection>(std::move(socket));
  connections_.push_back(connection);
  return connection;
}

Formed Service::form() { return wait_for(&Service::form_first); }

Formed Service::regroup() { return wait_for(&Service::form_again); }

Formed Service::wait_for(awaitable<void> (Service::*how)()) {
  std::promise<Formed> promise;
  std::future<Formed> future = promise.get_future();
  asio::post(context_, [&] {
    asio::co_spawn(context_, (this->*how)(), [&](const std::exception_ptr& error) {
      if (error != nullptr) return promise.set_exception(error);
      Formed formed;
      formed.membership = {process_, processes_, epoch_, claim_pause_};
      formed.links = std::move(links_);
      promise.set_value(std::move(formed));
    });
  });
  return future.get();
}

/// Beyond loopback, a process must prove itself by a token or TLS, unless the options allow otherwise.
bool Service::may_use(const asio::ip::address& address) const {
  const bool is_loopback =
      address.is_loopback() || (address.is_v6() && address.to_v6().is_v4_mapped() &&
                                asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback());
  return is_loopback || !options_.token.empty() || !options_.tls.ca_file.empty() || options_.allow_insecure;
}

/// Listens at every address of the host that this machine has; without a port only at the first, since each address
/// would get another port.
void Service::listen_at(const Address& address, const std::string& what, const std::string& option) {
  error_code error;
  const auto refuse = [&] {
    const bool is_taken = error == asio::error::address_in_use;
    fail(Errc::io, "bsp::tcp", "cannot listen at {}: {}{}", address.text(), error.message(),
         is_taken ? text_of_taken(address, option) : "");
  };
  bool listens = false;
  for (const tcp::endpoint& endpoint : resolve(address, what)) {
    if (listens && address.port == 0) return;
    auto acceptor = std::make_shared<tcp::acceptor>(context_);
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error == boost::system::errc::address_not_available || error == asio::error::address_family_not_supported)
      continue;
    if (error) refuse();
    port_ = acceptor->local_endpoint().port();
    acceptors_.push_back(acceptor);
    start(accept(acceptor));
    listens = true;
  }
  if (!listens) refuse();
}

awaitable<void> Service::accept(std::shared_ptr<tcp::acceptor> acceptor) {
  while (!is_stopping_) {
    tcp::socket socket(context_);
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await acceptor->async_accept(socket, token);
    if (is_stopping_ || error == asio::error::operation_aborted) co_return;
    if (error) {  // out of descriptors, perhaps
      const SteadyTime soon = steady_clock::now() + std::chrono::milliseconds(50);
      asio::steady_timer timer(context_, soon);
      co_await timer.async_wait(token);
      continue;
    }
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    if (connections_.size() >= most_strangers + 3 * static_cast<std::size_t>(processes_)) continue;
    start(greet(adopt(std::move(socket))));
  }
}

/// Does the handshake of a connection that was accepted. One that says nothing, or garbage, holds nobody else up.
awaitable<void> Service::greet(std::shared_ptr<Connection> connection) {
  Refusal refusal;
  try {
    connection->set_deadline(steady_clock::now() + handshake_time, "the handshake");
    if (tls_ != nullptr) co_await connection->start_tls(*tls_, true);
    const Guest guest = co_await hear(*connection, creed_);
    co_await admit(connection, guest);
    co_return;
  } catch (const Error& error) {
    refusal = {error.code(), error.what()};
  }
  if (is_stopping_) co_return;
  last_refusal_ = {refusal.code, connection->remote() + ": " + refusal.text};
  log(LogLevel::warning, "refused " + last_refusal_.text);
  co_await refuse(*connection, refusal);
}

awaitable<void> Service::admit(std::shared_ptr<Connection> connection, const Guest& guest) {
  switch (guest.hello.purpose) {
    case Hello::Purpose::join:
    case Hello::Purpose::enter:
      co_return co_await admit_joiner(std::move(connection), guest);
    case Hello::Purpose::control:
    case Hello::Purpose::data:
      co_return co_await admit_member(std::move(connection), guest);
  }
}

awaitable<void> Service::admit_joiner(std::shared_ptr<Connection> connection, const Guest& guest) {
  const Hello& hello = guest.hello;
  const std::string who = fmt::format("process {}", hello.process);
  if (!is_leading_) fail(Errc::unavailable, "", "this is process {}, not the coordinator", process_);
  const bool is_new = hello.purpose == Hello::Purpose::enter;
  if (!is_new) check_joiner(hello, who);
  co_await welcome(*connection, guest, creed_);
  connection->clear_deadline();
  if (is_new) {
    newcomers_.push_back({connection, hello});
    has_newcomers_.store(true, std::memory_order_relaxed);
  } else {
    joiners_[hello.process] = {connection, hello};
  }
  changed_.notify();
}

void Service::check_joiner(const Hello& hello, const std::string& who) const {
  if (hello.session != session_ && hello.epoch == 0 && !links_.empty())  // the links are still being made
    fail(Errc::unavailable, "", "{} has been told who takes part, and must not be told again", who);
  if (hello.session != session_ && hello.epoch == 0)
    fail(Errc::already_exists, "",
         "there is a {} already, or was: the processes have met, and one that comes later comes as a newcomer", who);
  if (hello.session != session_)
    fail(Errc::aborted, "", "{} is of epoch {}, expected {}: it was given up", who, hello.epoch, epoch_);
  if (hello.processes != static_cast<std::uint32_t>(processes_))
    fail(Errc::invalid_argument, "", "{} is one of {} processes, expected {}", who, hello.processes, processes_);
  if (hello.process >= hello.processes)
    fail(Errc::invalid_argument, "", "there is no {}, expected 0 to {}", who, processes_ - 1);
  const auto there = joiners_.find(hello.process);
  const bool is_here = static_cast<int>(hello.process) == process_;
  if (is_here || (there != joiners_.end() && there->second.connection->is_open()))
    fail(Errc::already_exists, "", "there is a {} already, {}", who,
         is_here ? "this one" : "at " + there->second.connection->remote());
  if (!controls_.empty() && !is_left(static_cast<int>(hello.process))) fail(Errc::aborted, "", "{} was given up", who);
}

awaitable<void> Service::admit_member(std::shared_ptr<Connection> connection, const Guest& guest) {
  const Hello& hello = guest.hello;
  // The other process may have heard of the membership before this one.
  const SteadyTime until = steady_clock::now() + handshake_time;
  while (session_ != hello.session && epoch_ < hello.epoch && !is_stopping_ && steady_clock::now() < until)
    co_await changed_.wait(until);
  const std::string who = fmt::format("process {}", hello.process);
  if (session_ != hello.session)
    fail(Errc::aborted, "", "{} is of epoch {}, expected {}: it was given up", who, hello.epoch, epoch_);
  if (hello.process >= members_.size())
    fail(Errc::invalid_argument, "", "there is no {}, expected 0 to {}", who, processes_ - 1);
  const bool is_data = hello.purpose == Hello::Purpose::data;
  const bool exists =
      is_data ? links_.size() > hello.process && links_[hello.process] != nullptr : controls_[hello.process] != nullptr;
  if (exists || static_cast<int>(hello.process) <= process_ || (is_data && links_.size() <= hello.process))
    fail(Errc::already_exists, "", "there is a connection to {} already", who);
  co_await welcome(*connection, guest, creed_);
  connection->clear_deadline();
  take_member(static_cast<int>(hello.process), hello.purpose, std::move(connection));
}

std::vector<Notice> Service::take_notices() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

void Service::give_up(int process, const std::string& reason) {
  asio::post(context_, [this, process, reason, epoch = epoch_] {
    if (epoch != epoch_ || static_cast<std::size_t>(process) >= controls_.size()) return;
    if (const auto control = controls_[static_cast<std::size_t>(process)]; control != nullptr)
      lose(control, reason, false);
  });
}

void Service::acknowledge(int process) {
  asio::post(context_, [this, process, epoch = epoch_] {
    if (epoch != epoch_ || static_cast<std::size_t>(process) >= controls_.size()) return;
    if (const auto control = controls_[static_cast<std::size_t>(process)]; control != nullptr && !control->is_over)
      say_heartbeat(control);
  });
}

void Service::leave() {
  std::promise<void> said;
  asio::post(context_, [&] {
    is_leading_ = false;  // a process that comes here now looks for the next leader
    asio::co_spawn(context_, say_leaving(), [&](const std::exception_ptr& error) {
      if (error != nullptr) return said.set_exception(error);
      said.set_value();
    });
  });
  said.get_future().get();
}

/// Waits until the message is out, or for `last_words_time` if nobody reads it.
awaitable<void> Service::say_leaving() {
  std::vector<std::shared_ptr<Control>> told;
  for (const auto& control : controls_)
    if (control != nullptr && !control->is_over) told.push_back(control);
  for (const auto& control : told) {
    control->is_over = true;
    say(control, Message::Kind::leaving, {});
  }
  const auto is_said = [](const auto& control) {
    return control->has_failed || (control->out.empty() && !control->is_writing);
  };
  const SteadyTime until = steady_clock::now() + last_words_time;
  while (!std::ranges::all_of(told, is_said) && steady_clock::now() < until) co_await changed_.wait(until);
}

}  // namespace scalar::inline v0::bsp::sockets
