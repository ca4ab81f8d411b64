#include "bsp/world/network.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "bsp/world/error_text.hpp"
#include "bsp/world/memory_error.hpp"
#include "core/fail.hpp"
#include "scalar/bsp/processes/process_lost.hpp"

namespace scalar::inline v0::bsp::detail {
namespace {

constexpr std::size_t most_spare = 64;  // buffers kept for frames to come

Envelope envelope_of(std::span<const std::byte> frame) {
  if (frame.size() < sizeof(Envelope))
    fail(Errc::parse, "bsp", "a frame has {} bytes, expected at least {}", frame.size(), sizeof(Envelope));
  Envelope envelope;
  std::memcpy(&envelope, frame.data(), sizeof envelope);
  return envelope;
}

}  // namespace

/// The head of a frame that says why a run ends; the text of `to_text` follows.
struct Network::Abort {
  Envelope envelope;
  std::int32_t rank = 0;
  std::int32_t code = 0;
  std::int64_t is_loss = 0;
};

Network::Network(Transport& transport, int peers, bool again)
    : transport_(transport), placement_(peers), run_(transport.runs_ + 1) {
  transport_.spare_.reserve(most_spare);  // recycle() may not fail
  const Membership members = again ? transport.regroup() : transport.meet();
  epoch_ = members.epoch;
  claim_pause_ = members.claim_pause;
  // Processes that have just joined number runs as the older ones do.
  if (run_ >> 32 != (epoch_ & 0xffff'ffff)) run_ = (epoch_ << 32) + 1;
  if (peers < members.processes)
    scalar::fail(Errc::invalid_argument, "bsp::Engine",
                 "there are {} peers for {} processes, expected at least one for each", peers, members.processes);
  placement_ = Placement::even(peers, members.processes, members.process);
  transport.runs_ = run_;
  std::vector<std::pair<int, Buffer>> early = std::move(transport.early_);
  transport.early_.clear();
  for (auto& [process, frame] : early) received(process, std::move(frame));
}

Network::~Network() {
  for (auto& [process, frame] : homeless_) recycle(std::move(frame));
}

void Network::add(std::uint64_t id, Port& port) {
  ports_[id] = &port;
  completed_.reserve(completed_.size() + ports_.size());  // complete() may not fail
  std::vector<std::pair<int, Buffer>> mine;
  const auto others = std::stable_partition(homeless_.begin(), homeless_.end(), [&](const auto& waiting) {
    return envelope_of(waiting.second.bytes()).port != id;
  });
  std::move(others, homeless_.end(), std::back_inserter(mine));
  homeless_.erase(others, homeless_.end());
  for (auto& [process, frame] : mine) received(process, std::move(frame));
}

void Network::remove(std::uint64_t id) noexcept { ports_.erase(id); }

void Network::complete(Port& port) noexcept {
  if (std::find(completed_.begin(), completed_.end(), &port) == completed_.end()) completed_.push_back(&port);
}

void Network::send(int process, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void> keeps) {
  transport_.send(process, parts, std::move(keeps));
}

Buffer Network::allocate(std::size_t bytes) {
  std::vector<Buffer>& spare = transport_.spare_;
  // The smallest spare buffer that fits, but not a huge one for a small frame.
  auto best = spare.end();
  for (auto at = spare.begin(); at != spare.end(); ++at)
    if (at->capacity() >= bytes && at->capacity() / 4 <= bytes + 4096 &&
        (best == spare.end() || at->capacity() < best->capacity()))
      best = at;
  if (best == spare.end()) try {
      return Buffer(bytes);
    } catch (const std::bad_alloc&) {
      spare.clear();
      return Buffer(bytes);
    }
  std::swap(*best, spare.back());
  Buffer buffer = std::move(spare.back());
  spare.pop_back();
  buffer.set_size(bytes);
  return buffer;
}

void Network::recycle(Buffer&& buffer) noexcept {
  if (buffer.data() == nullptr || transport_.spare_.size() >= most_spare) return;
  transport_.spare_.push_back(std::move(buffer));
}

void Network::exhausted(int process, std::size_t bytes) {
  if (failed_ || is_over_) throw std::bad_alloc();  // it may be a frame of the next run
  const int rank = placement_.first(placement_.here());
  const std::exception_ptr failure =
      failure_of([&] { return memory_error(fmt::format("a frame from process {}", process), bytes, context()); });
  tell_abort(rank, failure);
  cut(rank, failure);
}

void Network::received(int process, Buffer frame) {
  const std::size_t bytes = frame.size();
  try {
    dispatch(process, std::move(frame));
  } catch (const Error& error) {
    const int rank = placement_.first(process);
    spread(rank, failure_of([&] {
             return Error(error.code(), fmt::format("process {} sent a bad frame: {}", process, error.what()),
                          context());
           }));
  } catch (const std::bad_alloc&) {
    exhausted(process, bytes);
    throw;
  }
}

void Network::dispatch(int process, Buffer frame) {
  const Envelope envelope = envelope_of(frame.bytes());
  if (envelope.run < run_ || (envelope.run == run_ && (failed_ || is_over_))) return recycle(std::move(frame));
  if (envelope.run > run_) return transport_.early_.emplace_back(process, std::move(frame)), void();
  if (envelope.kind == Envelope::frame_of_abort) return take_abort(frame.bytes());
  if (envelope.kind == Envelope::frame_of_agreement) {
    std::pair<Envelope, std::uint64_t> agreement;
    if (frame.size() != sizeof agreement) scalar::fail(Errc::parse, "bsp", "an agreement has another length");
    std::memcpy(static_cast<void*>(&agreement), frame.data(), sizeof agreement);
    return given_.emplace_back(envelope.port, agreement.second), void();
  }
  const auto port = ports_.find(envelope.port);
  if (port == ports_.end()) return homeless_.emplace_back(process, std::move(frame)), void();
  port->second->received(process, std::move(frame));
}

void Network::lost(int process, const std::string& reason) {
  if (failed_ || is_over_) return;
  has_lost_ = true;
  const int rank = placement_.first(process);
  spread(rank, failure_of([&] { return ProcessLost(process, rank, placement_.count(process), superstep(), reason); }));
}

std::uint64_t Network::superstep() const noexcept { return world_ != nullptr ? world_->superstep() : 0; }

std::string Network::context() const { return fmt::format("bsp superstep {}", superstep()); }

void Network::attach(World& world) {
  const std::unique_lock hold = lock();
  world_ = &world;
  if (early_error_) world.fail(early_rank_, std::exchange(early_error_, nullptr));
}

void Network::cut(int rank, std::exception_ptr error) noexcept {
  if (std::exchange(failed_, true)) return;
  if (world_ != nullptr) {
    world_->fail(rank, std::move(error));
  } else {
    early_rank_ = rank, early_error_ = std::move(error);
  }
  for (const auto& [id, port] : ports_) port->cut();
}

/// When there is no memory for the reason, the other processes are told just that; when there is none for any frame,
/// they are told at the end, by `finish`.
void Network::tell_abort(int rank, const std::exception_ptr& error) noexcept {
  try {
    const bool is_known = world_ != nullptr && world_->has_failed();
    std::int32_t code = 0;
    const std::string text = to_text(error, rank, is_known ? world_->failed_superstep() : superstep(), code);
    send_abort(rank, code, text);
    return;
  } catch (const std::bad_alloc&) {
    untold_ = rank;
  }
  tell_late();
}

void Network::tell_late() noexcept {
  if (untold_ < 0) return;
  try {
    using namespace std::string_view_literals;
    send_abort(untold_, static_cast<std::int32_t>(Errc::resource_exhausted),
               "bsp\0there was no memory for the reason"sv);
    untold_ = -1;
  } catch (const std::bad_alloc&) {  // finish() tries again
  }
}

void Network::send_abort(int rank, std::int32_t code, std::string_view text) {
  const Abort abort{{run_, Envelope::frame_of_abort, 0}, rank, code, has_lost_};
  auto frame = std::make_shared<std::string>(sizeof abort + text.size(), '\0');
  std::memcpy(frame->data(), &abort, sizeof abort);
  std::memcpy(frame->data() + sizeof abort, text.data(), text.size());
  const std::span<const std::byte> part = std::as_bytes(std::span(*frame));
  for (int process = 0; process < placement_.processes(); ++process)
    if (process != placement_.here()) transport_.send(process, std::span(&part, 1), frame);
}

void Network::take_abort(std::span<const std::byte> frame) {
  Abort abort;
  if (frame.size() < sizeof abort) scalar::fail(Errc::parse, "bsp", "an abort frame is too short");
  std::memcpy(&abort, frame.data(), sizeof abort);
  const std::span<const std::byte> text = frame.subspan(sizeof abort);
  const int rank = std::clamp(abort.rank, 0, placement_.size() - 1);
  has_lost_ = abort.is_loss != 0;
  const Error error = from_text(abort.code, {reinterpret_cast<const char*>(text.data()), text.size()});
  cut(rank, has_lost_ ? std::make_exception_ptr(ProcessLost(placement_.process_of(rank), error))
                      : std::make_exception_ptr(error));
}

void Network::spread(int rank, const std::exception_ptr& error) noexcept {
  if (failed_) return;
  tell_abort(rank, error);
  cut(rank, error);
}

void Network::fail(int rank, std::exception_ptr error, unsigned worker) {
  std::unique_lock hold = lock();
  if (failed_) return;
  tell_abort(rank, error);
  cut(rank, std::move(error));
  proceed(worker, std::move(hold));
}

bool Network::poll(unsigned worker) {
  std::unique_lock hold(mutex_, std::try_to_lock);
  if (!hold) return false;
  transport_.poll(*this);
  if (completed_.empty()) return false;
  proceed(worker, std::move(hold));
  return true;
}

void Network::proceed(unsigned worker, std::unique_lock<std::mutex> hold) {
  while (!completed_.empty()) {
    Port* const port = completed_.back();
    completed_.pop_back();
    hold.unlock();
    port->proceed(worker);  // may add and complete other ports
    hold.lock();
  }
}

void Network::finish() {
  const std::unique_lock hold = lock();
  tell_late();
  is_over_ = true;  // a process that leaves from now on is not a loss
  transport_.flush(*this);
}

std::pair<std::uint64_t, std::uint64_t> Network::agree(std::uint64_t value) {
  std::unique_lock hold = lock();
  const std::uint64_t now = ++agreements_;  // other processes may be at the next agreement already
  const auto frame =
      std::make_shared<std::pair<Envelope, std::uint64_t>>(Envelope{run_, Envelope::frame_of_agreement, now}, value);
  const std::span<const std::byte> part = std::as_bytes(std::span(frame.get(), 1));
  for (int process = 0; process < placement_.processes(); ++process)
    if (process != placement_.here()) transport_.send(process, std::span(&part, 1), frame);
  const auto is_awaited = [&] {
    return !failed_ && std::ranges::count(given_, now, &std::pair<std::uint64_t, std::uint64_t>::first) + 1 <
                           std::ptrdiff_t{placement_.processes()};
  };
  while (is_awaited()) {
    transport_.poll(*this);
    if (is_awaited()) transport_.wait(std::chrono::milliseconds(100));
  }
  std::uint64_t least = value, most = value;
  for (const auto& [agreement, other] : given_)
    if (agreement == now) least = std::min(least, other), most = std::max(most, other);
  return {least, most};
}

}  // namespace scalar::inline v0::bsp::detail
