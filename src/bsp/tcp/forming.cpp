// How the processes find each other: they meet at the coordinator, which tells each of them where the others are.
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstring>

#include "bsp/tcp/service.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp::sockets {

using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

std::uint64_t random_number() {
  const Nonce nonce = make_nonce();
  std::uint64_t number = 0;
  std::memcpy(&number, nonce.data(), sizeof number);
  return number == 0 ? 1 : number;
}

/// Whether trying again may help: the other process may not be there yet.
bool is_passing(const Error& error) {
  return error.code() == Errc::unavailable || error.code() == Errc::deadline_exceeded;
}

std::vector<tcp::endpoint> endpoints_of(asio::io_context& context, const Address& address) {
  error_code error;
  const asio::ip::address number = asio::ip::make_address(address.host, error);
  if (!error) return {{number, address.port}};
  tcp::resolver resolver(context);
  std::vector<tcp::endpoint> endpoints;
  for (const auto& found : resolver.resolve(address.host, std::to_string(address.port), error))
    if (std::find(endpoints.begin(), endpoints.end(), found.endpoint()) == endpoints.end())
      endpoints.push_back(found.endpoint());
  if (error || endpoints.empty())
    fail(Errc::unavailable, "bsp::tcp", "the host of {} is unknown: {}", address.text(), error.message());
  return endpoints;
}

}  // namespace

/// The endpoints of a host that this process may use.
std::vector<tcp::endpoint> Service::resolve(const Address& address, const std::string& what) {
  std::vector<tcp::endpoint> endpoints = endpoints_of(context_, address);
  const asio::ip::address first = endpoints.front().address();
  std::erase_if(endpoints, [this](const tcp::endpoint& endpoint) { return !may_use(endpoint.address()); });
  if (endpoints.empty())
    fail(Errc::permission_denied, "bsp::tcp",
         "{} {} is not loopback, and there is neither a token nor TLS: anybody there could take part in the job. Give "
         "all processes .token or .tls, or set .allow_insecure",
         what, first.to_string());
  return endpoints;
}

awaitable<void> Service::form_first() {
  form_deadline_ = steady_clock::now() + options_.join_timeout;
  Roster roster;
  if (process_ == 0 && !options_.newcomer) {
    is_leading_ = true;
    listen_as_coordinator();
    roster = co_await lead(form_deadline_);
  } else {
    const Address coordinator = parse_address(options_.coordinator, "coordinator");
    roster = co_await follow(coordinator, options_.newcomer ? SteadyTime::max() : form_deadline_);
  }
  // A process that came at the last moment must be met as well.
  const milliseconds rest = std::min<milliseconds>(options_.join_timeout, handshake_time);
  form_deadline_ = std::max(form_deadline_, steady_clock::now() + rest);
  co_await install(std::move(roster));
}

void Service::listen_as_coordinator() {
  const Address coordinator = parse_address(options_.coordinator, "coordinator");
  Address at = coordinator;
  if (!options_.listen.empty() && process_ == 0) at = parse_address(options_.listen, "listen", false);
  if (at.port == 0) at.port = coordinator.port;
  const bool is_elsewhere = !options_.listen.empty() && parse_address(options_.listen, "listen", false).port != 0;
  listen_at(
      at, "the coordinator's address",
      is_elsewhere && process_ == 0 ? ".listen" : ".coordinator or SCALAR_COORDINATOR, the same in all processes");
  is_coordinator_ = true;
}

/// Leaves the old membership, if there was one, and enters the new one.
awaitable<void> Service::install(Roster roster) {
  for (const auto& control : controls_)
    if (control != nullptr) control->is_over = true, control->connection->cancel();
  process_ = static_cast<int>(roster.you);
  processes_ = static_cast<int>(roster.members.size());
  epoch_ = roster.epoch;
  session_ = roster.session;
  finish(0);
  members_ = std::move(roster.members);
  controls_.assign(members_.size(), nullptr);
  links_.clear();
  links_.resize(members_.size());
  is_regrouping_ = false;
  is_leading_ = process_ == 0;
  failure_.reset();
  {
    const std::lock_guard lock(mutex_);
    notices_.clear();
  }
  changed_.notify();
  if (!std::exchange(is_beating_, true)) start(beat());
  if (is_leading_ && !is_coordinator_) try {  // newcomers look for the coordinator there
      listen_as_coordinator();
    } catch (const Error& error) {
      log(LogLevel::warning, fmt::format("newcomers cannot come: {}", error.what()));
    }
  co_await connect_all();
}

