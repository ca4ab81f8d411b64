#include "scalar/bsp/processes/mpi.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bsp/mpi/library.hpp"
#include "core/fail.hpp"

namespace scalar::inline v0::bsp {
namespace detail {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The head of every frame. A small frame follows in the same message. For a large one the lengths of its pieces follow
/// instead; the pieces are messages of their own, with another tag, and are received into their places.
struct Head {
  enum Kind : std::uint64_t { frame, run_ended, goodbye };
  std::uint64_t kind = frame;
  std::uint64_t bytes = 0;   ///< of the frame
  std::uint64_t pieces = 0;  ///< 0: the frame follows in this message
  std::uint64_t run = 0;     ///< the run that has ended
};

constexpr int head_tag = 1, piece_tag = 2;
constexpr std::size_t most_inline = 32u << 10;     // smaller frames are copied rather than announced
constexpr std::size_t least_straight = 16u << 10;  // larger parts are sent from where they lie
constexpr std::size_t most_piece = 1u << 30;       // MPI's counts are of type int

using Parts = std::span<const std::span<const std::byte>>;

/// The memory that MPI sends from until the frame is out.
struct Outgoing {
  std::vector<std::byte> head;    // the head, then the inline frame or the lengths of the pieces
  std::vector<std::byte> copies;  // of small parts
  std::vector<std::span<const std::byte>> pieces;
  std::shared_ptr<const void> keeps;
};

void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}
template <class T>
std::span<const std::byte> bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

/// Adds bytes that lie together, in pieces that MPI can count.
void cut(std::vector<std::span<const std::byte>>& pieces, std::span<const std::byte> bytes) {
  for (; !bytes.empty(); bytes = bytes.subspan((std::min)(bytes.size(), most_piece)))
    pieces.push_back(bytes.first((std::min)(bytes.size(), most_piece)));
}

void divide(Outgoing& out, Parts parts) {
  std::size_t small = 0;
  for (const auto part : parts) small += part.size() < least_straight ? part.size() : 0;
  out.copies.reserve(small);  // the pieces point into it
  std::size_t taken = 0;
  const auto take_copies = [&] {
    cut(out.pieces, std::span<const std::byte>(out.copies).subspan(taken));
    taken = out.copies.size();
  };
  for (const auto part : parts) {
    if (part.size() < least_straight) {
      append(out.copies, part);
      continue;
    }
    take_copies();
    cut(out.pieces, part);
  }
  take_copies();
}

std::unique_ptr<Outgoing> pack(Head head, Parts parts, std::shared_ptr<const void> keeps) {
  auto out = std::make_unique<Outgoing>();
  for (const auto part : parts) head.bytes += part.size();
  if (head.bytes <= most_inline) {
    out->head.reserve(sizeof head + head.bytes);
    append(out->head, bytes_of(head));
    for (const auto part : parts) append(out->head, part);
    return out;
  }
  out->keeps = std::move(keeps);
  divide(*out, parts);
  head.pieces = out->pieces.size();
  append(out->head, bytes_of(head));
  for (const auto piece : out->pieces) append(out->head, bytes_of(std::uint64_t{piece.size()}));
  return out;
}

/// A frame on its way here.
struct Incoming {
  std::vector<std::byte> message;  // its head and what follows in the same message
  Head head;
  Buffer frame;
  std::size_t missing = 1;  // messages still to come; the head is the first
  bool has_begun = false;   // the head has been read
};

/// Another process.
struct Partner {
  std::deque<std::unique_ptr<Incoming>> frames;  // in the order in which they were sent
  std::uint64_t ended = 0;                       // the last run that is over there
  bool has_left = false;
};

/// Frames that nobody wants.
class Discard final : public Transport::Sink {
 public:
  Buffer allocate(std::size_t bytes) override { return Buffer(bytes); }
  void exhausted(int, std::size_t) override {}
  void received(int, Buffer) override {}
  void lost(int, const std::string&) override {}
};

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(const MpiOptions& options) : library_(MpiLibrary::get()) {
    const auto hold = library_.lock();
    const MPI_Comm parent = options.communicator ? MPI_Comm_f2c(*options.communicator) : MPI_COMM_WORLD;
    check_mpi(MPI_Comm_dup(parent, &world_), "MPI_Comm_dup");
    MPI_Comm_set_errhandler(world_, MPI_ERRORS_RETURN);
    check_mpi(MPI_Comm_rank(world_, &here_), "MPI_Comm_rank");
    int processes = 0;
    check_mpi(MPI_Comm_size(world_, &processes), "MPI_Comm_size");
    partners_ = std::vector<Partner>(static_cast<std::size_t>(processes));
    partners_[static_cast<std::size_t>(here_)].has_left = true;  // this process: nothing is sent to it
  }
  /// Receives what still comes, so that the others can send it.
  ~MpiTransport() override {
    if (!MpiLibrary::is_alive()) return;
    try {
      tell_all({.kind = Head::goodbye});
      Discard nobody;
      until(nobody, [&] {
        return std::all_of(partners_.begin(), partners_.end(), [](const Partner& p) { return p.has_left; });
      });
    } catch (...) {  // no memory for it: the others wait in vain, and the job is ended by hand
      return;
    }
    const auto hold = library_.lock();
    if (broken_.empty()) MPI_Comm_free(&world_);
  }

