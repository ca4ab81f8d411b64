#pragma once
/// A transport between threads of one process that play processes: for tests of everything but sockets.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scalar/bsp/engine.hpp"
#include "scalar/bsp/processes/transport.hpp"

namespace bsp_test {

/// The mailboxes of all "processes".
struct Switchboard {
  explicit Switchboard(int processes) : inboxes(static_cast<std::size_t>(processes)) {}
  /// Read from where it lies when it is received, as late as a socket may. Without parts: the sender is lost.
  struct Frame {
    int from = 0;
    std::vector<std::span<const std::byte>> parts;
    std::shared_ptr<const void> keeps;
  };
  struct Inbox {
    std::deque<Frame> frames;
    bool interrupted = false;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Inbox> inboxes;
};

class Loopback : public scalar::bsp::Transport {
 public:
  Loopback(std::shared_ptr<Switchboard> board, int process) : board_(std::move(board)), process_(process) {}

  scalar::bsp::Membership meet() override { return {process_, static_cast<int>(board_->inboxes.size()), 1}; }

  void send(int process, std::span<const std::span<const std::byte>> parts,
            std::shared_ptr<const void> keeps) override {
    put(process, {process_, {parts.begin(), parts.end()}, std::move(keeps)});
  }
  void poll(Sink& sink) override {
    for (;;) {
      std::unique_lock lock(board_->mutex);
      auto& frames = board_->inboxes[static_cast<std::size_t>(process_)].frames;
      if (frames.empty()) return;
      const Switchboard::Frame next = std::move(frames.front());
      frames.pop_front();
      if (next.parts.empty()) {
        lock.unlock();
        sink.lost(next.from, "it was told to go");
        continue;
      }
      const std::vector<std::byte> bytes = joined(next);
      lock.unlock();
      scalar::bsp::Buffer buffer = sink.allocate(bytes.size());
      std::copy(bytes.begin(), bytes.end(), buffer.data());
      sink.received(next.from, std::move(buffer));
    }
  }
  void wait(std::chrono::milliseconds at_most) override {
    std::unique_lock lock(board_->mutex);
    auto& inbox = board_->inboxes[static_cast<std::size_t>(process_)];
    board_->changed.wait_for(lock, at_most, [&] { return inbox.interrupted || !inbox.frames.empty(); });
    inbox.interrupted = false;
  }
  void interrupt() noexcept override {
    const std::lock_guard lock(board_->mutex);
    board_->inboxes[static_cast<std::size_t>(process_)].interrupted = true;
    board_->changed.notify_all();
  }
  /// What is still on its way lies elsewhere from now on.
  void flush(Sink&) override {
    const std::lock_guard lock(board_->mutex);
    for (Switchboard::Inbox& inbox : board_->inboxes)
      for (Switchboard::Frame& frame : inbox.frames) {
        if (frame.from != process_ || frame.parts.empty()) continue;
        auto bytes = std::make_shared<std::vector<std::byte>>(joined(frame));
        frame.parts.assign(1, *bytes);
        frame.keeps = std::move(bytes);
      }
  }

  /// As if this process died: the others learn it.
  void die() {
    for (int other = 0; other < static_cast<int>(board_->inboxes.size()); ++other)
      if (other != process_) put(other, {process_, {}, {}});
  }

 private:
  static std::vector<std::byte> joined(const Switchboard::Frame& frame) {
    std::vector<std::byte> bytes;
    for (const std::span<const std::byte> part : frame.parts) bytes.insert(bytes.end(), part.begin(), part.end());
    return bytes;
  }
  void put(int process, Switchboard::Frame frame) {
    const std::lock_guard lock(board_->mutex);
    board_->inboxes[static_cast<std::size_t>(process)].frames.push_back(std::move(frame));
    board_->changed.notify_all();
  }
  std::shared_ptr<Switchboard> board_;
  int process_;
};

/// Held while a "process" checks something: Catch's assertions are for one thread at a time.
inline std::mutex& checks() {
  static std::mutex mutex;
  return mutex;
}

/// Runs `program(engine, process)` in each of `processes` "processes", on a thread each. What one throws is rethrown,
/// that of the lowest process first.
inline void in_processes(int processes, scalar::bsp::EngineOptions options,
                         const std::function<void(scalar::bsp::Engine&, int)>& program) {
  auto board = std::make_shared<Switchboard>(processes);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(processes));
  std::vector<std::thread> threads;
  for (int process = 0; process < processes; ++process)
    threads.emplace_back([&, process] {
      try {
        scalar::bsp::EngineOptions mine = options;
        mine.transport = std::make_shared<Loopback>(board, process);
        scalar::bsp::Engine engine(mine);
        program(engine, process);
      } catch (...) {
        errors[static_cast<std::size_t>(process)] = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace bsp_test
