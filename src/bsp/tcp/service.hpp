#pragma once
/// The thread of a transport, which accepts and makes connections, sends heartbeats, and notices lost processes.
#include <utility>  // Boost 1.74 does not include it

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bsp/tcp/address.hpp"
#include "bsp/tcp/connection.hpp"
#include "bsp/tcp/handshake.hpp"
#include "bsp/tcp/link.hpp"
#include "bsp/tcp/suspicion.hpp"
#include "scalar/bsp/processes/tcp.hpp"

namespace scalar::inline v0::bsp::sockets {

/// The time for a handshake, after which a process that says nothing is refused.
inline constexpr std::chrono::seconds handshake_time{5};

/// How long reading goes on after a connection broke: the other side may have said why.
inline constexpr std::chrono::milliseconds last_words_time{250};

/// A process is lost, and why.
struct Notice {
  int process = 0;
  std::string reason{};
};

/// The links of one membership.
struct Formed {
  Membership membership{};
  std::vector<std::unique_ptr<Link>> links{};  ///< by process; null for this one
};

/// The public members may be called from any thread; the others run on the service's.
class Service {
 public:
  /// Calls `wake` when there is something that the workers must see.
  Service(const TcpOptions& options, Runtime runtime, std::function<void()> wake);
  ~Service();

  /// Meets the other processes. Blocks. Errors: see `Transport::meet`.
  Formed form();
  /// Forms a new membership of the processes that are left and of newcomers. Blocks until all that are left have come
  /// here. Errors: `Errc::aborted` if this process was itself given up, `Errc::unavailable`.
  Formed regroup();
  bool has_newcomers() const noexcept { return has_newcomers_.load(std::memory_order_relaxed); }
  std::vector<Notice> take_notices();
  /// Treats the process as lost: it is told so, and is no longer heard.
  void give_up(int process, const std::string& reason);
  /// Tells the process how much of what it sent has been read.
  void acknowledge(int process);
  /// Run number `run` of this membership has ended here: the others need not wait until what they send for it is out.
  void finish(std::uint64_t run) noexcept { finished_.store(run, std::memory_order_relaxed); }
  /// Tells all others that this process leaves in good order.
  void leave();

 private:
  /// The connection for heartbeats to one process.
  struct Control {
    Control(int number, std::shared_ptr<Connection> c, Suspicion s)
        : process(number), connection(std::move(c)), suspicion(std::move(s)) {}
    int process;
    std::shared_ptr<Connection> connection;
    Suspicion suspicion;
    std::shared_ptr<LinkCounters> counters{};  // null until the data link is there
    std::deque<std::vector<std::byte>> out{};
    bool is_writing = false, is_over = false;
    bool has_failed = false;          // to write
    bool is_leaving = false;          // in good order: nobody misses it
    bool has_given_up = false;        // it says that it does not go on with the job
    std::string against{};            // why it has given this process up; empty: it has not
    std::vector<int> given_up{};      // the processes it has given up, while a membership forms
    std::uint64_t told_sent = 0;      // bytes that it has sent, by its last heartbeat
    std::uint64_t seen_received = 0;  // bytes that were received here when the link last moved
    SteadyTime moved_at{};
  };
  /// A process that has come to take part.
  struct Joiner {
    std::shared_ptr<Connection> connection{};
    Hello hello{};
  };

  void run();
  void stop();
  /// Starts `work` on the service's thread; errors go to the log.
  void start(awaitable<void> work);
  std::shared_ptr<Connection> adopt(tcp::socket socket);
  void log(LogLevel level, const std::string& text) const;

  // service.cpp: which processes may come in
  /// For the text of errors: `what` the address is, and the `option` that sets it. Errors: `Errc::io`.
  void listen_at(const Address& address, const std::string& what, const std::string& option);
  bool may_use(const asio::ip::address& address) const;
  awaitable<void> accept(std::shared_ptr<tcp::acceptor> acceptor);
  awaitable<void> greet(std::shared_ptr<Connection> connection);
  awaitable<void> admit(std::shared_ptr<Connection> connection, const Guest& guest);
  awaitable<void> admit_joiner(std::shared_ptr<Connection> connection, const Guest& guest);
  void check_joiner(const Hello& hello, const std::string& who) const;
  awaitable<void> admit_member(std::shared_ptr<Connection> connection, const Guest& guest);
  awaitable<void> say_leaving();