bool Service::have_all_joined() const {
  for (int process = 0; process < processes_; ++process)
    if (process != process_ && (controls_.empty() || is_left(process)) &&
        !joiners_.contains(static_cast<std::uint32_t>(process)))
      return false;
  return true;
}

/// Waits until all processes have come, and until what they tell about each other has settled.
awaitable<void> Service::gather(SteadyTime deadline) {
  const auto is_gone = [](const auto& joiner) { return !joiner.second.connection->is_open(); };
  for (;;) {
    if (is_stopping_) fail(Errc::canceled, "bsp::tcp", "the transport is closing");
    if (const std::string why = outvoted(); !why.empty()) fail(Errc::aborted, "bsp::tcp", "{}", why);
    std::erase_if(joiners_, is_gone);
    if (have_all_joined()) {
      if (!has_break_here() && who_hears_more() < 0) co_return;
      co_await settle();
      std::erase_if(joiners_, is_gone);
      const std::string why = outvoted();
      if (is_stopping_ || !why.empty() || !have_all_joined()) continue;
      if (const int better = who_hears_more(); better >= 0)
        fail(Errc::aborted, "bsp::tcp", "this process was given up: process {} hears more of the job", better);
      co_return;
    }
    if (steady_clock::now() >= deadline) {
      const Refusal reason{last_refusal_.text.empty() ? Errc::unavailable : last_refusal_.code, missing()};
      std::map<std::uint32_t, Joiner> joiners = std::exchange(joiners_, {});
      co_await dismiss(std::move(joiners), reason);
      fail(reason.code, "bsp::tcp", "{}", reason.text);
    }
    co_await changed_.wait(deadline);
  }
}

/// Waits for all processes, then sends the roster to each.
awaitable<Roster> Service::lead(SteadyTime deadline) {
  co_await gather(deadline);
  co_await drop_unheard();
  std::vector<Joiner> others;  // in the order of their new numbers, from 1
  for (const auto& [process, joiner] : joiners_)
    if (controls_.empty() || is_left(static_cast<int>(process))) others.push_back(joiner);
  claim_pause_ = pause_before_claim(1 + others.size());
  for (const Joiner& joiner : newcomers_)
    if (joiner.connection->is_open()) others.push_back(joiner);
  joiners_.clear();
  newcomers_.clear();
  has_newcomers_.store(false, std::memory_order_relaxed);

  Roster roster;
  roster.epoch = epoch_ + 1;
  roster.session = random_number();
  roster.members.resize(1);  // this process: the others know how they reached it
  for (const Joiner& joiner : others) {
    const std::string host = joiner.hello.host.empty() ? joiner.connection->remote_host() : joiner.hello.host;
    roster.members.push_back({host, joiner.hello.port});
  }
  for (const Joiner& joiner : others) {
    ++roster.you;
    const Message message{Message::Kind::roster, roster.encode()};
    try {
      co_await joiner.connection->write(message.encode());
      joiner.connection->finish();
    } catch (const Error&) {  // it has gone: those that have the roster find that out together
    }
  }
  roster.you = 0;
  co_return roster;
}

/// Tells the processes that have come why no membership forms.
awaitable<void> Service::dismiss(std::map<std::uint32_t, Joiner> joiners, Refusal reason) {
  const Message message{Message::Kind::refusal, reason.encode()};
  for (const auto& [process, joiner] : joiners) try {
      co_await joiner.connection->write(message.encode());
      joiner.connection->finish();
    } catch (const Error&) {  // it has gone meanwhile
    }
}

/// Names the processes after this one, except `but`, that have not come. This process itself looks for those
/// before it.
std::string Service::absent(int but) const {
  std::string text;
  int count = 0;
  for (int process = process_ + 1; process < processes_; ++process) {
    const bool has_come = members_.empty() ? joiners_.contains(static_cast<std::uint32_t>(process)) : is_met(process);
    if (process == but || has_come) continue;
    if (count++ < 8) text += fmt::format("{}{}", text.empty() ? "process " : ", ", process);
  }
  return count > 8 ? fmt::format("{} and {} more", text, count - 8) : text;
}

std::string Service::missing() const {
  std::string text = fmt::format("{} did not come within {} ms", absent(-1), options_.join_timeout.count());
  if (!last_refusal_.text.empty()) text += "; the last that was refused: " + last_refusal_.text;
  return text;
}

