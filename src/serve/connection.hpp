#pragma once
/// One connection of a client, and the thread that serves it.
#include <utility>  // Boost 1.74's Asio uses std::exchange without it

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "serve/chunks.hpp"
#include "serve/head_parser.hpp"
#include "serve/pace.hpp"
#include "serve/rare_log.hpp"
#include "serve/spare_descriptor.hpp"
#include "serve/workers.hpp"

namespace scalar::inline v0::serve {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

class Connection;

/// The schedule of a server that stops.
struct StopTimes {
  TimePoint begin{};
  TimePoint lame_duck_end{};  // then the listeners close
  TimePoint deadline{};       // then everything closes
};

/// The loop of one thread, with its own io_context, listener and connections, which it shares with no other loop.
class Loop {
 public:
  Loop(Api& api, Workers& workers);
  ~Loop();

  /// Listens, and returns the port. With port 0 the system chooses one.
  std::uint16_t listen(const asio::ip::tcp::endpoint& endpoint);
  /// Sets the next loop in the ring of all loops. This loop asks it to make room when it has no idle connection itself.
  void set_next(Loop& next) noexcept { next_loop_ = &next; }
  /// Serves until drained.
  void run();
  /// Starts to stop; may be called from any thread. The loop serves as a lame duck, then accepts no more connections
  /// and lets the rest finish.
  void stop(const StopTimes& times);
  /// Reads the repository again, to let go of models that were removed; may be called from any thread.
  void refresh();

 private:
  friend class Connection;
  enum class Phase : std::uint8_t { serving, lame_duck, closing, draining };

  void accept();
  void admit(Socket socket);
  void enter(Socket socket, bool has_room);
  void turn_away(Socket& socket, std::string_view reason);
  void on_no_descriptors();
  bool make_room();
  void make_room_for(Loop& asking);
  void on_room(bool was_made);

  void begin_stopping(const StopTimes& times);
  void begin_closing();
  void close_listener();
  bool is_stopping() const noexcept { return phase_ != Phase::serving; }
  void stop_if_drained();

  void tick();
  void on_tick();
  void note_tls();

  Api& api_;
  Workers& workers_;
  Loop* next_loop_ = this;
  Connection* first_ = nullptr;  // intrusive list, in the order of `answered_at_`
  Connection* last_ = nullptr;
  Phase phase_ = Phase::serving;
  StopTimes stop_{};
  int closing_ticks_ = 0;
  bool is_accepting_ = false;
  bool is_ticking_ = false;
  asio::io_context context_{1};
  asio::executor_work_guard<Executor> guard_;
  Acceptor acceptor_;
  Timer timer_;
  std::deque<Socket> waiting_{};  // for another loop to make room for them
  SpareDescriptor spare_{};
  HeadParser parser_;
  Scratch scratch_;
  RareLog tls_{}, descriptors_{};
  std::chrono::milliseconds tick_;
};

/// A connection reads requests one after the other, answers them, and writes the answers in order.
///
/// It reads nothing while an answer is computed or written: what a client can send ahead is bounded by the buffer.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Without room, the connection is open for one health or metrics request only.
  Connection(Loop& loop, Socket socket, bool has_room);
  ~Connection();

  void start();
  /// Closes the connection when the client is too slow. The loop calls it at every tick.
  void check(TimePoint now);
  /// Whether a request or an answer is in progress, as far as can be told without a system call.
  bool is_busy() const noexcept { return state_ != State::head || begin_ != end_ || is_writing_; }
  /// Whether nothing is in progress, and nothing was for `time`.
  bool is_idle(TimePoint now, std::chrono::milliseconds time);
  void close();

 private:
  friend class Loop;
  enum class State : std::uint8_t { head, body, chunks, working, lingering, closed };
  enum class Next : std::uint8_t { more, read, stop };
  enum class Written : std::uint8_t { all, some, failed };

  void read();
  void on_read(const boost::system::error_code& error, std::size_t count);
  void process();
  Next take_head();
  Next begin_body(std::size_t head_bytes);
  void start_body_pace();
  Next take_chunks();
  Next take_body();
  Next answer(std::string_view body);
  void watch();
  void look_for_end();
  bool abandon();
  void on_worked();
  void finish_answer();
  void refuse(const Refusal& refusal);
  void close_with_response();
  void start_answer_pace();
  void append_response();
  Written write_some();
  void write();
  void on_written();
  void linger();

  std::string_view buffered() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  bool make_room(std::size_t wanted);
  void release_room();
  std::uint64_t held() const noexcept;
  bool make_chunk_room();
  void append_to_list() noexcept;
  void remove_from_list() noexcept;
  bool is_refused_for_room();
  void wait_for_client(std::chrono::milliseconds patience);
  std::uint64_t acknowledged() noexcept;
  void abort();

  Loop& loop_;
  Socket socket_;
  Connection* previous_ = nullptr;
  Connection* next_ = nullptr;

  std::unique_ptr<char[]> buffer_{};
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0, scanned_ = 0;
  State state_ = State::head;
  bool closes_ = false;  // after the answers in `out_` are written
  bool is_writing_ = false;
  bool is_taking_ = false;  // a long answer, as of the last `check`
  bool is_reading_ = false;
  bool has_room_;
  bool skipped_line_ = false;  // before the next request
  bool is_watching_ = false;
  RequestHead head_{};
  std::string target_{};
  std::size_t body_at_ = 0;  // relative to begin_
  std::optional<ChunkDecoder> decoder_{};
  std::string chunked_body_{};
  Reservation memory_;  // for the buffers; the answer has its own

  Request request_{};
  Response response_{};
  TimePoint arrived_{};
  std::string out_{};
  std::string tail_{};  // a large body, written after `out_` without a copy
  std::size_t written_ = 0;
  std::size_t batched_ = 0, requests_ = 0;

  TimePoint deadline_ = TimePoint::max();
  TimePoint answered_at_{};  // or when it was accepted
  Pace pace_{};              // of the body while one is read, otherwise of the answers
  std::uint64_t sent_ = 0, acknowledged_before_ = 0;
  std::uint64_t lingered_ = 0;
};

}  // namespace scalar::inline v0::serve