  Membership meet() override {
    const auto hold = library_.lock();
    if (!broken_.empty()) fail(Errc::aborted, "bsp::mpi", "{}", broken_);
    for (std::size_t process = 0; process < partners_.size(); ++process)
      if (static_cast<int>(process) != here_ && partners_[process].has_left)
        fail(Errc::aborted, "bsp::mpi", "process {} {}", process, gone);
    ++runs_;
    return {here_, static_cast<int>(partners_.size()), 0};
  }

  void send(int process, Parts parts, std::shared_ptr<const void> keeps) override {
    post(process, pack({}, parts, std::move(keeps)));
  }

  void poll(Sink& sink) override {
    std::vector<std::unique_ptr<Outgoing>> left;
    for (bool more = true; more;) {
      std::vector<std::pair<int, std::unique_ptr<Incoming>>> complete;
      {
        const auto hold = library_.lock();
        left.swap(left_);
        more = step() || std::exchange(has_news_, false);
        advance(sink, complete);
      }
      left.clear();
      if (exhausted_) try {
          const auto [process, bytes] = *std::exchange(exhausted_, std::nullopt);
          sink.exhausted(process, bytes);
        } catch (const std::bad_alloc&) {  // all processes are reported as lost anyway
        }
      for (auto& [process, frame] : complete) deliver(process, *frame, sink);
    }
    if (!broken_.empty() && !std::exchange(is_told_, true))
      for (int process = 0; process < static_cast<int>(partners_.size()); ++process)
        if (process != here_) sink.lost(process, broken_);
  }

  void wait(std::chrono::milliseconds at_most) override {
    using namespace std::chrono_literals;
    const SteadyClock::time_point until = SteadyClock::now() + at_most;
    while (!interrupted_.exchange(false, std::memory_order_acq_rel)) {
      SteadyClock::duration quiet;
      {
        const auto hold = library_.lock();
        if (has_news_ || step()) return has_news_ = true, void();
        quiet = SteadyClock::now() - last_news_;
      }
      // Waiting within MPI keeps a core busy, so this looks often after something has happened, and less and less
      // often while nothing happens.
      if (SteadyClock::now() >= until) return;
      if (quiet < 50us) {
        std::this_thread::yield();
        continue;
      }
      std::unique_lock sleep(mutex_);
      interrupt_.wait_for(sleep, std::clamp<SteadyClock::duration>(quiet / 8, 25us, 1ms),
                          [&] { return interrupted_.load(std::memory_order_acquire); });
    }
  }
  void interrupt() noexcept override {
    {
      const std::lock_guard hold(mutex_);
      interrupted_.store(true, std::memory_order_release);
    }
    interrupt_.notify_one();
  }

  /// Waits until the others have ended the run as well: MPI moves the last frames only while sender and receiver both
  /// call it.
  void flush(Sink& sink) override {
    tell_all({.kind = Head::run_ended, .run = runs_});
    until(sink, [&] {
      return std::all_of(partners_.begin(), partners_.end(),
                         [&](const Partner& partner) { return partner.has_left || partner.ended >= runs_; });
    });
  }