/// Which process is lost, and why: as it says itself, or perhaps because others have not come.
std::string Service::loss() const {
  const std::string others = absent(failure_->process);
  std::string text = fmt::format("process {} is lost: {}", failure_->process, failure_->reason);
  if (!others.empty()) text += fmt::format("; until then {} had not come", others);
  return text;
}

awaitable<Roster> Service::follow(Address leader, SteadyTime deadline) {
  Hello hello;
  hello.purpose = options_.newcomer && epoch_ == 0 ? Hello::Purpose::enter : Hello::Purpose::join;
  hello.process = static_cast<std::uint32_t>((std::max)(process_, 0));
  hello.processes = static_cast<std::uint32_t>(processes_);
  hello.epoch = epoch_;
  hello.session = session_;
  const std::string who = "the coordinator";
  Refusal refusal;
  for (;;) {
    // After a loss, the leader may compute for a long time before it notices.
    if (is_regrouping_) form_deadline_ = steady_clock::now() + options_.join_timeout;
    try {
      hello.given_up = given_up();
      to_leader_ = co_await introduce_to(who, leader, hello, true);
      // The coordinator says who is missing; its own time may have begun a little later.
      if (deadline != SteadyTime::max())
        to_leader_->set_deadline(deadline + std::chrono::seconds(1), "waiting for the other processes");
      const Message message = co_await to_leader_->read(Message::most_bytes);
      if (message.kind == Message::Kind::refusal) refusal = Refusal::decode(message.body);
      if (!refusal.text.empty()) {
        // After a loss, the leader may be lost next: then another one leads.
        if (is_regrouping_ && refusal.code == Errc::unavailable)
          fail(Errc::unavailable, to_leader_->remote(), "{}", std::exchange(refusal, {}).text);
        break;
      }
      if (message.kind != Message::Kind::roster) fail(Errc::parse, to_leader_->remote(), "no roster came");
      Roster roster = Roster::decode(message.body);
      Roster::Member& first = roster.members.front();
      if (first.host.empty()) first = {leader.host, leader.port};
      co_return roster;
    } catch (const Error& error) {
      if (!is_passing(error) || (!is_regrouping_ && steady_clock::now() >= form_deadline_)) throw;
      if (is_regrouping_ && !is_left(leader_)) throw;
    }
    const SteadyTime soon = steady_clock::now() + milliseconds(20);
    co_await changed_.wait(soon);  // the coordinator may be about to start again
  }
  if (is_regrouping_) fail(refusal.code, "bsp::tcp", "{}", refusal.text);
  fail(refusal.code, "bsp::tcp", "the coordinator has given up: {}", refusal.text);
}

/// Connects to a process and introduces this one to it. Tries until that works, is refused for good, or time is over.
awaitable<std::shared_ptr<Connection>> Service::introduce_to(std::string who, Address address, Hello hello,
                                                             bool listens) {
  std::string problem;
  std::size_t attempt = 0;
  for (milliseconds pause(5); !is_stopping_; pause = (std::min)(2 * pause, milliseconds(200)), ++attempt) {
    try {
      const std::vector<tcp::endpoint> endpoints = resolve(address, "the address of another process,");
      std::shared_ptr<Connection> connection = co_await connect(endpoints[attempt % endpoints.size()]);
      const tcp::endpoint here = connection->socket().local_endpoint();
      if (listens && port_ == 0) {
        Address at{here.address().to_string()};
        if (!options_.listen.empty()) at = parse_address(options_.listen, "listen", false);
        listen_at(at, "this process's address", ".listen");
      }
      hello.port = port_;
      if (!options_.listen.empty()) {
        const Address said = parse_address(options_.listen, "listen", false);
        if (said.host != "0.0.0.0" && said.host != "::") hello.host = said.host;
      }
      connection->set_deadline((std::min)(form_deadline_, steady_clock::now() + handshake_time), "the handshake");
      if (tls_ != nullptr) co_await connection->start_tls(*tls_, false);
      stop_connecting_ = [connection] { connection->give_up("its process is lost"); };
      co_await introduce(*connection, hello, creed_);
      stop_connecting_ = nullptr;
      connection->clear_deadline();
      co_return connection;
    } catch (const Error& error) {
      stop_connecting_ = nullptr;
      if (!is_passing(error)) throw;
      problem = error.what();
    }
    const SteadyTime now = steady_clock::now();
    if (is_regrouping_ && !is_left(leader_)) fail(Errc::unavailable, "bsp::tcp", "{}", problem);
    if (failure_) fail(Errc::unavailable, "bsp::tcp", "{}", loss());
    if (now >= form_deadline_)
      fail(Errc::unavailable, "bsp::tcp", "no connection to {} at {} within {} ms: {}", who, address.text(),
           options_.join_timeout.count(), problem);
    const SteadyTime next = (std::min)(form_deadline_, now + pause);
    co_await changed_.wait(next);
  }
  fail(Errc::canceled, "bsp::tcp", "the transport is closing");
}