  // forming.cpp: how the processes find each other
  Formed wait_for(awaitable<void> (Service::*how)());
  awaitable<void> form_first();
  awaitable<void> install(Roster roster);
  awaitable<void> gather(SteadyTime deadline);
  awaitable<Roster> lead(SteadyTime deadline);
  awaitable<void> dismiss(std::map<std::uint32_t, Joiner> joiners, Refusal reason);
  awaitable<Roster> follow(Address leader, SteadyTime deadline);
  void listen_as_coordinator();
  bool have_all_joined() const;
  awaitable<std::shared_ptr<Connection>> introduce_to(std::string who, Address address, Hello hello, bool listens);
  std::vector<tcp::endpoint> resolve(const Address& address, const std::string& what);
  awaitable<std::shared_ptr<Connection>> connect(tcp::endpoint endpoint);
  awaitable<void> connect_all();
  awaitable<void> meet_all();
  std::string absent(int but) const;
  std::string missing() const;
  std::string loss() const;
  void take_member(int process, Hello::Purpose purpose, std::shared_ptr<Connection> connection);
  bool is_met(int process) const;
  bool is_complete() const;

  // regrouping.cpp: which processes go on after a loss
  awaitable<void> form_again();
  awaitable<Roster> agree_again();
  /// The lowest process that is left.
  int leader() const noexcept;
  /// Whether this process still hears it.
  bool is_left(int process) const noexcept;
  ProcessList given_up() const;
  std::string outvoted() const;
  bool has_break_here() const;
  int who_hears_more() const;
  awaitable<void> settle();
  awaitable<void> drop_unheard();
  std::chrono::milliseconds pause_before_claim(std::size_t left) const;
  awaitable<void> give_up_forming(Refusal why);

  // heartbeats.cpp
  awaitable<void> beat();
  awaitable<void> hear_from(std::shared_ptr<Control> control);
  void take(const std::shared_ptr<Control>& control, const Message& message);
  void take_heartbeat(Control& control, const Heartbeat& heartbeat);
  awaitable<void> write_out(std::shared_ptr<Control> control);
  void say(const std::shared_ptr<Control>& control, Message::Kind kind, std::vector<std::byte> body);
  void say_heartbeat(const std::shared_ptr<Control>& control);
  void look_after(const std::shared_ptr<Control>& control, SteadyTime now);
  void lose(const std::shared_ptr<Control>& control, const std::string& reason, bool tell);
  void tell_leader(int process);

  const TcpOptions options_;
  const Creed creed_;
  const std::unique_ptr<const Tls> tls_;  // null: no TLS
  const Runtime runtime_;
  const std::function<void()> wake_;

  asio::io_context context_{1};
  std::vector<std::weak_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors_;
  asio::steady_timer beat_timer_{context_};
  Event changed_{context_};
  bool is_stopping_ = false, is_beating_ = false;

  std::uint16_t port_ = 0;  // where this process listens; 0: not yet
  SteadyTime form_deadline_{};
  bool is_leading_ = false, is_regrouping_ = false, is_coordinator_ = false;
  int process_;
  int processes_;
  std::uint64_t epoch_ = 0, session_ = 0;
  std::map<std::uint32_t, Joiner> joiners_;  // by number in the present membership
  std::vector<Joiner> newcomers_;
  std::atomic<bool> has_newcomers_{false};
  std::atomic<std::uint64_t> finished_{0};    // the last run that has ended here
  std::shared_ptr<Connection> to_leader_;     // while its roster is awaited
  std::function<void()> stop_connecting_;     // while a connection is being made
  std::chrono::milliseconds claim_pause_{0};  // of the membership that has formed
  int leader_ = 0;
  std::vector<Roster::Member> members_;  // empty until the roster is known
  std::vector<std::shared_ptr<Control>> controls_;
  std::vector<std::unique_ptr<Link>> links_;
  std::optional<Notice> failure_;  // the first loss, while others are still being met
  Refusal last_refusal_{};         // the last that was sent, while other processes were awaited

  std::mutex mutex_;
  std::vector<Notice> notices_;
  std::thread thread_;
};

}  // namespace scalar::inline v0::bsp::sockets