 private:
  static constexpr const char* gone = "has given up the transport";

  struct Operation {
    int process;
    Incoming* incoming;  // or
    std::shared_ptr<std::unique_ptr<Outgoing>> outgoing;
  };

  template <class Condition>
  void until(Sink& sink, Condition is_over) {
    while (poll(sink), broken_.empty() && !(is_over() && has_sent())) wait(std::chrono::milliseconds(20));
  }
  bool has_sent() {
    const auto hold = library_.lock();
    return std::all_of(operations_.begin(), operations_.end(),
                       [](const Operation& o) { return o.incoming != nullptr; });
  }
  void tell_all(const Head& head) {
    for (int process = 0; process < static_cast<int>(partners_.size()); ++process)
      if (process != here_) post(process, pack(head, {}, {}));
  }

  void post(int process, std::unique_ptr<Outgoing> packed) {
    const auto hold = library_.lock();
    last_news_ = SteadyClock::now();
    const Outgoing& out = *packed;
    // When the last of its messages is out, `reap` moves it to `left_`.
    const auto shared = std::make_shared<std::unique_ptr<Outgoing>>(std::move(packed));
    const auto one = [&](std::span<const std::byte> bytes, int tag) {
      MPI_Request& request = add({process, nullptr, shared});
      note(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, process, tag, world_, &request),
           "MPI_Isend");
    };
    one(out.head, head_tag);
    for (const auto piece : out.pieces) one(piece, piece_tag);
  }
  MPI_Request& add(Operation operation) {
    operations_.push_back(std::move(operation));
    return requests_.emplace_back(MPI_REQUEST_NULL);
  }
  void note(int code, const char* call) {
    if (code != MPI_SUCCESS && broken_.empty()) broken_ = fmt::format("{}: {}", call, mpi_text(code));
  }

  /// Lets MPI work; true when something has happened.
  bool step() {
    if (!broken_.empty()) return false;
    const bool reaped = reap(), found = probe();
    if (reaped || found) last_news_ = SteadyClock::now();
    return reaped || found;
  }
  bool reap() {
    if (requests_.empty()) return false;
    const auto count = requests_.size();
    done_.resize(count), statuses_.resize(count);
    int done = 0;
    const int code = MPI_Testsome(static_cast<int>(count), requests_.data(), &done, done_.data(), statuses_.data());
    if (code == MPI_ERR_IN_STATUS) {
      for (int i = 0; i < done; ++i) note(statuses_[static_cast<std::size_t>(i)].MPI_ERROR, "MPI_Testsome");
    } else {
      note(code, "MPI_Testsome");
    }
    if (!broken_.empty() || done == MPI_UNDEFINED || done == 0) return false;
    for (int i = 0; i < done; ++i) {
      Operation& operation = operations_[static_cast<std::size_t>(done_[static_cast<std::size_t>(i)])];
      if (operation.incoming != nullptr) {
        --operation.incoming->missing;
      } else if (operation.outgoing.use_count() == 1) {
        left_.push_back(std::move(*operation.outgoing));
      }
      operation.outgoing.reset();
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (requests_[i] == MPI_REQUEST_NULL) continue;
      if (kept != i) requests_[kept] = requests_[i], operations_[kept] = std::move(operations_[i]);
      ++kept;
    }
    requests_.resize(kept),
        operations_.erase(operations_.begin() + static_cast<std::ptrdiff_t>(kept), operations_.end());
    return true;
  }
  /// Begins to receive heads.
  bool probe() {
    for (bool any = false;; any = true) {
      int flag = 0, bytes = 0;
      MPI_Message message;
      MPI_Status status;
      note(MPI_Improbe(MPI_ANY_SOURCE, head_tag, world_, &flag, &message, &status), "MPI_Improbe");
      if (!broken_.empty() || flag == 0) return any;
      note(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
      Partner& partner = partners_[static_cast<std::size_t>(status.MPI_SOURCE)];
      Incoming& incoming = *partner.frames.emplace_back(std::make_unique<Incoming>());
      incoming.message.resize(static_cast<std::size_t>(bytes));
      MPI_Request& request = add({status.MPI_SOURCE, &incoming, {}});
      note(MPI_Imrecv(incoming.message.data(), bytes, MPI_BYTE, &message, &request), "MPI_Imrecv");
    }
  }

  /// Begins to receive the pieces of frames whose heads have come, and moves frames that are complete to `complete`;
  /// both in the order in which they were sent.
  void advance(Sink& sink, std::vector<std::pair<int, std::unique_ptr<Incoming>>>& complete) {
    for (int process = 0; process < static_cast<int>(partners_.size()); ++process) {
      auto& frames = partners_[static_cast<std::size_t>(process)].frames;
      for (const auto& frame : frames) {
        if (!frame->has_begun && frame->missing != 0) break;
        if (!frame->has_begun) begin(process, *frame, sink);
      }
      for (; !frames.empty() && frames.front()->has_begun && frames.front()->missing == 0; frames.pop_front())
        complete.emplace_back(process, std::move(frames.front()));
    }
  }
  void begin(int process, Incoming& incoming, Sink& sink) {
    incoming.has_begun = true;
    const std::span<const std::byte> message = incoming.message;
    Head& head = incoming.head;
    std::memcpy(&head, message.data(), (std::min)(sizeof head, message.size()));
    const std::size_t follows = message.size() - (std::min)(sizeof head, message.size());
    if (follows != (head.pieces == 0 ? head.bytes : head.pieces * sizeof(std::uint64_t)) || head.kind > Head::goodbye)
      return note_bad(process);
    if (head.kind != Head::frame) return;
    try {
      incoming.frame = sink.allocate(head.bytes);
    } catch (const std::bad_alloc&) {  // neither its pieces nor what follows them can be received
      exhausted_ = {process, head.bytes};
      if (broken_.empty()) broken_ = fmt::format("there was not enough memory for a frame from process {}", process);
      return;
    }
    if (head.pieces == 0) {
      if (follows != 0) std::memcpy(incoming.frame.data(), message.data() + sizeof head, follows);
      return;
    }
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < head.pieces; ++i) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, message.data() + sizeof head + i * sizeof bytes, sizeof bytes);
      if (bytes > most_piece || bytes > head.bytes - at) return note_bad(process);
      ++incoming.missing;
      MPI_Request& request = add({process, &incoming, {}});
      note(MPI_Irecv(incoming.frame.data() + at, static_cast<int>(bytes), MPI_BYTE, process, piece_tag, world_,
                     &request),
           "MPI_Irecv");
      at += bytes;
    }
    if (at != head.bytes) note_bad(process);
  }
  void note_bad(int process) {
    if (broken_.empty()) broken_ = fmt::format("process {} sent a message of another kind of program", process);
  }

  void deliver(int process, Incoming& incoming, Sink& sink) {
    Partner& partner = partners_[static_cast<std::size_t>(process)];
    if (incoming.head.kind == Head::frame) return sink.received(process, std::move(incoming.frame));
    if (incoming.head.kind == Head::run_ended) return partner.ended = incoming.head.run, void();
    partner.has_left = true;
    sink.lost(process, fmt::format("it {}", gone));
  }

  MpiLibrary& library_;
  MPI_Comm world_ = MPI_COMM_NULL;
  int here_ = 0;
  std::uint64_t runs_ = 0;

  // Under the library's lock.
  std::vector<Partner> partners_;
  std::vector<MPI_Request> requests_;
  std::vector<Operation> operations_;  // what each request is for
  std::vector<int> done_;
  std::vector<MPI_Status> statuses_;
  std::vector<std::unique_ptr<Outgoing>> left_;           // freed by the engine's thread, not by a waiting one
  std::string broken_;                                    // why nothing more can be sent or received
  std::optional<std::pair<int, std::size_t>> exhausted_;  // a frame without memory: its process and bytes
  bool is_told_ = false;
  bool has_news_ = false;  // for `poll`
  SteadyClock::time_point last_news_ = SteadyClock::now();

  std::mutex mutex_;
  std::condition_variable interrupt_;
  std::atomic<bool> interrupted_{false};
};

}  // namespace
}  // namespace detail

std::shared_ptr<Transport> mpi(const MpiOptions& options) { return std::make_shared<detail::MpiTransport>(options); }

}  // namespace scalar::inline v0::bsp