awaitable<std::shared_ptr<Connection>> Service::connect(tcp::endpoint endpoint) {
  auto socket = std::make_shared<tcp::socket>(context_);
  // A host that does not answer must not hold things up.
  asio::steady_timer timer(context_, (std::min)(form_deadline_, steady_clock::now() + handshake_time));
  timer.async_wait([socket](const error_code& error) {
    error_code ignored;
    if (!error) socket->close(ignored);
  });
  error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  stop_connecting_ = [socket] {
    error_code ignored;
    socket->close(ignored);
  };
  co_await socket->async_connect(endpoint, token);
  stop_connecting_ = nullptr;
  timer.cancel();
  const std::string text = Address{endpoint.address().to_string(), endpoint.port()}.text();
  if (error || !socket->is_open()) fail(Errc::unavailable, text, "{}", error ? error.message() : "it does not answer");
  error_code ignored;
  // On loopback a socket may, while nobody listens, connect to itself.
  if (socket->local_endpoint(ignored) == socket->remote_endpoint(ignored))
    fail(Errc::unavailable, text, "nobody listens");
  co_return adopt(std::move(*socket));
}

/// Meets the other processes, or tells them why this one fails to.
awaitable<void> Service::connect_all() {
  constexpr std::size_t most_text = 2000;  // the text must fit a message
  try {
    co_await meet_all();
  } catch (const Error& error) {
    const Refusal why{error.code(), std::string(error.message()).substr(0, most_text)};
    for (const auto& control : controls_)
      if (control != nullptr && !control->is_over) say(control, Message::Kind::leaving, why.encode());
    throw;
  }
}

/// Connects to the processes before this one, and waits until those after it have connected.
awaitable<void> Service::meet_all() {
  Hello hello;
  hello.process = static_cast<std::uint32_t>(process_);
  hello.processes = static_cast<std::uint32_t>(processes_);
  hello.epoch = epoch_;
  hello.session = session_;
  for (int process = 0; process < process_; ++process)
    for (const Hello::Purpose purpose : {Hello::Purpose::control, Hello::Purpose::data}) {
      const Roster::Member& member = members_[static_cast<std::size_t>(process)];
      const Address address{member.host, member.port};
      hello.purpose = purpose;
      const std::string who = fmt::format("process {}", process);
      std::shared_ptr<Connection> connection = co_await introduce_to(who, address, hello, false);
      take_member(process, purpose, std::move(connection));
    }
  while (!is_complete()) {
    if (is_stopping_) fail(Errc::canceled, "bsp::tcp", "the transport is closing");
    if (failure_) fail(Errc::unavailable, "bsp::tcp", "{}", loss());
    if (steady_clock::now() >= form_deadline_) fail(Errc::unavailable, "bsp::tcp", "{}", missing());
    co_await changed_.wait(form_deadline_);
  }
}

bool Service::is_met(int process) const {
  const auto index = static_cast<std::size_t>(process);
  return controls_[index] != nullptr && links_[index] != nullptr;
}

bool Service::is_complete() const {
  for (int process = 0; process < processes_; ++process)
    if (process != process_ && !is_met(process)) return false;
  return true;
}

void Service::take_member(int process, Hello::Purpose purpose, std::shared_ptr<Connection> connection) {
  const auto index = static_cast<std::size_t>(process);
  if (purpose == Hello::Purpose::control) {
    const SteadyTime now = steady_clock::now();
    const auto control = std::make_shared<Control>(
        process, std::move(connection), Suspicion(options_.heartbeat_interval, options_.heartbeat_pause, now));
    control->moved_at = now;
    controls_[index] = control;
    start(hear_from(control));
  } else {
    auto [descriptor, stream] = connection->release();
    const auto counters = std::make_shared<LinkCounters>(std::move(descriptor));
    const Link::Limits limits{epoch_, options_.window_bytes, options_.max_frame_bytes};
    links_[index] = std::make_unique<Link>(process, std::move(stream), counters, limits);
    if (controls_[index] != nullptr) controls_[index]->counters = counters;
  }
  changed_.notify();
}

}  // namespace scalar::inline v0::bsp::sockets
