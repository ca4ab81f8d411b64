#include "bsp/tcp/service.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fstream>
#include <future>

#include "scalar/core/error.hpp"

namespace scalar::inline v0::bsp::sockets {

using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_strangers = 1024;  // being greeted at once

/// What to do when a port is taken.
std::string text_of_taken(const Address& address, const std::string& option) {
  std::string text =
      ": another process listens there, perhaps one of an earlier job that still runs (`ss -ltnp` shows "
      "which). End it, or choose another port with " +
      option;
  int first = 32768, last = 60999;  // the usual range of ports that outgoing connections get
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last;
  if (address.port >= first && address.port <= last)
    text += ", below " + std::to_string(first) + ": the system gives those from " + std::to_string(first) + " to " +
            std::to_string(last) + " to outgoing connections, and one of them may have this one";
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
      log(LogLevel::error, error.what());  // out of memory: whose turn it was is gone, the others go on
    }
  // What waits has been canceled, and goes.
  try {
    context_.restart();
    context_.poll();
  } catch (const std::exception&) {  // as above
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
  asio::co_spawn(context_, std::move(work), [this](std::exception_ptr error) {
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
    asio::co_spawn(context_, (this->*how)(), [&](std::exception_ptr error) {
      if (error != nullptr) return promise.set_exception(error);
      Formed formed;
      formed.membership = {process_, processes_, epoch_, claim_pause_};
      formed.links = std::move(links_);
      promise.set_value(std::move(formed));
    });
  });
  return future.get();
}

/// Beyond loopback one must be known or hidden.
bool Service::may_use(const asio::ip::address& address) const {
  const bool is_loopback =
      address.is_loopback() || (address.is_v6() && address.to_v6().is_v4_mapped() &&
                                asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback());
  return is_loopback || !options_.token.empty() || !options_.tls.ca_file.empty() || options_.allow_insecure;
}

/// At every address of a host's name that this machine has; without a port at the first, as each gives another.
void Service::listen_at(const Address& address, const std::string& what, const std::string& option) {
  error_code error;
  const auto refuse = [&] {
    const bool is_taken = error == asio::error::address_in_use;
    throw Error(Errc::io,
                "cannot listen at " + address.text() + ": " + error.message() +
                    (is_taken ? text_of_taken(address, option) : ""),
                "bsp::tcp");
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

/// A stranger who says nothing, or garbage, waits only for himself.
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
  const std::string who = "process " + std::to_string(hello.process);
  if (!is_leading_)
    throw Error(Errc::unavailable, "this is process " + std::to_string(process_) + ", not the coordinator");
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
  if (hello.session != session_ && hello.epoch == 0 && !links_.empty())  // they are still being made
    throw Error(Errc::unavailable, who + " has been told who takes part, and must not be told again");
  if (hello.session != session_ && hello.epoch == 0)
    throw Error(Errc::already_exists, "there is a " + who + " already, or was: the processes have met, and who comes " +
                                          "later comes as a newcomer");
  if (hello.session != session_)
    throw Error(Errc::aborted, who + " is of epoch " + std::to_string(hello.epoch) + ", expected " +
                                   std::to_string(epoch_) + ": it was given up");
  if (hello.processes != static_cast<std::uint32_t>(processes_))
    throw Error(Errc::invalid_argument, who + " is one of " + std::to_string(hello.processes) +
                                            " processes, expected " + std::to_string(processes_));
  if (hello.process >= hello.processes)
    throw Error(Errc::invalid_argument, "there is no " + who + ", expected 0 to " + std::to_string(processes_ - 1));
  const auto there = joiners_.find(hello.process);
  const bool is_here = static_cast<int>(hello.process) == process_;
  if (is_here || (there != joiners_.end() && there->second.connection->is_open()))
    throw Error(Errc::already_exists, "there is a " + who + " already, " +
                                          (is_here ? "this one" : "at " + there->second.connection->remote()));
  if (!controls_.empty() && !is_left(static_cast<int>(hello.process)))
    throw Error(Errc::aborted, who + " was given up");
}

awaitable<void> Service::admit_member(std::shared_ptr<Connection> connection, const Guest& guest) {
  const Hello& hello = guest.hello;
  // It may have heard of the membership first.
  const SteadyTime until = steady_clock::now() + handshake_time;
  while (session_ != hello.session && epoch_ < hello.epoch && !is_stopping_ && steady_clock::now() < until)
    co_await changed_.wait(until);
  const std::string who = "process " + std::to_string(hello.process);
  if (session_ != hello.session)
    throw Error(Errc::aborted, who + " is of epoch " + std::to_string(hello.epoch) + ", expected " +
                                   std::to_string(epoch_) + ": it was given up");
  if (hello.process >= members_.size())
    throw Error(Errc::invalid_argument, "there is no " + who + ", expected 0 to " + std::to_string(processes_ - 1));
  const bool is_data = hello.purpose == Hello::Purpose::data;
  const bool exists =
      is_data ? links_.size() > hello.process && links_[hello.process] != nullptr : controls_[hello.process] != nullptr;
  if (exists || static_cast<int>(hello.process) <= process_ || (is_data && links_.size() <= hello.process))
    throw Error(Errc::already_exists, "there is a connection to " + who + " already");
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
    is_leading_ = false;  // who comes here now looks for the next one
    asio::co_spawn(context_, say_leaving(), [&](std::exception_ptr error) {
      if (error != nullptr) return said.set_exception(error);
      said.set_value();
    });
  });
  said.get_future().get();
}

/// Until that has left, or nobody takes it.
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
