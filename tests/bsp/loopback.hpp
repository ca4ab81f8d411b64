#pragma once
/// A transport between threads of one process that play processes: for tests of everything but sockets.
#include <chrono>
#include <condition_variable>
#include <cstring>
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
#include "scalar/bsp/transport.hpp"

namespace bsp_test {

/// The mailboxes of all "processes".
struct Switchboard {
  explicit Switchboard(int processes) : inboxes(static_cast<std::size_t>(processes)) {}
  struct Inbox {
    std::deque<std::pair<int, std::vector<std::byte>>> frames;  // an empty one says that its sender is lost
    bool interrupted = false;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Inbox> inboxes;
};

class Loopback final : public scalar::bsp::Transport {
 public:
  Loopback(std::shared_ptr<Switchboard> board, int process) : board_(std::move(board)), process_(process) {}

  scalar::bsp::Membership meet() override { return {process_, static_cast<int>(board_->inboxes.size()), 1}; }

  void send(int process, std::span<const std::span<const std::byte>> parts, std::shared_ptr<const void>) override {
    std::vector<std::byte> frame;
    for (const std::span<const std::byte> part : parts) frame.insert(frame.end(), part.begin(), part.end());
    put(process, std::move(frame));
  }
  void poll(Sink& sink) override {
    for (;;) {
      std::pair<int, std::vector<std::byte>> next;
      {
        const std::lock_guard lock(board_->mutex);
        auto& frames = board_->inboxes[static_cast<std::size_t>(process_)].frames;
        if (frames.empty()) return;
        next = std::move(frames.front());
        frames.pop_front();
      }
      if (next.second.empty()) {
        sink.lost(next.first, "it was told to go");
        continue;
      }
      scalar::bsp::Buffer buffer = sink.allocate(next.second.size());
      std::memcpy(buffer.data(), next.second.data(), next.second.size());
      sink.received(next.first, std::move(buffer));
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
  void flush(Sink&) override {}

  /// As if this process died: the others learn it.
  void die() {
    for (int other = 0; other < static_cast<int>(board_->inboxes.size()); ++other)
      if (other != process_) put(other, {});
  }

 private:
  void put(int process, std::vector<std::byte> frame) {
    const std::lock_guard lock(board_->mutex);
    board_->inboxes[static_cast<std::size_t>(process)].frames.emplace_back(process_, std::move(frame));
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
